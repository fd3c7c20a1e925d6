"""Full-text search with SQLite FTS5. Triggers update the index in the transaction of each write.

Ranking very common terms is slow (half a second for 100,000 matches) and uninformative. With more than RANKED matches,
results are ordered newest first, and title matches come before other matches.

Counting stops at COUNTED matches: beyond, an exact number says little, and counting 134,000 takes 20 to 90 ms of
processor time. Whole words are counted first, since FTS5 merges the lists of all words that begin with a prefix, which
takes 4 ms if there are many: what has too many matches without the prefix has too many with it.

Ranked results are paged by offset: a row written between two pages may shift the rest by one. Newest-first results use
keyset pagination on the index rowid, which is stable.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from functools import cache, cached_property
from typing import Literal, NamedTuple

from django.db import connection

from projects.loose_types import FieldValue
from projects.models.fts import RANKED, match_expression
from projects.models.prepared_queries import Bound, Row, Statement, bound, field_at
from projects.models.project import Project
from projects.models.work_items.item import WorkItem
from projects.models.work_items.queries import DISPLAY_KEY, WorkItemQuerySet

SNIPPET_WORDS = 24
COUNTED = 2_000  # results
# Stored texts contain neither character.
BEGIN, END = "\x02", "\x03"

_MARKS = re.compile(f"[{BEGIN}{END}]")

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
_MATCHES = """
    SELECT count(*), count(shown.entry_id)
    FROM (SELECT rowid AS id FROM projects_search WHERE projects_search MATCH %s LIMIT %s) found
    LEFT JOIN projects_searchshown shown ON shown.entry_id = found.id AND shown.project_id IN (
        SELECT id FROM projects_project WHERE deleted_at IS NULL AND (%s IS NULL OR id = %s)
    )
"""
_SHOWN = """
    SELECT count(*) FROM (
        SELECT 1 FROM projects_search
        CROSS JOIN projects_searchshown shown ON shown.entry_id = projects_search.rowid
        WHERE projects_search MATCH %s AND shown.project_id IN (
            SELECT id FROM projects_project WHERE deleted_at IS NULL AND (%s IS NULL OR id = %s)
        ) LIMIT %s
    )
"""
# Whether the index does not match the item that the text names: PONE-01 names PONE-1.
_MISSES = """
    SELECT NOT EXISTS (SELECT 1 FROM projects_search WHERE projects_search MATCH %s
    AND projects_search.rowid = (SELECT id FROM projects_searchentry WHERE entity_id = %s))
"""
LAST_ENTRY = 2**63 - 1


class Hit(NamedTuple):
    """A search result; a comment has the key, title and status of its item.

    `highlights` are the matching ranges of `snippet`, as [start, end) character offsets.
    """

    type: str
    id: str
    display_key: str
    title: str
    status: str
    snippet: str
    highlights: list[list[int]]


Order = Literal["best", "titles", "texts"]


class Place(NamedTuple):
    """The start of a page of results.

    For order "best", `at` is the offset. For the newest-first orders "titles" and then "texts", `at` is the rowid of
    the last index entry before the page.
    """

    order: Order
    at: int


class Results(list[Hit]):
    """A page of results; `next` is the start of the next page, or None on the last page."""

    def __init__(self, hits: Iterable[Hit], following: Place | None = None, finding: _Finding | None = None) -> None:
        super().__init__(hits)
        self.next = following
        self._finding = finding

    @property
    def total(self) -> int:
        """The number of results on all pages, at most the limit of counting; the first access runs one query."""
        return self._counted[0]

    @property
    def total_is_exact(self) -> bool:
        """False if counting stopped at the limit: there are more than `total` results."""
        return self._counted[1]

    @cached_property
    def _counted(self) -> tuple[int, bool]:
        return self._finding.counted_results() if self._finding else (0, True)


def search(
    text: str,
    *,
    project: Project | None = None,
    limit: int = 20,
    start: Place | None = None,
    ranked: int = RANKED,
    counted: int = COUNTED,
) -> Results:
    """Return entities that contain all words of `text`, best first; runs at most seven queries.

    A text without words has no results. An item whose display key or external reference equals the
    text comes first. With more than `ranked`
    matches, results are ordered newest first. `total` counts at most `counted` results. For later pages, pass the
    previous page's `next` as `start`.
    """
    match = match_expression(text)
    if not match:
        return Results([])
    within = project.pk.hex if project else None
    named = _named(text, within)
    finding = _Finding(match, named[0] if named else "", within, counted, ranked)
    hits = [_exact(named)] if named and start is None else []
    start = start or (Place("best", 0) if finding.matches[0] <= ranked else Place("titles", LAST_ENTRY))
    found, following = finding.page(start, limit - len(hits))
    return Results([*hits, *found], following, finding)


class _Finding:
    """A search: a match of FTS5, the id of the item `named` by its key or "", the id of a project or None."""

    def __init__(self, match: str, named: str, within: str | None, counted: int, ranked: int) -> None:
        self.match, self.named, self.within, self.counted = match, named, within, counted
        self._most = max(counted, ranked)

    @cached_property
    def matches(self) -> tuple[int, int]:
        """The number of matches, and of those that are shown, among the first ones."""
        whole_words = self._first_matches(self.match.removesuffix(" *"))
        return whole_words if whole_words[0] > self._most else self._first_matches(self.match)

    def _first_matches(self, match: str) -> tuple[int, int]:
        found = self._query(_MATCHES, match, self._most + 1, self.within, self.within)
        return found[0], found[1]

    def counted_results(self) -> tuple[int, bool]:
        """Return the number of results of all pages, at most `counted`, and whether it is exact."""
        matches, shown = self.matches
        if matches > self._most and shown <= self.counted:  # more may follow that are shown
            shown = self._query(_SHOWN, self.match, self.within, self.within, self.counted + 1)[0]
        if self.named and self._query(_MISSES, self.match, self.named)[0]:
            shown += 1
        return min(shown, self.counted), shown <= self.counted

    def _query(self, statement: str, *values: str | int | None) -> tuple[FieldValue, ...]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            found: tuple[FieldValue, ...] = cursor.fetchone()
            return found

    def page(self, start: Place, limit: int) -> tuple[list[Hit], Place | None]:
        """Return up to `limit` results from `start`, and the start of the next page."""
        if start.order == "best":
            rows = self._rows(_BEST, self.match, limit + 1, start.at)
            following = Place("best", start.at + limit) if len(rows) > limit else None
            return [_hit(row) for row in rows[:limit]], following
        in_title = f"{{title}} : ({self.match})"
        if start.order == "texts":
            rows = self._rows(_NEWEST, f"({self.match}) NOT ({in_title})", start.at, limit + 1)
            return [_hit(row) for row in rows[:limit]], _after(rows, limit, start)
        rows = self._rows(_NEWEST, in_title, start.at, limit + 1)
        if len(rows) > limit:
            return [_hit(row) for row in rows[:limit]], _after(rows, limit, start)
        more, following = self.page(Place("texts", LAST_ENTRY), limit - len(rows))
        return [*(_hit(row) for row in rows), *more], following

    def _rows(self, statement: str, match: str, *page: int) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(statement, [BEGIN, END, SNIPPET_WORDS, match, self.named, self.within, self.within, *page])
            found: list[Row] = cursor.fetchall()
            return found


def _after(rows: list[Row], limit: int, start: Place) -> Place | None:
    """Return the place after the first `limit` of `rows`, which begin at `start`; None if there are no more."""
    if len(rows) <= limit:
        return None
    return start._replace(at=rows[limit - 1][0]) if limit else start


def highlighted(marked: str) -> tuple[str, list[list[int]]]:
    """Remove the highlight marks from `marked`; return the plain text and the marked ranges."""
    parts = _MARKS.split(marked)
    places, length = [], 0
    for number, part in enumerate(parts):
        if number % 2:
            places.append([length, length + len(part)])
        length += len(part)
    return "".join(parts), places


def _named(text: str, within: str | None) -> Row | None:
    """Return ID, project key, number, title and status of the item whose key or external reference is `text`."""
    name = text.strip()
    values: dict[str, FieldValue] = {} if within is None else {"project_id": within}
    rows: list[Row] = []
    if match := DISPLAY_KEY.fullmatch(name):
        values |= {"project__key": match[1].upper(), "item_number": int(match[2])}
        rows = _with_key(within is not None).rows(**values)
    if not rows and name.encode(errors="ignore").decode() == name:  # SQLite takes no lone surrogates
        rows = _with_reference(within is not None).rows(**values | {"external_ref": name})
    return rows[0] if rows else None


@cache
def _with_key(in_project: bool) -> Statement:
    return _naming(WorkItem.objects.living().filter(**bound(WorkItem, ["project__key", "item_number"])), in_project)


@cache
def _with_reference(in_project: bool) -> Statement:
    return _naming(
        WorkItem.objects.referred_to_by(Bound("external_ref", field_at(WorkItem, "external_ref"))), in_project
    )


def _naming(items: WorkItemQuerySet, in_project: bool) -> Statement:
    if in_project:
        items = items.filter(**bound(WorkItem, ["project_id"]))
    columns = ("pk", "project__key", "item_number", "title", "status")
    return Statement(items.order_by("project_id").values_list(*columns)[:1])


def _exact(row: Row) -> Hit:
    pk, project_key, number, title, status = row
    key = f"{project_key}-{number}"
    return Hit("work_item", str(uuid.UUID(pk)), key, title, status, key, [[0, len(key)]])


def _hit(row: Row) -> Hit:
    _, kind, pk, key, number, title, status, marked = row
    snippet, places = highlighted(marked)
    display_key = key if number is None else f"{key}-{number}"
    return Hit(kind, str(uuid.UUID(pk)), display_key, title, status, snippet, places)
