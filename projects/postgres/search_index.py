"""The search index on PostgreSQL: a tsvector and a GIN index. `projects.sqlite.search_index` has the same names.

An expression of FTS5 finds the same texts here: `pm_tokens` splits a text as FTS5 does, and `pm_query` builds a query
from the phrases of an expression. The order of the best matches is PostgreSQL's own. Snippets are made by FTS5 in
memory, from the few texts of a page.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from django.db import connection

SNIPPET_WORDS = 24
BEGIN, END = "\x02", "\x03"
TOKENIZER = "unicode61 remove_diacritics 2"  # that of SQLite's index
NOBODY = "0" * 32  # the ID of no entity
IN_TITLE = "{title} : "  # how an expression of FTS5 begins that asks for titles only
LESS = " NOT ("
_PHRASE = re.compile(r'"([^"]*)"')

ROWS = "SELECT id FROM projects_searchentry WHERE words @@ pm_query(%s)"
ENTITIES = "SELECT entity_id FROM projects_searchentry WHERE words @@ pm_query(%s)"
_FIND = """
    WITH found AS MATERIALIZED (
        SELECT entry.id, entry.entity_type, entry.entity_id, {rank} AS rank FROM projects_searchentry entry
        WHERE entry.words @@ pm_query(%s)
    )
    SELECT entry.id, entry.entity_type, entry.entity_id, project.key, item.item_number,
           coalesce(item.title, project.title), coalesce(item.status, project.status),
           CASE entry.entity_type WHEN 'comment' THEN '' WHEN 'project' THEN project.key
               ELSE project.key || '-' || item.item_number
               || CASE item.external_ref WHEN '' THEN '' ELSE ' ' || item.external_ref END END,
           CASE entry.entity_type WHEN 'comment' THEN '' ELSE coalesce(item.title, project.title) END,
           CASE entry.entity_type WHEN 'comment' THEN comment.content
               ELSE coalesce(item.description, project.description) END
    FROM found entry
    LEFT JOIN projects_comment comment ON entry.entity_type = 'comment' AND comment.id = entry.entity_id
    LEFT JOIN projects_workitem item ON item.id = CASE entry.entity_type
        WHEN 'work_item' THEN entry.entity_id WHEN 'comment' THEN comment.work_item_id END
    JOIN projects_project project ON project.id = CASE entry.entity_type
        WHEN 'project' THEN entry.entity_id ELSE item.project_id END
    WHERE project.deleted_at IS NULL AND item.deleted_at IS NULL AND comment.deleted_at IS NULL
      AND entry.entity_id <> %s AND (%s IS NULL OR project.id = %s)
      {page}
"""
# Weights of D, C, B and A: descriptions and comments, nothing, titles, keys.
_BEST = _FIND.format(
    rank="ts_rank('{0.1, 0.1, 1.0, 0.5}', entry.words, pm_query(%s), 1)",
    page="ORDER BY entry.rank DESC, entry.id LIMIT %s OFFSET %s",
)
_NEWEST = _FIND.format(rank="0", page="AND entry.id < %s ORDER BY entry.id DESC LIMIT %s")
MATCHES = """
    SELECT count(*), count(shown.entry_id)
    FROM (SELECT id FROM projects_searchentry WHERE words @@ pm_query(%s) LIMIT %s) found
    LEFT JOIN projects_searchshown shown ON shown.entry_id = found.id AND shown.project_id IN (
        SELECT id FROM projects_project WHERE deleted_at IS NULL AND (%s IS NULL OR id = %s)
    )
"""
SHOWN = """
    SELECT count(*) FROM (
        SELECT 1 FROM projects_searchentry entry
        JOIN projects_searchshown shown ON shown.entry_id = entry.id
        WHERE entry.words @@ pm_query(%s) AND shown.project_id IN (
            SELECT id FROM projects_project WHERE deleted_at IS NULL AND (%s IS NULL OR id = %s)
        ) LIMIT %s
    ) found
"""
MISSES = """
    SELECT NOT EXISTS (
        SELECT 1 FROM projects_searchentry WHERE words @@ pm_query(%s) AND entity_id = %s)
"""


def asked(match: str) -> str:
    """Return the parameter of `pm_query` for an expression of FTS5, as `projects.models` builds them."""
    wanted, _, left_out = match.partition(LESS)
    return json.dumps(
        {
            "phrases": _PHRASE.findall(wanted),
            "is_prefix": wanted.rstrip(")").endswith("*"),
            "weight": "B" if wanted.startswith(IN_TITLE) else "",
            "less": "B" if left_out else "",
        }
    )


def best(match: str, named: str, within: str | None, limit: int, offset: int) -> list[Any]:  # Any: rows as SQLite's
    query = asked(match)
    return _rows(match, _BEST, [query, query, named or NOBODY, within, within, limit, offset])


def newest(match: str, named: str, within: str | None, before: int, limit: int) -> list[Any]:  # Any: as above
    return _rows(match, _NEWEST, [asked(match), named or NOBODY, within, within, before, limit])


def _rows(match: str, statement: str, parameters: Sequence[str | int | None]) -> list[Any]:  # Any: as above
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
    marked = _snippets(match, [row[7:] for row in found])
    return [(*row[:7], text) for row, text in zip(found, marked, strict=True)]


def _snippets(match: str, texts: Sequence[Sequence[str]]) -> list[str]:
    """Return FTS5's snippets of texts (key, title, body) that match."""
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(f"CREATE VIRTUAL TABLE text USING fts5(key, title, body, tokenize = '{TOKENIZER}')")
        rows = ((place, *text) for place, text in enumerate(texts))
        memory.executemany("INSERT INTO text (rowid, key, title, body) VALUES (?, ?, ?, ?)", rows)
        made = memory.execute(
            "SELECT rowid, snippet(text, -1, ?, ?, '…', ?) FROM text WHERE text MATCH ?",
            [BEGIN, END, SNIPPET_WORDS, match],
        )
        found = dict(made.fetchall())
    return [found.get(place, "") for place in range(len(texts))]
