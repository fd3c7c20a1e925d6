"""Percentiles of measured times."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

LEVELS = (50, 85, 95)


def percentile(ordered: Sequence[float], level: float) -> float:
    """Return the smallest value that `level` percent of the `ordered` values do not exceed (nearest rank)."""
    return ordered[max(math.ceil(len(ordered) * level / 100), 1) - 1]


def percentiles(values: Sequence[float]) -> dict[int, float]:
    """Return the 50th, 85th and 95th percentile; empty without values."""
    ordered = sorted(values)
    return {level: percentile(ordered, level) for level in LEVELS} if ordered else {}


def rank(ordered: Sequence[float], value: float) -> int:
    """Return how many percent of the `ordered` values are smaller; 0 without values."""
    return 100 * bisect_left(ordered, value) // len(ordered) if ordered else 0
