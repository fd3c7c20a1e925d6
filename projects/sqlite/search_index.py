"""The search index on SQLite: FTS5. `projects.postgres.search_index` has the same names.

`%s` in the statements is the expression of FTS5, as `asked` returns it.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

SNIPPET_WORDS = 24
# Stored texts contain neither character.
BEGIN, END = "\x02", "\x03"

ROWS = "SELECT rowid FROM projects_search WHERE projects_search MATCH %s"
ENTITIES = """
    SELECT entry.entity_id FROM projects_search CROSS JOIN projects_searchentry entry
    ON entry.id = projects_search.rowid WHERE projects_search MATCH %s
"""

# FTS5 itself sorts best first or newest first, so deleted rows are filtered one by one until the page is full.
# Texts come from the index, names from the tables.
_FIND = """
    SELECT entry.id, entry.entity_type, entry.entity_id, project.key, item.item_number,
           coalesce(item.title, project.title), coalesce(item.status, project.status),
           snippet(projects_search, -1, %s, %s, '…', %s)
    FROM projects_search
    JOIN projects_searchentry entry ON entry.id = projects_search.rowid
    LEFT JOIN projects_comment comment ON entry.entity_type = 'comment' AND comment.id = entry.entity_id
    LEFT JOIN projects_workitem item ON item.id = CASE entry.entity_type
        WHEN 'work_item' THEN entry.entity_id WHEN 'comment' THEN comment.work_item_id END
    JOIN projects_project project ON project.id = CASE entry.entity_type
        WHEN 'project' THEN entry.entity_id ELSE item.project_id END
    WHERE projects_search MATCH %s AND project.deleted_at IS NULL AND item.deleted_at IS NULL
      AND comment.deleted_at IS NULL AND entry.entity_id <> %s AND (%s IS NULL OR project.id = %s)
      {page}
"""
_BEST = _FIND.format(page="ORDER BY projects_search.rank LIMIT %s OFFSET %s")
_NEWEST = _FIND.format(page="AND projects_search.rowid < %s ORDER BY projects_search.rowid DESC LIMIT %s")
# The number of matches, and of those that are shown; of a common text only the first ones.
MATCHES = """
    SELECT count(*), count(shown.entry_id)
    FROM (SELECT rowid AS id FROM projects_search WHERE projects_search MATCH %s LIMIT %s) found
    LEFT JOIN projects_searchshown shown ON shown.entry_id = found.id AND shown.project_id IN (
        SELECT id FROM projects_project WHERE deleted_at IS NULL AND (%s IS NULL OR id = %s)
    )
"""
SHOWN = """
    SELECT count(*) FROM (
        SELECT 1 FROM projects_search
        CROSS JOIN projects_searchshown shown ON shown.entry_id = projects_search.rowid
        WHERE projects_search MATCH %s AND shown.project_id IN (
            SELECT id FROM projects_project WHERE deleted_at IS NULL AND (%s IS NULL OR id = %s)
        ) LIMIT %s
    )
"""
# Whether the index does not match the item that the text names: PONE-01 names PONE-1.
MISSES = """
    SELECT NOT EXISTS (SELECT 1 FROM projects_search WHERE projects_search MATCH %s
    AND projects_search.rowid = (SELECT id FROM projects_searchentry WHERE entity_id = %s))
"""


def asked(match: str) -> str:
    """Return the parameter of a statement for an expression of FTS5."""
    return match


def best(match: str, named: str, within: str | None, limit: int, offset: int) -> list[Any]:  # Any: rows of SQLite
    """Return rows of the best matches; `named` is left out, and all projects but `within` if it is given."""
    return _rows(_BEST, match, named, within, limit, offset)


def newest(match: str, named: str, within: str | None, before: int, limit: int) -> list[Any]:  # Any: as above
    """Return rows of the newest matches whose entry is before `before`."""
    return _rows(_NEWEST, match, named, within, before, limit)


def _rows(statement: str, match: str, named: str, within: str | None, *page: int) -> list[Any]:  # Any: as above
    with connection.cursor() as cursor:
        cursor.execute(statement, [BEGIN, END, SNIPPET_WORDS, match, named, within, within, *page])
        found: list[Any] = cursor.fetchall()  # Any: as above
        return found
