"""Full-text filtering for common terms: load the next rows of the list and match them in memory.

The search index would materialize every match on the board, which takes longer than the rest of the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models.functions import Substr

from projects.api.row_rendering import key_of
from projects.loose_types import AnyQuerySet, FieldValue
from projects.models.fts import passing

# Characters of a description, and of all texts of a scan; beyond these the index is faster.
LONGEST_TEXT, MOST_TEXT = 1 << 12, 1 << 18
# The indexed columns of an item. A description of LONGEST_TEXT characters may have been cut here.
TEXTS = ("item_number", "project__key", "external_ref", "title", Substr("description", 1, LONGEST_TEXT))

Row = tuple[FieldValue, ...]


class Unsearched(NamedTuple):
    """A list without its full-text filter, and the FTS5 expression of that filter."""

    queryset: AnyQuerySet
    match: str


def scan(rows: Sequence[Row], match: str, wanted: int, *, is_all: bool) -> list[Row] | None:
    """Return the first `wanted` of `rows` that match; None if the index is the better strategy.

    The last columns of a row are TEXTS. If `is_all`, no more rows follow, and fewer than `wanted` may match.
    """
    found: list[Row] = []
    start, length = 0, 0
    while start < len(rows) and len(found) < wanted:
        batch = rows[start : start + (2 * (wanted - len(found)) if start else wanted)]
        longest = max(len(description) for *_, description in batch)
        length += sum(len(title) + len(description) for *_, title, description in batch)  # references are short
        if longest == LONGEST_TEXT or length > MOST_TEXT:
            return None
        texts = [(f"{key_of(*row[-5:-3])} {row[-3]}", row[-2], row[-1]) for row in batch]
        found += [batch[place] for place in passing(match, texts)]
        start += len(batch)
        if 2 * len(found) < start and not is_all:
            return None
    return found[:wanted] if is_all or len(found) >= wanted else None
