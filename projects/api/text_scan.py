"""Lists by words that many items have: their next rows are loaded whatever they say, and asked one by one.

To gather all that match would take the index of search longer than all the rest of the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.db.models.functions import Substr

from projects.api.row_rendering import key_of
from projects.models.fts import passing

# Characters of a description, and of all texts; to read more takes longer than to ask the index.
LONGEST_TEXT, MOST_TEXT = 1 << 12, 1 << 18
# What the index has of an item; a description that may be longer is cut.
TEXTS = ("item_number", "project__key", "title", Substr("description", 1, LONGEST_TEXT))

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
        longest = max(len(description) for *_, description in asked)
        length += sum(len(title) + len(description) for *_, title, description in asked)
        if longest == LONGEST_TEXT or length > MOST_TEXT:
            return None
        texts = [(str(key_of(*row[-4:-2])), row[-2], row[-1]) for row in asked]
        found += [asked[place] for place in passing(match, texts)]
        begin += len(asked)
        if 2 * len(found) < begin and not is_all:
            return None
    return found[:wanted] if is_all or len(found) >= wanted else None
