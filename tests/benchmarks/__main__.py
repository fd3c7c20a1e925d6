"""Time whole commands against `python -c pass` of the same interpreter, in turn, and print medians.

make bench            20 rounds
python -m tests.benchmarks --rounds 50
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.conftest import make_repository
from tests.processes import MANAGE, Server, children, environment

SCRIPT = Path(sys.executable).with_name("pm")
PASS = [sys.executable, "-c", "pass"]


def run(command: list[str], directory: Path) -> float:
    """Return the seconds that `command` takes, from outside."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=directory, env=environment(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def start(directory: Path) -> float:
    """Return the seconds from a start to its ready line, database present and migrated."""
    begin = time.perf_counter()
    server = Server(directory).ready()
    elapsed = time.perf_counter() - begin
    server.end()
    return elapsed


def compare(rounds: int, action: Callable[[], float], base: Callable[[], float]) -> tuple[float, float, float]:
    """Return the medians of `action` and `base` in seconds and of their ratio, measured pair by pair."""
    action(), base()  # warm
    pairs = [(action(), base()) for _ in range(rounds)]
    taken, basis = zip(*pairs, strict=True)
    return statistics.median(taken), statistics.median(basis), statistics.median(a / b for a, b in pairs)


def proportional_memory(pids: list[int]) -> float:
    """Return the MiB of these processes, shared pages divided among their sharers."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {rounds} rounds")
    print(f"{'what':34} {'ms':>8} {'base':>24} {'ms':>8} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as scratch:
        directory = make_repository(Path(scratch) / "repository")
        check = [*MANAGE, "check"]

        def report(what: str, action: Callable[[], float], base: list[str], name: str) -> None:
            taken, basis, ratio = compare(rounds, action, lambda: run(base, directory))
            print(f"{what:34} {taken * 1e3:8.1f} {name:>24} {basis * 1e3:8.1f} {ratio:7.2f}", flush=True)

        Server(directory).ready().end()  # makes the database
        report("start to ready line", lambda: start(directory), check, "manage.py check")
        report("start to ready line", lambda: start(directory), PASS, "python -c pass")
        server = Server(directory).ready()
        try:
            listing = ["project", "list"]
            if SCRIPT.exists():
                report("pm project list", lambda: run([str(SCRIPT), *listing], directory), PASS, "python -c pass")
            manage = [*MANAGE, "pm", *listing]
            report("manage.py pm project list", lambda: run(manage, directory), PASS, "python -c pass")
            memory = proportional_memory([server.pid, *children(server.pid)])
            print(f"{'idle server, 2 workers':34} {memory:8.1f} MiB (PSS)")
        finally:
            server.end()


if __name__ == "__main__":
    main()
