"""Compare list, create and search with other trackers that live in a repository; print one table of medians.

make bench-peers
make bench-peers ARGS=--short
python -m tests.benchmarks.peers --sizes 100,1000

Installs the others into a scratch directory: Backlog.md from npm, Taskwarrior and Fossil from Debian. If a program
can't be installed, its row says so, and the run continues.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.machine import description
from tests.benchmarks.peers.programs import Backlog, Fossil, Program, Taskwarrior, Unavailable
from tests.benchmarks.peers.tracker import Tracker
from tests.conftest import make_repository

ACTIONS = ("list", "create", "search")
SIZES = (100, 1_000, 10_000)
PATIENCE = 300.0  # seconds per command


def rounds_of(size: int) -> int:
    """Return how often a command is timed: less often on boards where one takes seconds."""
    return 11 if size < 1000 else 7 if size < 10_000 else 5


def elapsed(program: Program, action: str, directory: Path) -> float:
    """Return the milliseconds of a command, timed from outside."""
    command = program.command(action, directory)
    begin = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=directory,
        env=program.environment(directory),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    taken = (time.perf_counter() - begin) * 1e3
    if done.returncode or (action == "search" and program.word not in done.stdout.decode()):
        raise SystemExit(f"{' '.join(command)} failed: {done.stdout.decode()[-500:]}{done.stderr.decode()[-500:]}")
    return taken


def measure(programs: list[Program], size: int, folder: Path) -> dict[tuple[str, str], float]:
    """Return the medians for a size by program and action; the programs alternate."""
    directories = {program.name: make_repository(folder / f"{program.name}-{size}") for program in programs}
    for program in programs:
        program.fill(directories[program.name], size)
    found: dict[tuple[str, str], float] = {}
    for action in ACTIONS:
        times: dict[str, list[float]] = {program.name: [] for program in programs}
        for number in range(rounds_of(size) + 1):
            for program in programs:
                taken = elapsed(program, action, directories[program.name])
                if number:  # the first is a warm-up
                    times[program.name].append(taken)
        found |= {(name, action): statistics.median(each) for name, each in times.items()}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="board sizes, comma-separated")
    parser.add_argument("--short", action="store_true", help=f"only a board of {SIZES[0]} items")
    options = parser.parse_args()
    sizes = [SIZES[0]] if options.short else [int(size) for size in options.sizes.split(",")]
    heads = [f"{size:,}" for size in sizes]
    print(f"{description()}\n\n| ms, by board size | {' | '.join(heads)} |\n|---|{'---:|' * len(sizes)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="pm-peers-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        programs: list[Program] = []
        kinds: tuple[type[Program], ...] = (Tracker, Backlog, Taskwarrior, Fossil)
        for kind in kinds:
            try:
                program = kind(folder / kind.name)
            except Unavailable as error:
                print(f"| {kind.name}: {error} |{' |' * len(sizes)}", flush=True)
                continue
            stack.callback(program.close)
            programs.append(program)
        found = {size: measure(programs, size, folder) for size in sizes}
        for program in programs:
            for action in ACTIONS:
                cells = [f"{found[size][program.name, action]:,.0f}" for size in sizes]
                print(f"| {program.name} {program.version} {action} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
