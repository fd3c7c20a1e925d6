"""FTS5 match expressions for user input; see https://www.sqlite.org/fts5.html, sections 3 and 4.

User input is never query syntax. Each whitespace-separated word becomes a quoted phrase, so `a-b` matches the adjacent
words "a b". All words must match; the last one matches as a prefix. Words without letters or digits are ignored.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing

from django.db import connection
from django.db.models import Func, IntegerField
from django.db.models.expressions import RawSQL

from projects.engine import search_index

RANKED = 2000  # matches
TOKENIZER = "unicode61 remove_diacritics 2"  # the tokenizer of the index

# A quote would end the phrase; FTS5 treats the others as separators or rejects them.
_NO_WORD = re.compile('["\x00-\x1f\x7f-\x9f\ud800-\udfff\\s]+')

# Try whole words first: a prefix query merges all words with that prefix, which takes longer.
_MANY = (
    f"SELECT CASE WHEN EXISTS ({search_index.ROWS} LIMIT 1 OFFSET %s) THEN true "
    f"ELSE EXISTS ({search_index.ROWS} LIMIT 1 OFFSET %s) END"
)


def match_expression(text: str) -> str:
    """Return the FTS5 expression for all words of `text`; empty if it has no words."""
    words = [word for word in _NO_WORD.split(text) if any(character.isalnum() for character in word)]
    phrases = [f'"{word}"' for word in words]
    return " ".join([*phrases[:-1], f"{phrases[-1]} *"]) if phrases else ""


def has_few(match: str, most: int = RANKED) -> bool:
    """Return True if at most `most` projects, items and comments match."""
    with connection.cursor() as cursor:
        whole_words = match.removesuffix(" *")
        cursor.execute(_MANY, [search_index.asked(whole_words), most, search_index.asked(match), most])
        return not cursor.fetchone()[0]


def matching_ids(match: str) -> RawSQL:
    """Return the IDs of all matches, for a query that the matches drive."""
    return RawSQL(search_index.ENTITIES, [search_index.asked(match)])  # noqa: S611 -- constants; the expression is a parameter


def matching_entries(match: str) -> RawSQL:
    """Return the index rowids of all matches, for a query that walks an ordering and tests each row."""
    return RawSQL(search_index.ROWS, [search_index.asked(match)])  # noqa: S611 -- constants; the expression is a parameter


class EntryOf(Func):
    """The rowid of an entity in the search index."""

    arity = 1
    output_field = IntegerField()
    template = "(SELECT entry.id FROM projects_searchentry entry WHERE entry.entity_id = %(expressions)s)"


def passing(match: str, texts: Iterable[tuple[str, str, str]]) -> list[int]:
    """Return the indexes of those `texts` (key, title, body) that match, ascending.

    Uses an in-memory FTS5 table: the board's index would collect all matches of the board first.
    """
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(f"CREATE VIRTUAL TABLE text USING fts5(key, title, body, tokenize = '{TOKENIZER}')")
        rows = ((place, *text) for place, text in enumerate(texts))
        memory.executemany("INSERT INTO text (rowid, key, title, body) VALUES (?, ?, ?, ?)", rows)
        return [
            place for (place,) in memory.execute("SELECT rowid FROM text WHERE text MATCH ? ORDER BY rowid", [match])
        ]
