"""Check forecasts on the past, and correct those to come by what was wrong.

At the end of each past week a forecast is made from what was known then. Where it was right, the part of its futures in
which less was done than really was is uniform between 0 and 1 (the probability integral transform; Dawid 1984,
"Statistical theory: the prequential approach"). Where it was not, the tail that forecasts leave out becomes larger or
smaller, as in conformal prediction under drift (Gibbs and Candès 2021, "Adaptive conformal inference under distribution
shift").
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from projects.insights.bootstrap import WEEK, Weeks

CHECKS = 16  # forecasts of the past, a week apart
FUTURES = 100  # of each
LONGEST = 8  # weeks that each looks ahead
PRIOR = 0.5  # how many independent forecasts that were exactly right the past is mixed with
MOST_TAIL = 0.8
BISECTIONS = 20


class Record(NamedTuple):
    """What past forecasts were worth: for each the part of its futures that did less, in order, and how each counts."""

    marks: list[float]
    weight: float

    def tail(self, wanted: float) -> float:
        """Return which part of the futures to leave out, so that `wanted` of the past forecasts would have failed."""
        failing = wanted * (PRIOR + len(self.marks) * self.weight)
        low, high = 0.0, 1.0
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            if PRIOR * middle + bisect_right(self.marks, middle) * self.weight < failing:
                low = middle
            else:
                high = middle
        return min(max(low, wanted / 4), MOST_TAIL)


def record(
    random: Random,
    done: Sequence[int],
    added: Sequence[int],
    days: int,
    is_enough: Callable[[Sequence[int], Sequence[int]], bool],
) -> Record:
    """Forecast the past that looked about `days` ahead, as long as the history before it is enough.

    What was `added` on the latest days is taken off: a scope that grows is done later.
    """
    ahead = min(max(1, round(days / WEEK)), LONGEST)
    before = len(done) - len(added)
    marks = []
    for ago in range(CHECKS):
        end = len(done) - ago * WEEK
        start = end - ahead * WEEK
        if start < WEEK or not is_enough(done[:start], added[: max(start - before, 0)]):
            break
        actual = sum(done[start:end])
        growth = Weeks(added[: start - before]) if added else None
        if growth is not None:
            actual -= sum(added[start - before : end - before])
        marks.append(_mark(random, Weeks(done[:start]), growth, ahead, actual))
    return Record(sorted(marks), 1 / ahead)  # those that overlap have the same information


def _mark(random: Random, weeks: Weeks, growth: Weeks | None, ahead: int, actual: int) -> float:
    """Return in which part of the futures less is done than `actual`; those with about as much count half."""
    below = 0.0
    for _ in range(FUTURES):
        future, pace = weeks.future(random), weeks.paces(random)
        total = sum(next(future)[0] * next(pace) for _ in range(ahead))
        if growth is not None:
            grown = growth.future(random)
            total -= sum(next(grown)[0] for _ in range(ahead))
        below += 0.5 if abs(total - actual) < 0.5 else float(total < actual)
    return below / FUTURES
