"""What is on this clone's board, but could not be said in the log's format so far: rows of entities, and fields.

It is here because the clone had it before it joined. Once the format has changed, the next sync publishes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.db.models import Q

from projects.entities.registry import BY_REFERENCE
from projects.entities.spec import Entity, Field
from projects.models import SyncBoard
from projects.models.base import Entity as Model
from projects.models.prepared_queries import field_at
from projects.models.user import AGENT_NAME
from projects.sync import outbox
from projects.sync.import_operations import form
from projects.sync.joining import group_of, history, rows_of, value_of
from projects.sync.operations import Operation
from projects.sync.state import State


def add(board: SyncBoard, state: State, before: int, format: int) -> None:
    """Add what only formats after `before`, up to this one, can say to the outbox. The caller saves `board`.

    The board must not show yet what was published in the new format.
    """
    names = outbox.Names()
    waiting, created = _unpublished()
    kinds = [entity for entity in BY_REFERENCE if before < entity.since <= format]
    operations = [
        one
        for entity in kinds
        for one in rows_of(entity, names, format)
        if state.record(one.id) is None and one.id not in waiting
    ]
    for entity in BY_REFERENCE:
        if entity.since <= before:
            operations += _fields(entity, state, waiting, names, before, format)
    if not operations:
        return
    by = board.person or AGENT_NAME
    for activities, happened in history(board.packed, names, kinds, format):
        if created.isdisjoint(activities):
            outbox.add(board, group_of(board, by, happened, history=True), activities)
    for chunk in outbox.chunks((0, operation) for operation in operations):
        outbox.add(board, group_of(board, by, [operation for _, operation in chunk]))


def _unpublished() -> tuple[dict[str, set[str]], set[int]]:
    """Return the fields by entity, and the activity, that are in the outbox."""
    fields: dict[str, set[str]] = {}
    activities: set[int] = set()
    for _, one in outbox.waiting():
        activities.update(one.activities)
        if not one.group.history:
            for operation in one.group.operations:
                fields.setdefault(operation.id, set()).update(operation.changes)
    return fields, activities


def _fields(
    entity: Entity, state: State, waiting: dict[str, set[str]], names: outbox.Names, before: int, format: int
) -> Iterator[Operation]:
    """Yield a change for each living row with values that the log could not have."""
    model = Model.by_type[entity.name]
    newer = [field for field in entity.travelling_in(format) if field.since > before]
    if not newer:
        return
    now = form(datetime.now(UTC))
    stamps = ("id", "updated_at", "updated_by_id")
    rows = model._base_manager.filter(_is_set(model, newer), deleted_at=None).order_by("id")
    for row in rows.values(*stamps, *(field.column for field in newer)):
        pk = str(row["id"])
        record = state.record(pk)
        known = {*(record.values if record else ()), *waiting.get(pk, ())}
        changes = {field.name: (None, value_of(field, row, names)) for field in newer if field.name not in known}
        if changes and (record is not None or pk in waiting):
            stamp = {"updated_at": form(row["updated_at"]), "updated_by": names[row["updated_by_id"].hex]}
            yield Operation(at=now, type=entity.name, id=pk, action="updated", changes=changes, stamps=stamp)


def _is_set(model: type[Model], fields: Iterable[Field]) -> Q:
    """Return the condition that one of the fields is not as it is by default."""
    found = Q()
    for field in fields:
        default = field_at(model, field.column).get_default()
        found |= Q(**{f"{field.column}__isnull": False}) if default is None else ~Q(**{field.column: default})
    return found
