"""Histories on which `tests.forecast_backtest` tries forecasts: made ones, and real ones where they are at hand."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.boards import REAL

DAYS = 320
DATA = REAL.parent
MONDAY = dt.date(2026, 1, 5)


class History(NamedTuple):
    """Items completed per day, and for a scope that grows, what was added per day and what it began with."""

    name: str
    done: list[int]
    added: list[int] | None = None
    scope: int = 0


def poisson(random: Random, mean: float) -> int:
    """Return a Poisson variate by counting exponential gaps."""
    count, total = 0, random.expovariate(1)
    while total < mean:
        count, total = count + 1, total + random.expovariate(1)
    return count


def of_rates(random: Random, rate: Callable[[int], float]) -> list[int]:
    return [poisson(random, rate(day)) for day in range(DAYS)]


def steady(random: Random) -> History:
    return History("steady", of_rates(random, lambda day: 1.5))


def bursts(random: Random) -> History:
    """Quiet and busy spells of random lengths: 6 and 3 days in the mean."""
    busy, done = False, []
    for _ in range(DAYS):
        busy = random.random() > 1 / 3 if busy else random.random() < 1 / 6
        done.append(poisson(random, 4 if busy else 0.2))
    return History("bursts", done)


def weekends(random: Random) -> History:
    return History("weekends off", of_rates(random, lambda day: 2 if day % 7 < 5 else 0))


def growth(random: Random) -> History:
    """A team that grows from half an item a day to three."""
    return History("growing team", of_rates(random, lambda day: 0.5 + 2.5 * day / DAYS))


def leaver(random: Random) -> History:
    """Three people of different pace; the second leaves after a while."""
    leaves = random.randrange(90, 200)
    pace = lambda day: 0.9 + 0.6 + (0.8 if day < leaves else 0)  # noqa: E731
    return History("one leaves", of_rates(random, lambda day: pace(day) if day % 7 < 5 else 0))


def creep(random: Random) -> History:
    """A scope to which is added a third of what is done, until nothing is left."""
    left = scope = random.randrange(80, 300)
    done, added = [], []
    while left:
        added.append(poisson(random, 0.5) if random.random() < 0.8 else poisson(random, 1.5))
        left += added[-1]
        done.append(min(left, poisson(random, 2)))
        left -= done[-1]
    return History("scope creep", done, added, scope)


def few(random: Random) -> History:
    return History("few items", of_rates(random, lambda day: 0.3))


def heavy(random: Random) -> History:
    """Four workers whose items take times of a Pareto distribution without variance."""
    done = [0] * DAYS
    for _ in range(4):
        day = 0.0
        while (day := day + random.paretovariate(1.6)) < DAYS:
            done[int(day)] += 1
    return History("heavy tail", done)


def batches(random: Random) -> History:
    """Agents deliver many items at once, on one day of five."""
    return History(
        "agents in batches",
        [1 + int(random.expovariate(1 / 8)) if random.random() < 0.2 else 0 for _ in range(DAYS)],
    )


def seasonal(random: Random) -> History:
    """Twelve busy and slow weeks in turn, and two weeks without work in each half year."""
    shift = random.randrange(84)
    wave = lambda day: 1.6 + 0.8 * math.sin(2 * math.pi * (day + shift) / 84)  # noqa: E731
    return History("seasonal", of_rates(random, lambda day: 0 if (day + shift) % 182 < 14 else wave(day)))


MADE = (steady, bursts, weekends, growth, leaver, creep, few, heavy, batches, seasonal)


def real(data: Path) -> Iterator[History]:
    """Yield the real histories whose files are there."""
    yield from _daily("agile-board", _agile_board(data / "agile-board-export.json"))
    for name in ("beads-issues", "beads-issues-newer"):
        yield from _daily(name, _beads(data / f"import/{name}.jsonl"))
    yield from _daily("backlog", _backlog(data / "import/backlog"))


def _daily(name: str, days: Iterable[dt.date]) -> Iterator[History]:
    counts = Counter(days)
    if counts:
        first, last = min(counts), max(counts)
        yield History(name, [counts[first + dt.timedelta(days=n)] for n in range((last - first).days + 1)])


def _agile_board(path: Path) -> Iterator[dt.date]:
    """Yield when the items that are done were last changed; the export has no dates of completion."""
    if path.exists():
        for item in json.loads(path.read_text())["work_items"]:
            if item["status"] == "done":
                yield dt.datetime.fromtimestamp(item["updated_at"], dt.UTC).date()


def _beads(path: Path) -> Iterator[dt.date]:
    if path.exists():
        for line in path.read_text().splitlines():
            if moment := json.loads(line).get("closed_at"):
                yield dt.datetime.fromisoformat(moment).astimezone(dt.UTC).date()


def _backlog(folder: Path) -> Iterator[dt.date]:
    for path in folder.glob("*/*.md"):
        text = path.read_text()
        changed = re.search(r"^updated_date: '?(\d{4}-\d\d-\d\d)", text, re.MULTILINE)
        if changed and re.search(r"^status: Done$", text, re.MULTILINE):
            yield dt.date.fromisoformat(changed[1])
