"""The issues of a file between the two passes over them: in a temporary database on disk, so memory stays small.

SQLite deletes the file as soon as it is open, so nothing is left of an import that is killed.
"""

from __future__ import annotations

import operator
import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

from projects.trackers import cross_references
from projects.trackers.records import Comment, Criterion, Issue, Link

BATCH = 500
PARENT = "parent"  # the kind of a relation, besides those of links
NEW, KNOWN, DELETED, OLDER = range(4)  # what is on the board for an issue

_TABLES = """
    CREATE TABLE issue (
        number INTEGER PRIMARY KEY, ref TEXT UNIQUE, was TEXT, place TEXT, own_key TEXT, own_ref TEXT,
        created REAL, updated REAL, content BLOB
    );
    CREATE INDEX renamed ON issue (was) WHERE was IS NOT NULL;
    CREATE TABLE relation (number INTEGER, kind TEXT, ref TEXT, made REAL);
    CREATE TABLE word (folded TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;
    CREATE TABLE target (number INTEGER PRIMARY KEY, id BLOB, item INTEGER, position TEXT, state INTEGER);
    CREATE TABLE made (id BLOB PRIMARY KEY) WITHOUT ROWID;
"""
_RESOLVED = """
    SELECT number, kind, ref, made, coalesce(
        (SELECT o.number FROM issue o WHERE o.ref = r.ref AND o.was IS NULL),
        (SELECT min(o.number) FROM issue o WHERE o.was = r.ref),
        (SELECT o.number FROM issue o WHERE o.ref = r.ref)
    ) FROM relation r ORDER BY r.rowid
"""

_ADD_WORD = "INSERT OR REPLACE INTO word VALUES (?, ?)"
_ADD_SHORT = "INSERT OR IGNORE INTO word VALUES (?, ?)"  # an issue that has the word as its reference goes first


class Entry(NamedTuple):
    """What the import must know of an issue to find it on the board. Times are seconds since 1970."""

    number: int
    ref: str
    own_key: str
    own_ref: str
    created: float | None
    updated: float | None


class Target(NamedTuple):
    """The item of an issue: its ID as bytes, its number, and its position if it is on the board."""

    number: int
    id: bytes
    item: int
    position: str | None
    state: int


class Relation(NamedTuple):
    """A parent or a link as the file has it; `other` is None if that issue is not in the file."""

    number: int
    kind: str
    ref: str
    made: float | None
    other: int | None


class Ledger:
    """Issues by their number in the file, from 0."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a temporary file
        self._run = self._database.execute
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -8192"):
            self._run(f"PRAGMA {pragma}")
        self._database.executescript(_TABLES)
        self._run("BEGIN")
        self.count = 0

    def close(self) -> None:
        """Remove the file."""
        self._database.close()

    def has(self, ref: str) -> bool:
        """Return True if an issue has this reference."""
        return self._run("SELECT 1 FROM issue WHERE ref = ?", (ref,)).fetchone() is not None

    def add(self, issue: Issue, ref: str) -> int:
        """Add an issue under the reference that it has on the board; return its number."""
        number, self.count = self.count, self.count + 1
        was = None if ref == issue.ref else issue.ref
        times = seconds(issue.created_at), seconds(issue.updated_at)
        relations: list[tuple[int, str, str, float | None]] = []
        if issue.parent:
            relations.append((number, PARENT, issue.parent, None))
        relations += [(number, link.kind, link.ref, seconds(link.created_at)) for link in issue.links]
        # Plain values: pickle is much slower with classes. Only this process reads the file, which has no name.
        content = pickle.dumps(_values(issue), pickle.HIGHEST_PROTOCOL)
        row = (number, ref, was, issue.place, issue.own_key, issue.own_ref, *times, content)
        self._run("INSERT INTO issue VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        if relations:
            self._database.executemany("INSERT INTO relation VALUES (?, ?, ?, ?)", relations)
        for word, is_short in cross_references.words_of(ref):
            self._run(_ADD_SHORT if is_short else _ADD_WORD, (word, number))
        return number

    def relations(self) -> Iterator[Relation]:
        """Yield the parents and links of all issues."""
        return map(Relation._make, self._run(_RESOLVED))

    def named(self, number: int) -> tuple[str, str]:
        """Return the reference and the place of an issue."""
        ref, place = self._run("SELECT ref, place FROM issue WHERE number = ?", (number,)).fetchone()
        return ref, place

    def entries(self) -> Iterator[list[Entry]]:
        """Yield all issues in batches."""
        cursor = self._run("SELECT number, ref, own_key, own_ref, created, updated FROM issue ORDER BY number")
        while rows := cursor.fetchmany(BATCH):
            yield [Entry(*row) for row in rows]

    def aim(self, targets: Iterable[Target]) -> None:
        """Set the items of issues."""
        self._database.executemany("INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?)", targets)

    def target(self, number: int) -> Target:
        """Return the item of an issue."""
        return Target(*self._run("SELECT * FROM target WHERE number = ?", (number,)).fetchone())

    def issues(self) -> Iterator[list[tuple[str, Issue, Target]]]:
        """Yield the reference, the issue and its item, in batches."""
        query = "SELECT ref, content, target.* FROM issue JOIN target USING (number) ORDER BY number"
        cursor = self._run(query)
        while rows := cursor.fetchmany(BATCH):
            yield [(ref, _issue(pickle.loads(content)), Target(*target)) for ref, content, *target in rows]  # noqa: S301 -- our own file

    def item_of(self, word: str) -> int | None:
        """Return the number of the item that a word in a text certainly means."""
        query = "SELECT item FROM word JOIN target USING (number) WHERE folded = ?"
        found = self._run(query, (word.casefold(),)).fetchone()
        return found[0] if found else None

    def index_targets(self) -> None:
        """Prepare for `has_target`."""
        self._run("CREATE INDEX IF NOT EXISTS by_id ON target (id)")

    def has_target(self, pk: bytes, *states: int) -> bool:
        """Return True if an issue has this item, in one of these states if any are given."""
        found = self._run("SELECT state FROM target WHERE id = ?", (pk,)).fetchone()
        return found is not None and (not states or found[0] in states)

    def note(self, pk: bytes) -> None:
        """Remember that the file has a link or a criterion."""
        self._run("INSERT OR IGNORE INTO made VALUES (?)", (pk,))

    def has_noted(self, pk: bytes) -> bool:
        """Return True if the file has this link or criterion."""
        return self._run("SELECT 1 FROM made WHERE id = ?", (pk,)).fetchone() is not None


def seconds(moment: datetime | None) -> float | None:
    """Return a moment as seconds since 1970."""
    return None if moment is None else moment.timestamp()


def moment(value: float | None) -> datetime | None:
    """Return seconds since 1970 as a moment in UTC."""
    return None if value is None else datetime.fromtimestamp(value, UTC)


_FIELDS = operator.attrgetter(*(field.name for field in fields(Issue)))
_PARTS = tuple(
    (place, made, operator.attrgetter(*(part.name for part in fields(made))))
    for place, field in enumerate(fields(Issue))
    if (made := {"comments": Comment, "criteria": Criterion, "links": Link}.get(field.name))
)


def _values(issue: Issue) -> list[object]:
    """Return the values of an issue, with tuples in place of its parts."""
    values: list[object] = list(_FIELDS(issue))
    for place, _, parts in _PARTS:
        values[place] = [parts(one) for one in values[place]]  # type: ignore[attr-defined]  # these fields are lists
    return values


def _issue(values: list[Any]) -> Issue:  # Any: what `_values` returned
    for place, made, _ in _PARTS:
        values[place] = [made(*one) for one in values[place]]
    return Issue(*values)
