"""Ordering keys: texts whose byte order is the manual order of a list. A new key fits between any two.

A key is a sequence of integers and compares like a tuple: a key comes after each of its own beginnings. An integer is
written as in "Implementing Fractional Indexing" by David Greenspan (https://observablehq.com/@dgreensp/implementing-fractional-indexing,
in JavaScript: https://github.com/rocicorp/fractional-indexing). Its first letter gives the number of base-62 digits, so
that texts compare like the integers: a0 is 0, az is 61, b00 is 62, Zz is -1. As in the original, appending and
prepending count in the first integer.

Between two keys, the original halves a fraction: a key grows by one character for every six insertions at one place.
Here another integer follows instead, which counts as well: 10,000 insertions at one place take 7 characters, not 1,680.

Migrations, imports and other clones rely on equal results: the same arguments must always give the same key.
"""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in byte order
BASE = len(DIGITS)
VALUES = {digit: value for value, digit in enumerate(DIGITS)}
SIZES = 26  # an integer has 1 to 26 digits
# The first integer of each number of digits, and the one after the last.
STARTS = [sum(BASE**size for size in range(1, digits)) for digits in range(1, SIZES + 2)]
HIGHEST = STARTS[-1] - 1
LOWEST = -1 - HIGHEST  # never the last integer of a key: nothing would come before it
STRIDE = 32  # between integers after the first one; leaves room for halving
MAX_LENGTH = 200  # characters
FIRST = "a0"

Levels = tuple[int, ...]


def key_between(before: str | None, after: str | None) -> str:
    """Return the key for an item that follows `before` and precedes `after`; None stands for an end of the list.

    Raises ValueError if one of them is not a key, or if they are not in order.
    """
    low = () if before is None else parse(before)
    high = None if after is None else parse(after)
    if high is not None and low >= high:
        raise ValueError(f"{before} does not come before {after}")
    return "".join(map(_write, _between(low, high, 1)))


def keys_between(before: str | None, after: str | None, count: int) -> list[str]:
    """Return `count` ascending keys between `before` and `after`, as `key_between` returns them one after the other."""
    keys: list[str] = []
    for _ in range(count):
        if before is None and after is not None:
            keys.append(key_between(None, keys[-1] if keys else after))
        else:
            keys.append(key_between(keys[-1] if keys else before, after))
    return keys[::-1] if before is None and after is not None else keys


def parse(key: str) -> Levels:
    """Return the integers of a key. Raises ValueError."""
    found: list[int] = []
    place = 0
    while place < len(key):
        letter = VALUES.get(key[place], 0) - 10  # A is 0, a is 26
        size = letter - SIZES + 1 if letter >= SIZES else SIZES - letter
        digits = key[place + 1 : place + 1 + size]
        if letter < 0 or len(digits) < size or not all(digit in VALUES for digit in digits):
            break
        value = 0
        for digit in digits:
            value = value * BASE + VALUES[digit]
        found.append(STARTS[size - 1] + value if letter >= SIZES else value - STARTS[size])
        place += 1 + size
    if not key or place < len(key) or found[-1] == LOWEST:
        raise ValueError(f"{key!r} is not an ordering key")
    return tuple(found)


def _write(number: int) -> str:
    rest = number if number >= 0 else -1 - number
    size = next(size for size in range(1, SIZES + 1) if rest < STARTS[size])
    value = rest - STARTS[size - 1] if number >= 0 else STARTS[size] - 1 - rest
    digits = ""
    for _ in range(size):
        value, digit = divmod(value, BASE)
        digits = DIGITS[digit] + digits
    return DIGITS[9 + SIZES + size if number >= 0 else 10 + SIZES - size] + digits


def _between(low: Levels, high: Levels | None, stride: int) -> Levels:
    """Return integers above `low` and below `high`; the empty tuple is the lowest of all, None is above all."""
    if high is None:
        if not low:
            return (0,)
        if low[0] == HIGHEST:
            return (HIGHEST, *_between(low[1:], None, STRIDE))
        return (min(low[0] + stride, HIGHEST),)
    if not low:
        if len(high) > 1:
            return high[:1] if high[0] > LOWEST else (LOWEST, *_between((), high[1:], STRIDE))
        number = max(high[0] - stride, LOWEST)
        return (number,) if number > LOWEST else (LOWEST, 0)
    gap = high[0] - low[0]
    if gap == 0:
        return (low[0], *_between(low[1:], high[1:], STRIDE))
    if gap > 1:
        return (low[0] + gap // 2,)
    return high[:1] if len(high) > 1 else (low[0], *_between(low[1:], None, STRIDE))
