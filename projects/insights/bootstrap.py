"""Futures made of weeks of a history.

A block bootstrap keeps what the days of one week have in common, such as free weekends and bursts (Künsch 1989, "The
jackknife and the bootstrap for general stationary observations"). What it does not know widens the futures: each of
them draws first which weeks it knows at all, recent ones more often, and its pace drifts away from that of the history.

The pace also follows the trend of the latest weeks, which fades as in Gardner and McKenzie 1985, "Forecasting trends in
time series". A trend is believed as far as it stands out from the noise of the weeks, and each future draws its own.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from operator import mul
from random import Random

WEEK = 7
LONGEST = 52  # weeks of history
HALF_LIFE = 3.0  # weeks after which a week counts half
DRIFT = 0.07  # standard deviation by which the logarithm of the pace changes in a week
TREND_HALF_LIFE = 6.0  # weeks after which a week counts half for the trend
TREND = 0.05  # standard deviation of trends, as parts of the pace that are gained or lost in a week
FADING = 0.9  # what is left of a trend after a week
LEAST_TREND = 4  # weeks; fewer show none
FURTHEST = 3.0  # logarithm of the most by which a pace differs

Week = tuple[int, ...]


class Weeks:
    """The whole weeks before today, the latest first: all begin on today's day of the week."""

    def __init__(self, daily: Sequence[int]) -> None:
        ends = range(len(daily), WEEK - 1, -WEEK)
        self.weeks: list[Week] = [tuple(daily[end - WEEK : end]) for end in ends][:LONGEST]
        self.sums = [sum(week) for week in self.weeks]
        weights = [0.5 ** (age / HALF_LIFE) for age in range(len(self.weeks))]
        self.bounds = list(accumulate(weights))
        self.known = max(2, round(self.bounds[-1]))  # as many as they weigh together
        self.age = sum(age * weight for age, weight in enumerate(weights)) / self.bounds[-1]  # of the weighted weeks

    @cached_property
    def trend(self) -> tuple[float, float]:
        """Which part of the pace is gained in a week, and the standard deviation of that."""
        return _trend(self.sums)

    def future(self, random: Random) -> Iterator[tuple[int, Week]]:
        """Yield the sums and days of weeks to come, without end."""
        last, total = len(self.weeks) - 1, self.bounds[-1]
        places = [min(bisect_right(self.bounds, random.random() * total), last) for _ in range(self.known)]
        while True:
            place = places[int(random.random() * self.known)]
            yield self.sums[place], self.weeks[place]

    def paces(self, random: Random) -> Iterator[float]:
        """Yield by which factor the pace of each week to come differs from that of the history."""
        step = random.gauss(*self.trend)
        change = step * self.age
        while True:
            step *= FADING
            change += step
            yield math.exp(min(max(change, -FURTHEST), FURTHEST))
            change += random.gauss(0, DRIFT)


def _trend(sums: Sequence[int]) -> tuple[float, float]:
    """Return which part of the pace is gained in a week, the latest sum first, and its standard deviation.

    It is the slope of a weighted regression, whose error is at least that of Poisson counts, shrunk towards 0: the mean
    of the posterior distribution if trends are normally distributed around it.
    """
    weights = [0.5 ** (age / TREND_HALF_LIFE) for age in range(len(sums))]
    total = sum(weights)
    pace = sum(map(mul, weights, sums)) / total
    if len(sums) < LEAST_TREND or pace <= 0:
        return 0.0, TREND
    middle = sum(age * weight for age, weight in enumerate(weights)) / total
    spread = sum(weight * (age - middle) ** 2 for age, weight in enumerate(weights))
    slope = sum(weight * (middle - age) * done for age, (weight, done) in enumerate(zip(weights, sums, strict=True)))
    slope /= spread
    squares = [(done - pace - slope * (middle - age)) ** 2 for age, done in enumerate(sums)]
    weeks = total**2 / sum(
        weight**2 for weight in weights
    )  # as many would have the same information if all weighed the same
    noise = max(sum(map(mul, weights, squares)) / total * weeks / max(weeks - 2, 1), pace)
    error = noise * sum((weight * (age - middle)) ** 2 for age, weight in enumerate(weights)) / (spread * pace) ** 2
    belief = TREND**2 / (TREND**2 + error)
    return belief * slope / pace, math.sqrt(belief * error)
