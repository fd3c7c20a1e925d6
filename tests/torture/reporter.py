"""One row per scenario: attempts, successes, losses, and the worst time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAUSE = 60.0  # seconds between two lines about a scenario that goes on


class Missing(Exception):
    """A tool that a scenario needs is not installed; the message says which, and how to install it."""


@dataclass
class Result:
    """The result of a scenario. `worst` is in seconds; `timed` says of what.

    `failures` has the broken guarantees; `notes` are printed below the row.
    """

    what: str
    timed: str = ""
    tried: int = 0
    held: int = 0
    lost: int = 0
    worst: float = 0.0
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    said_at: float = field(default_factory=time.monotonic)

    @contextmanager
    def attempt(self, name: str = "") -> Iterator[None]:
        """Count one attempt and its assertions; `name` is its kind."""
        self.tried += 1
        label = f"try {self.tried}{name and f' ({name})'}"
        try:
            yield
        except AssertionError as error:
            self.failures.append(f"{label}: {error}")
        else:
            self.held += 1
        if time.monotonic() >= self.said_at + PAUSE:
            self.said_at = time.monotonic()
            print(f"{self.what}: {self.held} of {self.tried} held so far", file=sys.stderr, flush=True)

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Time the body of the `with` statement."""
        begin = time.perf_counter()
        yield
        self.add_time(time.perf_counter() - begin)

    def add_time(self, seconds: float) -> None:
        self.times.append(seconds)
        self.worst = max(self.worst, seconds)


Fire = Callable[[int], Result]
HEADER = f"{'what':52} {'tried':>7} {'held':>7} {'lost':>5} {'worst':>9}  of"


def row(result: Result) -> str:
    """Return the row of a result, and a line for each failure and note."""
    worst = f"{result.worst:.2f} s" if result.timed else ""
    line = f"{result.what:52} {result.tried:7} {result.held:7} {result.lost:5} {worst:>9}  {result.timed}".rstrip()
    return "\n".join([line, *(f"    {text}" for text in [*result.failures[:10], *result.notes])])
