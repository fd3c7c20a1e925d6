"""The published state and the order of the log in the database's tables; see `projects.models.sync`.

The digest of a state is the XOR of its records' hashes, so a change of one record costs one hash. It finds faults of
the program, not attacks: an attacker can publish any state anyway.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from django.db import connection

from projects.loose_types import Json, SqlRow
from projects.sync.fold import Order
from projects.sync.operations import Group, encode
from projects.sync.state import Chain, Move, Record, indexed, moved

BATCH = 500  # rows
MANY = 5_000  # changed records, whose documents take more memory than it takes time to encode them again
_INDEXED = "SELECT record_id FROM projects_syncindex WHERE name = %s AND key = %s"
_SEVERAL = "SELECT key, record_id FROM projects_syncindex WHERE name = %s AND key IN"
MAX_RECORDS = 50_000  # kept in memory between transactions
EMPTY = "0" * 64  # the digest of an empty state


def hashed(document: str) -> int:
    """Return the hash of a record's document."""
    return int.from_bytes(hashlib.sha256(document.encode()).digest())


class StoredState:
    """The state in the database. Changes stay in memory until `flush`, in the transaction of the caller.

    `digest` is that of the state when it was last flushed; the caller stores it. Records stay in memory between
    transactions: only one sync at a time changes the tables.
    """

    def __init__(self, digest: str = "") -> None:
        self.digest = digest or EMPTY
        # While all records are in memory, which begins with an empty table, a miss needs no query.
        self._is_complete = not _rows("SELECT 1 FROM projects_syncrecord LIMIT 1")
        self._hashes: dict[str, int] = {}
        self.users: dict[str, str] = dict(_rows("SELECT folded, name FROM projects_syncuser"))
        self._new_users: dict[str, str] = {}
        self._records: dict[str, Record | None] = {}
        self._changed: set[str] = set()
        self._documents: dict[str, str] = {}  # of changed records, by ID; empty if there are MANY
        self._index: dict[tuple[str, str], Collection[str]] = {}  # one or none as a tuple, which takes less memory
        self._gained: set[tuple[str, str, str]] = set()
        self._lost: set[tuple[str, str, str]] = set()

    def record(self, pk: str) -> Record | None:
        found = self._records.get(pk)
        if found is not None or self._is_complete:
            return found
        if pk not in self._records:
            self._records[pk] = None
            for (document,) in _rows("SELECT document FROM projects_syncrecord WHERE id = %s", [pk]):
                self._records[pk] = Record.of(json.loads(document))
                self._hashes[pk] = hashed(document)
        return self._records[pk]

    def expect(self, groups: Iterable[Group]) -> None:
        """Read what the operations of the groups are about, in few queries instead of some for each."""
        if self._is_complete:
            return
        ids: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        # A history changes no state, and may hold any value.
        for operation in (one for group in groups if not group.history for one in group.operations):
            ids.add(operation.id)
            values = {name: new for name, (_, new) in operation.changes.items()}
            ids.update(pk for one in operation.entity.references if (pk := values.get(one.name)))
            if operation.type == "work_item":
                pairs.add(("review", operation.id))
            if operation.action == "created":
                with suppress(KeyError):  # an operation that lacks a value is void
                    pairs |= indexed(Record(operation.type, operation.id, values))
        for some in _parts(ids - self._records.keys()):
            self._records.update(dict.fromkeys(some))
            rows = _rows(f"SELECT id, document FROM projects_syncrecord WHERE id IN ({_marks(some)})", some)  # noqa: S608
            for pk, document in rows:
                self._records[pk] = Record.of(json.loads(document))
                self._hashes[pk] = hashed(document)
        pairs.update(("alias", pk) for pk in ids if self._records[pk] is None)
        keys: dict[str, list[str]] = {}
        for name, key in pairs - self._index.keys():
            keys.setdefault(name, []).append(key)
        for name, wanted in keys.items():
            for some in _parts(wanted):
                self._index.update(((name, key), ()) for key in some)
                for key, pk in _rows(f"{_SEVERAL} ({_marks(some)})", [name, *some]):
                    self._enter(name, key, pk)

    def put(self, record: Record, move: Move | None = None) -> None:
        gone, here = move or moved(self.record(record.id), record)
        for name, key in gone:
            self._leave(name, key, record.id)
            entry = (name, key, record.id)
            if entry in self._gained:
                self._gained.discard(entry)
            else:
                self._lost.add(entry)
        for name, key in here:
            self._enter(name, key, record.id)
            entry = (name, key, record.id)
            if entry in self._lost:
                self._lost.discard(entry)
            else:
                self._gained.add(entry)
        self._records[record.id] = record
        self._changed.add(record.id)

    def found(self, index: str, key: str) -> set[str]:
        return set(self._entries(index, key))

    def user(self, name: str) -> str:
        folded = name.casefold()
        if folded not in self.users:
            self.users[folded] = self._new_users[folded] = name
        return self.users[folded]

    def settle(self) -> None:
        """Compute what `flush` writes, and the digest: this takes longer than writing it."""
        changed, self._changed = self._changed, set()
        is_kept = len(changed) < MANY
        digest = int(self.digest, 16)
        for pk in changed:
            if (record := self._records[pk]) is not None:
                document = encode(record.document())
                digest ^= self._hashes.get(pk, 0)
                self._hashes[pk] = hashed(document)
                digest ^= self._hashes[pk]
                self._documents[pk] = document if is_kept else ""
        self.digest = f"{digest:064x}"

    @property
    def changes(self) -> int:
        """The number of records that `flush` writes, at most."""
        return len(self._changed) + len(self._documents)

    @property
    def has_changes(self) -> bool:
        """True if `flush` has something to write."""
        return self.changes > 0

    def changed(self) -> list[Record]:
        """Return the records that `flush` writes, once `settle` has run."""
        return [record for pk in self._documents if (record := self._records[pk]) is not None]

    def flush(self) -> set[str]:
        """Write the changes; return the IDs of the changed records."""
        self.settle()
        documents, self._documents = self._documents, {}
        _many(
            "INSERT INTO projects_syncrecord (id, document) VALUES (%s, %s) "
            "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
            ((pk, document or self._encoded(pk)) for pk, document in documents.items()),
        )
        _many("DELETE FROM projects_syncindex WHERE name = %s AND key = %s AND record_id = %s", self._lost)
        _many("INSERT INTO projects_syncindex (name, key, record_id) VALUES (%s, %s, %s)", self._gained)
        _many("INSERT INTO projects_syncuser (folded, name) VALUES (%s, %s)", self._new_users.items())
        self._gained, self._lost, self._new_users = set(), set(), {}
        if len(self._records) > MAX_RECORDS:
            self._records, self._hashes, self._index, self._is_complete = {}, {}, {}, False
        return {*documents}

    def _encoded(self, pk: str) -> str:
        record = self._records[pk]
        assert record is not None, "only records that are there were changed"
        return encode(record.document())

    def _entries(self, name: str, key: str) -> Collection[str]:
        found = self._index.get((name, key))
        if found is None:
            rows = _rows(_INDEXED, [name, key]) if not self._is_complete else ()
            found = {pk for (pk,) in rows}
            if len(found) < 2:
                found = tuple(found)
            self._index[name, key] = found
        return found

    def _enter(self, name: str, key: str, pk: str) -> None:
        found = self._entries(name, key)
        if isinstance(found, set):
            found.add(pk)
        elif pk not in found:
            self._index[name, key] = {*found, pk} if found else (pk,)

    def _leave(self, name: str, key: str, pk: str) -> None:
        found = self._entries(name, key)
        if isinstance(found, set):
            found.discard(pk)
        elif pk in found:
            self._index[name, key] = ()


def all_records() -> Iterator[Record]:
    """Yield all records by ID."""
    return (Record.of(json.loads(document)) for _, document in all_documents())


def all_documents() -> Iterator[tuple[str, str]]:
    """Yield the ID and the document of all records, by ID.

    A query that stays open would keep writers from truncating the WAL.
    """
    last = ""
    while rows := _rows(
        "SELECT id, document FROM projects_syncrecord WHERE id > %s ORDER BY id LIMIT %s", [last, BATCH]
    ):
        last = rows[-1][0]
        yield from rows


class _Places(dict[str, Chain]):
    """The places of groups, loaded one by one."""

    def __missing__(self, group: str) -> Chain:
        for chain, step in _rows("SELECT chain, step FROM projects_syncgroup WHERE id = %s", [group]):
            self[group] = Chain(chain, step)
            return self[group]
        raise KeyError(group)

    def get(self, group: str, default: Json = None) -> Json:
        try:
            return self[group]
        except KeyError:
            return default

    def __contains__(self, group: object) -> bool:
        return self.get(str(group)) is not None


class StoredOrder(Order):
    """The order of the groups in the database. `flush` writes the new ones."""

    def __init__(self) -> None:
        rows = _rows("SELECT id, parent, parent_step, last_step FROM projects_syncchain")
        tails = {chain: last for chain, _, _, last in rows}
        parents = {chain: Chain(parent, step) for chain, parent, step, _ in rows if parent is not None}
        ((format,),) = _rows("SELECT coalesce(max(format), 1) FROM projects_syncboard")
        super().__init__(_Places(), tails, parents, max(tails, default=0), format)
        self._stored = dict(tails)
        self._is_new = not tails
        self.digests: dict[str, str] = {}  # of the groups that were added since
        self._absent: set[str] = set()  # groups that were not in the log when it was read

    def expect(self, groups: Iterable[str]) -> None:
        """Read which of the groups are in the log already, in few queries instead of one for each."""
        if self._is_new:
            return
        for some in _parts({*groups} - self.digests.keys() - self._absent):
            self._absent.update(some)
            self._absent.difference_update(
                pk
                for (pk,) in _rows(f"SELECT id FROM projects_syncgroup WHERE id IN ({_marks(some)})", some)  # noqa: S608
            )

    def digest(self, group: str) -> str | None:
        """Return the digest of a group that is in the log already, or None."""
        if group in self.digests or self._is_new or group in self._absent:
            return self.digests.get(group)
        rows = _rows("SELECT digest FROM projects_syncgroup WHERE id = %s", [group])
        return next((digest for (digest,) in rows), None)

    def flush(self, groups: Iterable[tuple[str, int, str]]) -> None:
        """Store groups as (ID, position, digest) with the places that `add` gave them."""
        _many(
            "INSERT INTO projects_syncgroup (id, position, digest, chain, step) VALUES (%s, %s, %s, %s, %s)",
            ((group, position, digest, *self.places[group]) for group, position, digest in groups),
        )
        moved = {chain: step for chain, step in self.tails.items() if self._stored.get(chain) != step}
        _many(
            "INSERT INTO projects_syncchain (id, parent, parent_step, last_step) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET last_step = excluded.last_step",
            ((chain, *self.parents.get(chain, (None, None)), step) for chain, step in moved.items()),
        )
        self._stored.update(moved)
        if len(self.places) > MAX_RECORDS:
            self.places, self.digests, self._absent, self._is_new = _Places(), {}, set(), False


def _rows(query: str, values: list[SqlRow] | None = None) -> list[SqlRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or [])
        found: list[SqlRow] = cursor.fetchall()
        return found


def _parts(values: Collection[str]) -> Iterator[list[str]]:
    waiting = iter(values)
    while found := list(itertools.islice(waiting, BATCH)):
        yield found


def _marks(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _many(query: str, rows: Iterable[SqlRow]) -> None:
    """Run the query for each row, some at a time: Django keeps all that it gets in memory."""
    waiting = iter(rows)
    while found := list(itertools.islice(waiting, BATCH)):
        with connection.cursor() as cursor:
            cursor.executemany(query, found)
