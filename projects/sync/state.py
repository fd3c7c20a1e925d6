"""The published state of a board: one record for each entity, and indexes for the rules between entities.

A state is a base and layers. A layer keeps what a group changes until it is known to hold, and what a clone's own
unpublished groups change on top of the published state. `projects.sync.stored_state` is the base in the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Protocol

from projects.entities.registry import BY_NAME
from projects.entities.spec import LABELS, Entity
from projects.entities.work_item import WORK_ITEM
from projects.loose_types import Json


class Stamp(NamedTuple):
    """Who set a register: the position of the group in the log, the author's time, the group and its author."""

    position: int
    at: str
    group: str
    by: str


@dataclass(slots=True)
class Record:
    """An entity: its values in the form of operations, and for each register the stamp of the change that won.

    `labels` has for each label, in lower case, its name, whether it is there, and its stamp. `version` counts the
    operations on the entity, also those that moved no state: a version that a client has seen never returns.
    """

    type: str
    id: str
    values: dict[str, Json] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    labels: dict[str, tuple[str, bool, Stamp]] = field(default_factory=dict)
    version: int = 0
    created_at: str = ""
    created_by: str = ""
    updated_at: str = ""
    updated_by: str = ""

    @property
    def entity(self) -> Entity:
        return BY_NAME[self.type]

    @property
    def is_living(self) -> bool:
        return self.values.get("deleted_at") is None

    def copy(self) -> Record:
        return Record(
            self.type,
            self.id,
            dict(self.values),
            dict(self.stamps),
            dict(self.labels),
            self.version,
            self.created_at,
            self.created_by,
            self.updated_at,
            self.updated_by,
        )

    def document(self) -> list[Json]:
        """Return what `encode` writes, always the same for equal records; the caller must not change it."""
        return [
            *(self.type, self.id, self.version),
            *(self.created_at, self.created_by, self.updated_at, self.updated_by),
            *(self.values, self.stamps, self.labels),
        ]

    @classmethod
    def of(cls, document: list[Json]) -> Record:
        """Return the record that `document` wrote. Raises ValueError, TypeError, LookupError or AttributeError."""
        kind, pk, version, created_at, created_by, updated_at, updated_by, values, stamps, labels = document
        return cls(
            type=kind,
            id=pk,
            values=dict(values),
            stamps={name: Stamp(*stamp) for name, stamp in stamps.items()},
            labels={name: (label, there, Stamp(*stamp)) for name, (label, there, stamp) in labels.items()},
            version=version,
            created_at=created_at,
            created_by=created_by,
            updated_at=updated_at,
            updated_by=updated_by,
        )


class Chain(NamedTuple):
    """The place of a group among those of its clone: `step` in `chain`, which begins after a step of `parent`."""

    chain: int
    step: int


class State(Protocol):
    """What the fold reads and writes."""

    def record(self, pk: str) -> Record | None:
        """Return the record, which the caller must not change; None if there is none."""

    def put(self, record: Record, move: Move | None = None) -> None:
        """Store a new or changed record. `move` is what `moved` returns for it, if the caller knows."""

    def found(self, index: str, key: str) -> set[str]:
        """Return the IDs of the records with this key in an index of `indexed`."""

    def user(self, name: str) -> str:
        """Return the name of the user that equals `name` but for case: the first one in the log."""


_REFERENCES = tuple(field.name for field in WORK_ITEM.detachable)
# The values of a work item that decide its entries.
_INDEXED = (*_REFERENCES, "item_number", "external_ref", "deleted_at", "aliases")


Move = tuple[set[tuple[str, str]], set[tuple[str, str]]]
_UNMOVED: Move = (set(), set())


def moved(before: Record | None, record: Record) -> Move:
    """Return the index entries that a change of a record removes and adds."""
    if before is not None and record.type == "work_item":
        old, new = before.values.get, record.values.get
        for name in _INDEXED:
            if old(name) != new(name):
                break
        else:
            return _UNMOVED
    gone, here = indexed(before) if before else set(), indexed(record)
    return gone - here, here - gone


def indexed(record: Record) -> set[tuple[str, str]]:
    """Return the (index, key) pairs by which the rules find a record. Deleted ones keep only numbers and aliases."""
    values, kind = record.values, record.type
    found: set[tuple[str, str]] = set()
    if kind == "work_item":
        found.add(("number", f"{values['project']}/{values['item_number']}"))
        found.update(("alias", pk) for pk in values.get("aliases", ()))
    elif kind == "question":
        found.add(("question", f"{values['work_item']}/{values['number']}"))
    if not record.is_living:
        return found
    if kind == "project":
        found.add(("key", values["key"]))
    elif kind == "work_item":
        for name in _REFERENCES:
            if values.get(name):
                found.add((name, values[name]))
        if values.get("external_ref"):
            found.add(("ref", reference_key(values["project"], values["external_ref"])))
    elif kind == "sprint" and values["status"] == "active":
        found.add(("active", values["project"]))
    elif kind == "swim_lane":
        found.add(("lane", f"{values['project']}/{values['status_value']}"))
    elif kind == "review":
        found.add(("review", values["work_item"]))
    elif kind == "dependency":
        found.add(("pair", f"{values['blocking_item']}/{values['blocked_item']}"))
        if values["dependency_type"] == "blocks":
            found.add(("blocks", values["blocking_item"]))
            found.add(("blocked", values["blocked_item"]))
    elif kind == "time_entry" and values.get("ended_at") is None:
        found.add(("running", values["user"]))
    return found


def reference_key(project: str, reference: str) -> str:
    """Return the key of an external reference in the index `ref`: short, however long the reference is."""
    return f"{project}/{hashlib.sha256(reference.encode()).hexdigest()[:32]}"


class MemoryState:
    """A whole state in memory."""

    def __init__(self, records: Iterable[Record] = (), users: Iterable[str] = ()) -> None:
        self.records: dict[str, Record] = {}
        self._index: dict[tuple[str, str], set[str]] = {}
        self.users: dict[str, str] = {}
        for name in users:
            self.user(name)
        for record in records:
            self.put(record)

    def record(self, pk: str) -> Record | None:
        return self.records.get(pk)

    def put(self, record: Record, move: Move | None = None) -> None:
        before = self.records.get(record.id)
        for pair in indexed(before) if before else ():
            self._index[pair].discard(record.id)
        self.records[record.id] = record
        for pair in indexed(record):
            self._index.setdefault(pair, set()).add(record.id)

    def found(self, index: str, key: str) -> set[str]:
        return set(self._index.get((index, key), ()))

    def user(self, name: str) -> str:
        return self.users.setdefault(name.casefold(), name)


class Layer:
    """Changes on top of another state, which stays as it is until `commit`."""

    def __init__(self, below: State) -> None:
        self.below = below
        self.records: dict[str, Record] = {}
        self._moves: dict[str, Move] = {}  # of records that changed once
        self._gained: dict[tuple[str, str], set[str]] = {}
        self._lost: dict[tuple[str, str], set[str]] = {}
        self.users: dict[str, str] = {}

    def record(self, pk: str) -> Record | None:
        return self.records.get(pk) or self.below.record(pk)

    def put(self, record: Record, move: Move | None = None) -> None:
        gone, here = move = move or moved(self.record(record.id), record)
        if record.id in self.records:
            self._moves.pop(record.id, None)
        else:
            self._moves[record.id] = move
        for pair in gone:
            self._gained.get(pair, set()).discard(record.id)
            self._lost.setdefault(pair, set()).add(record.id)
        for pair in here:
            self._lost.get(pair, set()).discard(record.id)
            self._gained.setdefault(pair, set()).add(record.id)
        self.records[record.id] = record

    def found(self, index: str, key: str) -> set[str]:
        pair = (index, key)
        return (self.below.found(index, key) | self._gained.get(pair, set())) - self._lost.get(pair, set())

    def user(self, name: str) -> str:
        folded = name.casefold()
        if folded not in self.users:
            # Ask the state below without adding the name to it.
            self.users[folded] = known if (known := _known(self.below, folded)) else name
        return self.users[folded]

    def commit(self) -> None:
        """Write the changes to the state below."""
        for name in self.users.values():
            self.below.user(name)
        for record in self.records.values():
            self.below.put(record, self._moves.get(record.id))


def _known(state: Json, folded: str) -> str | None:
    while isinstance(state, Layer):
        if folded in state.users:
            return state.users[folded]
        state = state.below
    name: str | None = state.users.get(folded)
    return name


@cache
def labels_of(entity: Entity) -> str | None:
    """Return the name of the entity's field with labels, if it has one."""
    return next((one.name for one in entity.fields if one.kind == LABELS), None)
