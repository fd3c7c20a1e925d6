"""Try the forecast on histories whose ends are known: `python -m tests.forecast_backtest [--short]`.

At many days of each history, the forecast sees only what was before. A date holds if the work was done by then. Of one
real history only forecasts that do not overlap in time add information; the interval says how sure that makes it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import NamedTuple

from projects.insights.forecast import LEVELS, forecast, missing_history
from tests.forecast_histories import DATA, MADE, MONDAY, History, real

HORIZONS = (10, 20, 40)  # days that the work would take at the mean pace
FIRST, STEP, LAST = 42, 9, 200  # days of the history on which forecasts are made


NORMAL = 1.96  # standard deviations that hold 95 % of a normal distribution


class Row(NamedTuple):
    """How many forecasts were tried, of how many the dates held, and how many of them do not overlap in time."""

    name: str
    tried: int
    held: dict[int, int]
    apart: int = 0

    def share(self, level: int) -> float:
        return 100 * self.held[level] / max(self.tried, 1)

    def interval(self, level: int) -> tuple[float, float]:
        """Return within which percents the share of all such forecasts is, with 95 % certainty (Wilson's interval)."""
        part, square = self.share(level) / 100, NORMAL**2 / max(self.apart, 1)
        middle = (part + square / 2) / (1 + square)
        width = math.sqrt(square * part * (1 - part) + square**2 / 4) / (1 + square)
        return 100 * (middle - width), 100 * (middle + width)


class Job(NamedTuple):
    """A made history: which kind, and which of them."""

    kind: int
    number: int
    futures: int
    seed: str


def cuts(history: History, horizons: Sequence[int] = HORIZONS) -> Iterator[tuple[int, int, int | None]]:
    """Yield days of the history, how much was left then, and on which day it was done; None if after its end."""
    if history.added is not None:
        yield from ((day, left, len(history.done) - 1) for day, left in _scope(history))
        return
    sums = [0, *accumulate(history.done)]
    mean = sums[-1] / len(history.done)
    is_real = len(history.done) < LAST or history.name == "backlog"
    for day in range(14 if is_real else FIRST, len(history.done) if is_real else LAST, 2 if is_real else STEP):
        for horizon in horizons:
            left = max(2, round(mean * horizon))
            end = next((at for at in range(day, len(history.done)) if sums[at + 1] >= sums[day] + left), None)
            yield day, left, end


def _scope(history: History) -> Iterator[tuple[int, int]]:
    assert history.added is not None
    for day in range(28, len(history.done), STEP):
        yield day, history.scope + sum(history.added[:day]) - sum(history.done[:day])


def tried(histories: Sequence[History], futures: int, horizons: Sequence[int] = HORIZONS) -> Row:
    """Count the forecasts whose dates held."""
    held, count = dict.fromkeys(LEVELS, 0), 0
    spans: list[tuple[int, int]] = []
    for history in histories:
        for day, left, end in cuts(history, horizons):
            before, added = history.done[:day], (history.added or [])[:day]
            if missing_history(before) or left <= 0:
                continue
            dates = forecast(before, left, MONDAY + dt.timedelta(days=day), added=added, futures=futures)
            days = {level: (date - MONDAY).days if date else 10**6 for level, date in dates.items()}
            if end is None and days[95] >= len(history.done):
                continue  # nobody knows yet
            count += 1
            spans.append((end if end is not None else len(history.done), day))
            for level in LEVELS:
                held[level] += end is not None and end <= days[level]
    return Row(histories[0].name, count, held, apart(spans))


def apart(spans: Iterable[tuple[int, int]]) -> int:
    """Return how many of these times, each its end and its beginning, do not overlap at most."""
    count, last = 0, -1
    for end, start in sorted(spans):
        if start > last:
            count, last = count + 1, end
    return count


def table(replicates: int, futures: int, seed: str) -> Iterator[Row]:
    with Pool() as pool:
        for kind in range(len(MADE)):
            jobs = [Job(kind, number, futures, seed) for number in range(replicates)]
            rows = pool.map(_row, jobs, chunksize=1)
            held = {level: sum(row.held[level] for row in rows) for level in LEVELS}
            yield Row(rows[0].name, sum(row.tried for row in rows), held)


def _row(job: Job) -> Row:
    make = MADE[job.kind]
    return tried([make(Random(f"{job.seed} {make.__name__} {job.number}"))], job.futures)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.forecast_backtest", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of the histories")
    parser.add_argument("--data", type=Path, default=DATA, help="where the real histories are, as in tests/boards.py")
    parser.add_argument("--seed", default="report", help="of the made histories; the method was tuned on others")
    options = parser.parse_args(arguments)
    replicates, futures = (4, 200) if options.short else (40, 400)
    print("history              forecasts  50 %   85 %   95 %", flush=True)
    for row in table(replicates, futures, options.seed):
        print(f"{row.name:20} {row.tried:9}", *(f"{row.share(level):6.1f}" for level in LEVELS), flush=True)
    for history in real(options.data):
        row = tried([history], futures)
        text = "too short for a forecast"
        if row.tried:
            low, high = row.interval(85)
            text = " ".join(f"{row.share(level):6.1f}" for level in LEVELS)
            text += f"  85 %: {low:.0f} to {high:.0f}, as {row.apart} do not overlap;"
        print(f"{row.name:20} {row.tried:9}", text, f" {sum(history.done)} items in {len(history.done)} days")
    if not options.data.exists():
        print(f"no real histories in {options.data}")


if __name__ == "__main__":
    main(sys.argv[1:])
