"""Statistics of many timings: medians, ratios of pairs, p99."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured value, and a note for the reader."""

    value: float
    note: str = ""


def in_turn(rounds: int, action: Callable[[], float], base: Callable[[], float]) -> tuple[float, float, float]:
    """Return the medians of `action`, of `base`, and of their ratio per pair, because the machine's speed drifts."""
    action(), base()  # warm-up
    pairs = [(action(), base()) for _ in range(rounds)]
    taken, basis = zip(*pairs, strict=True)
    return statistics.median(taken), statistics.median(basis), statistics.median(a / b for a, b in pairs)


def ratio(rounds: int, action: Callable[[], float], base: Callable[[], float]) -> Figure:
    """Return the median ratio of two times in seconds; the note has both in milliseconds."""
    taken, basis, times = in_turn(rounds, action, base)
    return Figure(times, f"{taken * 1e3:.1f} ms / {basis * 1e3:.1f} ms")


def p99(values: Sequence[float]) -> float:
    """Return the 99th percentile."""
    return sorted(values)[max(0, math.ceil(len(values) * 0.99) - 1)]
