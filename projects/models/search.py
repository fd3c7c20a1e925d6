"""Full-text search with the index of the engine. Triggers update the index in the transaction of each write.

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

from projects.engine import search_index
from projects.loose_types import FieldValue
from projects.models.fts import RANKED, match_expression
from projects.models.prepared_queries import Bound, Row, Statement, bound, field_at
from projects.models.project import Project
from projects.models.work_items.item import WorkItem
from projects.models.work_items.queries import DISPLAY_KEY, WorkItemQuerySet

COUNTED = 2_000  # results
BEGIN, END = search_index.BEGIN, search_index.END

_MARKS = re.compile(f"[{BEGIN}{END}]")

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
        found = self._query(search_index.MATCHES, search_index.asked(match), self._most + 1, self.within, self.within)
        return found[0], found[1]

    def counted_results(self) -> tuple[int, bool]:
        """Return the number of results of all pages, at most `counted`, and whether it is exact."""
        matches, shown = self.matches
        if matches > self._most and shown <= self.counted:  # more may follow that are shown
            shown = self._query(
                search_index.SHOWN, search_index.asked(self.match), self.within, self.within, self.counted + 1
            )[0]
        if self.named and self._query(search_index.MISSES, search_index.asked(self.match), self.named)[0]:
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
            rows = search_index.best(self.match, self.named, self.within, limit + 1, start.at)
            following = Place("best", start.at + limit) if len(rows) > limit else None
            return [_hit(row) for row in rows[:limit]], following
        in_title = f"{{title}} : ({self.match})"
        if start.order == "texts":
            rows = self._newest(f"({self.match}) NOT ({in_title})", start.at, limit + 1)
            return [_hit(row) for row in rows[:limit]], _after(rows, limit, start)
        rows = self._newest(in_title, start.at, limit + 1)
        if len(rows) > limit:
            return [_hit(row) for row in rows[:limit]], _after(rows, limit, start)
        more, following = self.page(Place("texts", LAST_ENTRY), limit - len(rows))
        return [*(_hit(row) for row in rows), *more], following

    def _newest(self, match: str, before: int, limit: int) -> list[Row]:
        return search_index.newest(match, self.named, self.within, before, limit)


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
    if not rows and name.encode(errors="ignore").decode() == name and "\0" not in name:  # no engine takes both
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
