"""Run commands again and again beside a load, in a process of their own.

To start a process stops the threads of its parent until the new program runs, which may take long on a busy machine.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
from pathlib import Path

from tests.processes import CHECKOUT, environment

PAUSE = 0.2  # seconds between two rounds beside writers: far more often than any clone syncs


class Repeated:
    """Commands, run in a folder one after the other while `beside` runs; `rounds` is how often they all ran."""

    def __init__(self, commands: list[list[str]], directory: Path, **variables: str | None) -> None:
        self.rounds = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.repeating", json.dumps(commands), str(directory)],
            cwd=CHECKOUT,
            env=environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def beside(self, stop: threading.Event) -> None:
        """Repeat the commands until the event is set, and the last round is over."""
        self._say()
        stop.wait()
        self._say()
        assert self._process.stdout is not None
        self.rounds += int(self._process.stdout.readline())

    def end(self) -> None:
        """End the process."""
        self._process.communicate()

    def _say(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()


def main() -> None:
    """Begin with a line on the standard input, and end with the next one."""
    commands, directory = json.loads(sys.argv[1]), sys.argv[2]
    while sys.stdin.buffer.raw.read(1):
        rounds = 0
        while not select.select([sys.stdin], [], [], PAUSE)[0]:
            for command in commands:
                subprocess.run(command, cwd=directory, stdout=subprocess.DEVNULL, check=True)
            rounds += 1
        sys.stdin.buffer.raw.read(1)
        print(rounds, flush=True)


if __name__ == "__main__":
    main()
