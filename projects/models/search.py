"""Search in texts, by SQLite's FTS5; the triggers of its migration keep the index in the writes' own transactions.

What many have is no measure of what is meant, and to rank a hundred thousand matches takes half a second: of more than
RANKED the newest come first, those with all words in the title before the others.
"""

from __future__ import annotations

import re
import uuid
from typing import Any, NamedTuple

from django.db import connection

from projects.models.matching import RANKED, has_few, match_expression
from projects.models.project import Project
from projects.models.work_item import WorkItem
from projects.models.work_item_query import DISPLAY_KEY

SNIPPET_WORDS = 24
# Neither can be in a stored text.
BEGIN, END = "\x02", "\x03"

_MARKS = re.compile(f"[{BEGIN}{END}]")

# Best first, or newest first, which FTS5 does by itself; what lives is asked row by row, until there are enough.
# Texts come from the index, names from the tables.
_FIND = """
    SELECT entry.entity_type, entry.entity_id, project.key, item.item_number,
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
    ORDER BY {order} LIMIT %s
"""
_BEST = _FIND.format(order="projects_search.rank")
_NEWEST = _FIND.format(order="projects_search.rowid DESC")


class Hit(NamedTuple):
    """Something that was found; a comment's key, title and status are its item's.

    `highlights` are the places in `snippet` that match, as [first, after the last] character.
    """

    type: str
    id: str
    display_key: str
    title: str
    status: str
    snippet: str
    highlights: list[list[int]]


def search(text: str, *, project: Project | None = None, limit: int = 20, ranked: int = RANKED) -> list[Hit]:
    """Return what has all the words of `text`, best first, nothing where it has no word; by at most four queries.

    The item whose display key is the whole text comes first. Of more than `ranked` matches the newest are best.
    """
    named = _named(text, project)
    hits = [_exact(item) for item in named]
    query = match_expression(text)
    if query and limit > len(hits):
        skip = named[0].pk.hex if named else ""
        within = project.pk.hex if project else None
        wanted = limit - len(hits)

        def find(statement: str, match: str) -> list[Hit]:
            with connection.cursor() as cursor:
                cursor.execute(statement, [BEGIN, END, SNIPPET_WORDS, match, skip, within, within, wanted])
                return [_hit(row) for row in cursor.fetchall()]

        if has_few(query, ranked):
            hits.extend(find(_BEST, query))
        else:
            found = {hit.id: hit for hit in find(_NEWEST, f"{{title}} : ({query})")}
            if len(found) < wanted:
                found = {hit.id: hit for hit in (*found.values(), *find(_NEWEST, query))}
            hits.extend(list(found.values())[:wanted])
    return hits


def highlighted(marked: str) -> tuple[str, list[list[int]]]:
    """Return `marked` without its marks, and the places that were between two of them."""
    parts = _MARKS.split(marked)
    places, length = [], 0
    for number, part in enumerate(parts):
        if number % 2:
            places.append([length, length + len(part)])
        length += len(part)
    return "".join(parts), places


def _named(text: str, project: Project | None) -> list[WorkItem]:
    key = text.strip()
    if not DISPLAY_KEY.fullmatch(key):
        return []
    found = WorkItem.objects.living().identified_by(key).select_related("project")
    return list(found.filter(project=project) if project else found)


def _exact(item: WorkItem) -> Hit:
    key = item.display_key
    return Hit("work_item", str(item.pk), key, item.title, item.status, key, [[0, len(key)]])


def _hit(row: tuple[Any, ...]) -> Hit:
    kind, pk, key, number, title, status, marked = row
    snippet, places = highlighted(marked)
    display_key = key if number is None else f"{key}-{number}"
    return Hit(kind, str(uuid.UUID(pk)), display_key, title, status, snippet, places)
