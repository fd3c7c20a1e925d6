"""Measure import and export of a generated board, each in its own process: rows per second, and peak memory."""

from __future__ import annotations

import json
from functools import cache

from tests.benchmarks import boards
from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import Ground

STEP = """
import json, resource, sys, time
import django
django.setup()
from projects.models import User
from projects.transfer import export, importer
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.perf_counter()
if sys.argv[1] == "import":
    with open(sys.argv[2], "rb") as file:
        found = importer.read(file, actor=User.objects.actor("llm"))
    rows = sum(sum(counts.values()) for counts in found.values() if isinstance(counts, dict))
else:
    with open(sys.argv[2], "wb") as file:
        rows = sum(export.write(file).values())
seconds = time.perf_counter() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"rows": rows, "seconds": seconds, "peak": peak / 1024, "idle": idle / 1024}))
"""


FLOOR = """
import json, sqlite3, sys, time
source, target = sqlite3.connect(sys.argv[1]), sqlite3.connect(sys.argv[2], isolation_level=None)
tables = [f"projects_{name}" for name in sys.argv[3].split(",")]
rows, begin = 0, time.perf_counter()
with open("floor.json", "w") as file:
    for table in tables:
        cursor = source.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        for row in cursor:
            file.write(json.dumps(dict(zip(names, row))) + ",\\n")
            rows += 1
export = time.perf_counter() - begin
everything = []
for table in [*tables, "projects_activity"]:
    names = [column[1] for column in source.execute(f"PRAGMA table_info({table})")]  # without generated columns
    values = source.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
    marks = ", ".join("?" * len(names))
    everything.append((f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({marks})", values))
begin = time.perf_counter()
target.execute("PRAGMA foreign_keys=OFF")
target.execute("BEGIN IMMEDIATE")
for statement, values in everything:
    target.executemany(statement, values)
target.execute("COMMIT")
print(json.dumps({"rows": rows, "export": export, "import": time.perf_counter() - begin}))
"""
# The entities of a file, in an order in which triggers find what they refer to.
TABLES = ("user", "project", "sprint", "swimlane", "workitem", "dependency", "comment")


def import_speed(ground: Ground) -> Figure:
    """Return the rows per second of an import into an empty board, in percent of SQLite alone storing the same rows."""
    return _speed(ground, "import")


def export_speed(ground: Ground) -> Figure:
    """Return the rows per second of an export, in percent of SQLite and json alone."""
    return _speed(ground, "export")


def peak(ground: Ground) -> Figure:
    """Return the peak memory of import or export, whichever is higher, as a multiple of an idle Django."""
    steps = _steps(ground)
    both = ", ".join(f"{name} {steps[name]['peak']:.0f} MiB" for name in ("import", "export"))
    idle = steps["import"]["idle"]
    return Figure(max(steps[name]["peak"] for name in ("import", "export")) / idle, f"{both}; Django alone {idle:.0f}")


def _speed(ground: Ground, name: str) -> Figure:
    step, floor = _steps(ground)[name], _steps(ground)["floor"]
    rate, bare = step["rows"] / step["seconds"], floor["rows"] / floor[name]
    note = f"{rate:,.0f}/s against {bare:,.0f}/s; {step['rows']:.0f} rows in {step['seconds']:.1f} s"
    return Figure(100 * rate / bare, note)


@cache
def _steps(ground: Ground) -> dict[str, dict[str, float]]:
    """Return the results of importing a board, exporting it, and doing the same with SQLite alone."""
    directory = ground.repository("transferred")
    boards.save(directory / "board.json", ground.items)
    variables = {"PM_CONFIG_DIR": str(directory / ".pm"), "DJANGO_SETTINGS_MODULE": "pmsite.settings"}
    found = {}
    for name, file in (("import", "board.json"), ("export", "export.json")):
        command = [ground.installed.command("python"), "-c", STEP, name, file]
        found[name] = json.loads(ground.installed.run(command, directory, **variables))
    empty, full = ground.repository("floor") / ".pm" / "data.db", directory / ".pm" / "data.db"
    command = [ground.installed.command("python"), "-c", FLOOR, str(full), str(empty), ",".join(TABLES)]
    found["floor"] = json.loads(ground.installed.run(command, directory, **variables))
    return found
