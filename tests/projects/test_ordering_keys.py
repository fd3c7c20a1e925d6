"""Ordering keys on their own: known values, order, length."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.ordering_keys import FIRST, MAX_LENGTH, key_between, keys_between, parse

LOWEST, HIGHEST = f"A{'0' * 26}", f"z{'z' * 26}"
PLACES = st.lists(st.integers(0, 2**16), max_size=150)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # Appending and prepending, as https://github.com/rocicorp/fractional-indexing tests it.
        (None, None, "a0"),
        (None, "a0", "Zz"),
        (None, "Zz", "Zy"),
        ("a0", None, "a1"),
        ("a1", None, "a2"),
        ("bzz", None, "c000"),
        ("az", None, "b00"),
        (None, "Z0", "Yzz"),
        (None, "Y00", "Xzzz"),
        ("Zz", "a1", "a0"),
        ("b12", "b16", "b14"),
        # Another integer where the first ones leave no room.
        ("a0", "a1", "a0a0"),
        ("a0", "a0a0", "a0ZU"),
        ("a0a0", "a1", "a0aW"),
        ("a0a0", "a0aW", "a0aG"),
        ("a0a0", "a0a1", "a0a0a0"),
        ("a0", "a1a0", "a1"),
        (None, "a0a0", "a0"),
        # The ends of the integers.
        (HIGHEST, None, f"{HIGHEST}a0"),
        (f"{HIGHEST}a0", None, f"{HIGHEST}aW"),
        (None, f"{LOWEST[:-1]}1", f"{LOWEST}a0"),
        (None, f"{LOWEST}a0", f"{LOWEST}ZU"),
    ],
)
def test_key_between_is_the_same_for_ever(before: str | None, after: str | None, expected: str) -> None:
    assert key_between(before, after) == expected


@pytest.mark.parametrize("text", ["", "a", "b0", "0", "a!", "a0b1", "a0 ", "é0", LOWEST, f"a0{LOWEST}", "1.0"])
def test_parse_refuses_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="not an ordering key"):
        parse(text)
    with pytest.raises(ValueError, match="not an ordering key"):
        key_between(text, None)


@pytest.mark.parametrize(("before", "after"), [("a0", "a0"), ("a1", "a0"), ("a0a0", "a0")])
def test_key_between_refuses_the_wrong_order(before: str, after: str) -> None:
    with pytest.raises(ValueError, match="does not come before"):
        key_between(before, after)


@given(PLACES)
def test_key_between_fits_at_any_place(places: list[int]) -> None:
    line: list[str] = [LOWEST[:-1] + "1", FIRST, HIGHEST]
    for number in places:
        place = number % (len(line) + 1)
        before, after = line[place - 1] if place else None, line[place] if place < len(line) else None
        line.insert(place, key_between(before, after))
    assert line == sorted(set(line))
    assert [parse(key) for key in line] == sorted(map(parse, line))


@given(PLACES, st.integers(0, 100), st.integers(0, 40))
def test_keys_between_are_in_order_and_between(places: list[int], number: int, count: int) -> None:
    line: list[str] = []
    for each in places:
        place = each % (len(line) + 1)
        line.insert(place, key_between(line[place - 1] if place else None, line[place] if place < len(line) else None))
    place = number % (len(line) + 1)
    before, after = line[place - 1] if place else None, line[place] if place < len(line) else None
    found = keys_between(before, after, count)
    assert len(found) == count
    every = [*([before] if before else []), *found, *([after] if after else [])]
    assert all(one < other for one, other in pairwise(every))


def test_keys_stay_short_where_all_items_come_to_one_place() -> None:
    assert len(keys_between(None, None, 10_000)[-1]) == 4
    assert len(keys_between(None, "a0", 10_000)[0]) == 4
    assert len(keys_between("a0", "a1", 10_000)[-1]) == 7
    after = "a1"
    for _ in range(10_000):
        after = key_between("a0", after)
    assert len(after) == 7


def test_keys_stay_short_between_two_that_come_closer_from_both_sides() -> None:
    before, after = "a0", "a1"
    for number in range(600):
        found = key_between(before, after)
        before, after = (found, after) if number % 2 else (before, found)
    assert len(before) <= MAX_LENGTH
