"""Lists by words that many items have: their next rows are loaded whatever they say, and asked one by one.

To gather all that match takes the index of search 16 ms for 100,000 items, to ask a page of them 2 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet

from projects.api.rows import key_of
from projects.models.matching import sieve

TEXTS = ("item_number", "project__key", "title", "description")  # what the index has of an item
MOST_TEXT = 1 << 18  # characters; to read more takes longer than to ask the index

Row = tuple[Any, ...]


class Unsearched(NamedTuple):
    """What is listed but for the words that are searched for, and FTS5's expression for these."""

    queryset: QuerySet[Any]
    match: str


def sift(rows: Sequence[Row], match: str, wanted: int, *, is_all: bool) -> list[Row] | None:
    """Return the first `wanted` of `rows` that match, None where the index had better be asked.

    The last columns of a row are TEXTS. `is_all` tells that no more rows follow, so that fewer than `wanted` will do.
    """
    found: list[Row] = []
    begin, length = 0, 0
    while begin < len(rows) and len(found) < wanted:
        asked = rows[begin : begin + (2 * (wanted - len(found)) if begin else wanted)]
        length += sum(len(title) + len(description) for *_, title, description in asked)
        if length > MOST_TEXT:
            return None
        texts = [(str(key_of(*row[-4:-2])), row[-2], row[-1]) for row in asked]
        found += [asked[place] for place in sieve.passing(match, texts)]
        begin += len(asked)
        if 2 * len(found) < begin and not is_all:
            return None
    return found[:wanted] if is_all or len(found) >= wanted else None
