"""What people type as an expression of FTS5, and who has the words; https://www.sqlite.org/fts5.html, 3 and 4.

It is never query syntax: each word between blanks is a quoted phrase, so that `a-b` finds "a b" side by side; all
must be there, and the last may be only the beginning of one. Marks alone are no words.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing

from django.db import connection
from django.db.models import Func, IntegerField
from django.db.models.expressions import RawSQL

RANKED = 2000  # matches
TOKENIZER = "unicode61 remove_diacritics 2"  # the index's own

# Quotes would end a phrase; the others FTS5 reads as blanks or can't read at all.
_NO_WORD = re.compile('["\x00-\x1f\x7f-\x9f\ud800-\udfff\\s]+')

_ROWS = "SELECT rowid FROM projects_search WHERE projects_search MATCH %s"
# Words as they are come first: of one that is only begun the index merges all that begin so, which takes longer.
_MANY = f"SELECT CASE WHEN EXISTS ({_ROWS} LIMIT 1 OFFSET %s) THEN 1 ELSE EXISTS ({_ROWS} LIMIT 1 OFFSET %s) END"
_ENTITIES = """
    SELECT entry.entity_id FROM projects_search CROSS JOIN projects_searchentry entry
    ON entry.id = projects_search.rowid WHERE projects_search MATCH %s
"""


def match_expression(text: str) -> str:
    """Return FTS5's expression for all words of `text`; empty where it has none."""
    words = [word for word in _NO_WORD.split(text) if any(character.isalnum() for character in word)]
    phrases = [f'"{word}"' for word in words]
    return " ".join([*phrases[:-1], f"{phrases[-1]} *"]) if phrases else ""


def has_few(match: str, most: int = RANKED) -> bool:
    """Return whether no more than `most` projects, items and comments match."""
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [match.removesuffix(" *"), most, match, most])
        return not cursor.fetchone()[0]


def matching_ids(match: str) -> RawSQL:
    """Return the ids of all that match, for a query that is entered by them."""
    return RawSQL(_ENTITIES, [match])  # noqa: S611 -- constants; the expression is a parameter


def matching_entries(match: str) -> RawSQL:
    """Return the index's numbers of all that match, for a query that goes along an order and asks row by row."""
    return RawSQL(_ROWS, [match])  # noqa: S611 -- constants; the expression is a parameter


class EntryOf(Func):
    """The number that the index has for an entity's id."""

    arity = 1
    output_field = IntegerField()
    template = "(SELECT entry.id FROM projects_searchentry entry WHERE entry.entity_id = %(expressions)s)"


def passing(match: str, texts: Iterable[tuple[str, str, str]]) -> list[int]:
    """Return the places of those few `texts` (key, title, body) that match, ascending; the board's index is not asked.

    It would gather all matches of the board first.
    """
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(f"CREATE VIRTUAL TABLE text USING fts5(key, title, body, tokenize = '{TOKENIZER}')")
        rows = ((place, *text) for place, text in enumerate(texts))
        memory.executemany("INSERT INTO text (rowid, key, title, body) VALUES (?, ?, ?, ?)", rows)
        return [
            place for (place,) in memory.execute("SELECT rowid FROM text WHERE text MATCH ? ORDER BY rowid", [match])
        ]
