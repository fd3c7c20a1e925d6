"""Import and export of a made board, each in a process of its own: rows a second, and what memory they took."""

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


def import_speed(ground: Ground) -> Figure:
    """Return the rows a second of an import into an empty board."""
    return _speed(ground, "import")


def export_speed(ground: Ground) -> Figure:
    """Return the rows a second of an export."""
    return _speed(ground, "export")


def peak(ground: Ground) -> Figure:
    """Return the MiB that the hungrier of both took at most."""
    steps = _steps(ground)
    both = ", ".join(f"{name} {step['peak']:.0f}" for name, step in steps.items())
    return Figure(
        max(step["peak"] for step in steps.values()), f"{both}; Django alone {steps['import']['idle']:.0f} MiB"
    )


def _speed(ground: Ground, name: str) -> Figure:
    step = _steps(ground)[name]
    return Figure(step["rows"] / step["seconds"], f"{step['rows']:.0f} rows in {step['seconds']:.1f} s")


@cache
def _steps(ground: Ground) -> dict[str, dict[str, float]]:
    """Return what the import of a board and its export took."""
    directory = ground.repository("transferred")
    boards.save(directory / "board.json", ground.items)
    variables = {"PM_CONFIG_DIR": str(directory / ".pm"), "DJANGO_SETTINGS_MODULE": "pmsite.settings"}
    found = {}
    for name, file in (("import", "board.json"), ("export", "export.json")):
        command = [ground.installed.command("python"), "-c", STEP, name, file]
        found[name] = json.loads(ground.installed.run(command, directory, **variables))
    return found
