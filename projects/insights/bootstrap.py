"""Futures made of weeks of a history.

A block bootstrap keeps what the days of one week have in common, such as free weekends and bursts (Künsch 1989, "The
jackknife and the bootstrap for general stationary observations"). What it does not know widens the futures: each of
them draws first which weeks it knows at all, recent ones more often, and its pace drifts away from that of the history.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random

WEEK = 7
LONGEST = 52  # weeks of history
HALF_LIFE = 3.0  # weeks after which a week counts half
DRIFT = 0.1  # standard deviation by which the logarithm of the pace changes in a week

Week = tuple[int, ...]


class Weeks:
    """The whole weeks before today, the latest first: all begin on today's day of the week."""

    def __init__(self, daily: Sequence[int]) -> None:
        ends = range(len(daily), WEEK - 1, -WEEK)
        self.weeks: list[Week] = [tuple(daily[end - WEEK : end]) for end in ends][:LONGEST]
        self.sums = [sum(week) for week in self.weeks]
        self.bounds = list(accumulate(0.5 ** (age / HALF_LIFE) for age in range(len(self.weeks))))
        self.known = max(2, round(self.bounds[-1]))  # as many as they weigh together

    def future(self, random: Random) -> Iterator[tuple[int, Week]]:
        """Yield the sums and days of weeks to come, without end."""
        last, total = len(self.weeks) - 1, self.bounds[-1]
        places = [min(bisect_right(self.bounds, random.random() * total), last) for _ in range(self.known)]
        while True:
            place = places[int(random.random() * self.known)]
            yield self.sums[place], self.weeks[place]


def paces(random: Random) -> Iterator[float]:
    """Yield by which factor the pace of each week to come differs from that of the history."""
    drift = 0.0
    while True:
        yield math.exp(drift)
        drift += random.gauss(0, DRIFT)
