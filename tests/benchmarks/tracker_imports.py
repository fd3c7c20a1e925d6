"""Measure `pm import csv`: rows per second, and how much memory a row takes in the server and in the client.

python -m tests.benchmarks.tracker_imports [ROWS …]    a table of the sizes, by default 10,000, 50,000 and 100,000
"""

from __future__ import annotations

import csv
import itertools
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.machine import description
from tests.processes import Server, environment

SIZES = (10_000, 50_000, 100_000)
HEADER = (
    *("id", "title", "status", "type", "priority", "parent", "depends on", "assignee", "labels", "created"),
    *("updated", "completed", "points", "description", "comments", "color"),
)
TEXT = "What is wrong, and what should be there instead. " * 8


@dataclass(frozen=True)
class Run:
    """One import: how long the command took, and the peaks of memory in MiB."""

    rows: int
    seconds: float
    idle: float  # a worker before the import
    worker: float
    client: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


def write(path: Path, rows: int) -> None:
    """Write a CSV file: a row has 16 cells and 500 characters, most have a parent, a third a comment or a link."""
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        table.writerows(_row(number) for number in range(rows))


def _row(number: int) -> Iterator[object]:
    is_epic, is_done = number % 50 == 0, number % 3 == 0
    yield f"APP-{number}"
    yield f"Item {number} of a large file"
    yield "Done" if is_done else "To Do"
    yield "Epic" if is_epic else "Task"
    yield ("High", "Medium", "Low")[number % 3]
    yield "" if is_epic else f"APP-{number - number % 50}"
    yield f"APP-{number - 1}" if number % 50 > 2 and number % 3 == 1 else ""
    yield f"user{number % 40}"
    yield f"area-{number % 30}, team-{number % 7}"
    yield f"2026-01-{number % 28 + 1:02}T08:00:00Z"
    yield f"2026-02-{number % 28 + 1:02}T08:00:00Z"
    yield f"2026-02-{number % 28 + 1:02}T08:00:00Z" if is_done else ""
    yield number % 9
    yield f"{TEXT}{number}"
    yield f"A remark on {number}" if number % 3 == 2 else ""
    yield "red"


def measure(rows: int, pm: Sequence[str]) -> Run:
    """Import a file of so many rows into an empty board."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        subprocess.run(["git", "init", "-q", name], check=True)
        write(directory / "items.csv", rows)
        server = Server(directory).ready()
        try:
            idle = max(map(_peak, server.workers()))
            command = [*pm, "import", "csv", "items.csv", "--project", "BIG", "--new-project", "Big"]
            begin = time.perf_counter()
            process = subprocess.Popen(command, cwd=directory, env=environment(), stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - begin
            assert status == 0, status
            return Run(rows, seconds, idle, max(map(_peak, server.workers())), usage.ru_maxrss / 1024)
        finally:
            server.end()


def _peak(pid: int) -> float:
    """Return the highest resident memory that a process had, in MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def growth(small: Run, large: Run) -> float:
    """Return by how many KiB a row the peak of the worker grows."""
    return (large.worker - small.worker) * 1024 / (large.rows - small.rows)


def main() -> None:
    pm = [str(Path(sys.executable).parent / "pm")]
    sizes = [int(text.replace(",", "")) for text in sys.argv[1:]] or SIZES
    print(
        f"{description()}\n\n| rows | rows/s | time | worker's peak | client's peak |\n|---|---|---|---|---|",
        flush=True,
    )
    runs = []
    for rows in sizes:
        run = measure(rows, pm)
        runs.append(run)
        print(
            f"| {rows:,} | {run.rate:,.0f} | {run.seconds:.1f} s | {run.worker:.0f} MiB, {run.idle:.0f} before "
            f"| {run.client:.0f} MiB |",
            flush=True,
        )
    for small, large in itertools.pairwise(runs):
        print(f"from {small.rows:,} to {large.rows:,} rows, the peak grows by {growth(small, large):.2f} KiB a row")


if __name__ == "__main__":
    main()
