"""Unite two items of a project that have the same external reference, as after two imports of one source.

The first one in the log stays. Its fields that are empty and unchanged are filled from the second one, whose ID
stays an alias: later operations on it, and what refers to it, are about the first one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from projects.entities.spec import EMPTY, LABELS, PERSON, Entity, Field
from projects.loose_types import Json
from projects.sync.operations import DELETED_AT, Operation
from projects.sync.state import Record, Stamp, State, labels_of, reference_key

ALIASES = "aliases"  # of the values of an item
MAX_ALIASES = 100  # of one item
PLACE = "place"  # the register of type, parent and sprint


def resolved(state: State, operation: Operation) -> Operation:
    """Return the operation with the IDs of the items that stayed in place of aliases."""
    pk = operation.id
    if operation.type == "work_item" and state.record(pk) is None:
        pk = _target(state, pk)
    changes = operation.changes
    for name in _links(operation.entity):
        new = changes[name][1] if name in changes else None
        if new and state.record(new) is None and (target := _target(state, new)) != new:
            changes = {**changes, name: (changes[name][0], target)}
    if pk == operation.id and changes is operation.changes:
        return operation
    return replace(operation, id=pk, changes=changes)


def twin(state: State, operation: Operation) -> Record | None:
    """Return the living item that has the external reference of an item to be created."""
    new = {name: value for name, (_, value) in operation.changes.items()}
    reference, project = new.get("external_ref"), new.get("project")
    if operation.action != "created" or operation.type != "work_item" or not (reference and project):
        return None
    found = state.found("ref", reference_key(project, reference)) if not new.get(DELETED_AT.name) else ()
    return state.record(min(found)) if found else None


def has_alias(record: Record, pk: str) -> bool:
    """Return True if the item with this ID was united with the record. Raises ValueError if too many were."""
    known = record.values.get(ALIASES, ())
    if pk not in known and len(known) >= MAX_ALIASES:
        raise ValueError(f"{MAX_ALIASES} items were united with it already")
    return pk in known


def filled(
    first: Record, operation: Operation, stamp: Stamp, by: dict[str, str], *, place: bool
) -> tuple[Record, Operation]:
    """Return the item with what the operation adds to it, and an operation that says what that is.

    `by` spells the people in the operation as the log does. Without `place`, parent and sprint stay as they are.
    """
    record, added = first.copy(), dict[str, tuple[Json, Json]]()
    record.values[ALIASES] = list(dict.fromkeys((*record.values.get(ALIASES, ()), operation.id)))
    record.version += 1
    registers: dict[str, list[Field]] = {}
    for field in operation.entity.travelling:
        if not field.fixed and field.name in operation.changes and field.name in record.values:
            registers.setdefault(field.register, []).append(field)
    untouched = record.stamps["project"].group
    for register, fields in registers.items():
        if record.stamps[register].group != untouched or (register == PLACE and not place):
            continue
        values = {field.name: operation.changes[field.name][1] for field in fields}
        if any(not _can_be_empty(field) and values[field.name] != record.values[field.name] for field in fields):
            continue
        for field in fields:
            old, new = record.values[field.name], values[field.name]
            if new in _EMPTY or old not in _EMPTY or (field.kind == LABELS and record.labels):
                continue
            record.values[field.name] = by.get(new, new) if field.kind == PERSON else new
            record.stamps[register] = stamp
            added[field.name] = (old, new)
    name = labels_of(operation.entity)
    for label in added[name][1] if name in added else ():
        record.labels[label.casefold()] = (label, True, stamp)
    if added and stamp.at >= record.updated_at:
        record.updated_at, record.updated_by = stamp.at, stamp.by
    return record, replace(operation, id=record.id, action="updated", changes=added, stamps={})


@cache
def _links(entity: Entity) -> tuple[str, ...]:
    """Return the names of the fields that refer to work items."""
    return tuple(field.name for field in entity.references if field.refers == "work_item")


def _can_be_empty(field: Field) -> bool:
    return field.null or field.kind in EMPTY


def _target(state: State, pk: str) -> str:
    return next(iter(state.found("alias", pk)), pk)


_EMPTY: Iterable[Json] = (None, "", [])
