"""Time import and export of a made board, in a process of its own each, and print what memory they took.

python -m tests.benchmarks.transfer --items 10000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import boards
from tests.processes import CHECKOUT, MANAGE, environment

STEP = """
import json, resource, sys, time
sys.path.insert(0, {home!r})
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
print(json.dumps({{"rows": rows, "seconds": seconds, "peak": peak / 1024, "idle": idle / 1024}}))
"""


def step(what: str, path: Path, config: Path) -> dict[str, float]:
    """Run one step in a process of its own; return rows, seconds and MiB."""
    done = subprocess.run(
        [sys.executable, "-c", STEP.format(home=str(CHECKOUT)), what, str(path)],
        env=environment(PM_CONFIG_DIR=str(config), DJANGO_SETTINGS_MODULE="pmsite.settings"),
        stdout=subprocess.PIPE,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def report(what: str, figures: dict[str, float]) -> None:
    speed = figures["rows"] / figures["seconds"]
    print(
        f"{what:28} {figures['rows']:9.0f} rows {figures['seconds']:8.2f} s {speed:9.0f} rows/s "
        f"peak {figures['peak']:6.0f} MiB (idle {figures['idle']:.0f})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    items = parser.parse_args().items
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        config = folder / ".pm"
        config.mkdir(mode=0o700)
        migrate = [*MANAGE, "migrate", "--verbosity", "0"]
        subprocess.run(migrate, env=environment(PM_CONFIG_DIR=str(config)), check=True)
        with open(folder / "board.json", "w") as file:
            rows = boards.write(file, items)
        size = os.path.getsize(folder / "board.json") / 2**20
        print(f"{items} items, {rows} rows, {size:.0f} MiB, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
        report("import into an empty board", step("import", folder / "board.json", config))
        report("import again, nothing new", step("import", folder / "board.json", config))
        report("export", step("export", folder / "export.json", config))


if __name__ == "__main__":
    main()
