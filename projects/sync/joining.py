"""Join a board: this clone's board becomes the first groups that it publishes.

A clone that founds a board publishes all of it. A clone that joins one unites both: what only one side has is kept, and
what both have, by its ID, is merged field by field.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from django.db import connection, transaction
from django.utils import timezone

from projects.engine import dialect
from projects.entities.registry import BY_NAME, BY_REFERENCE
from projects.entities.spec import PERSON, Entity, Field
from projects.loose_types import Json, SqlRow
from projects.models import Project, SyncBoard
from projects.models.base import Entity as Model
from projects.models.exceptions import Conflict
from projects.models.user import AGENT_NAME
from projects.sync import outbox, upgrading
from projects.sync.git_tree import FORMAT
from projects.sync.import_operations import form
from projects.sync.operations import Group, Operation

CHUNK = 500  # operations of a group


@transaction.atomic
def join(
    *,
    board_id: uuid.UUID,
    remote: str,
    ref: str,
    person: str,
    interval: int = 0,
    format: int = FORMAT,
    founds: bool = False,
) -> SyncBoard:
    """Join the board, or found it, with everything on this clone's board as unpublished groups in this `format`."""
    board = SyncBoard(board_id=board_id, remote=remote, ref=ref, person=person, interval=interval)
    ((board.packed,),) = _rows("SELECT coalesce(max(id), 0) FROM projects_activity")
    board.save(force_insert=True)
    names = outbox.Names()
    by = person or AGENT_NAME
    # Also if the log should have it already: what follows is written in this format.
    if founds or (format > 1 and Project.objects.exists()):
        upgrading.add(board, format)
    kinds = [entity for entity in BY_REFERENCE if entity.since <= format]  # an older log knows no others
    for activities, operations in history(board.packed, names, kinds, format):
        outbox.add(board, group_of(board, by, operations, history=True), activities)
    for chunk in outbox.chunks((0, operation) for entity in kinds for operation in rows_of(entity, names, format)):
        outbox.add(board, group_of(board, by, [operation for _, operation in chunk]))
    board.save()
    return board


@transaction.atomic
def leave() -> None:
    """Forget the joined board; the board itself, with all that was applied, stays as it is."""
    for table in ("board", "record", "index", "user", "group", "chain", "outbox", "advance"):
        _rows(f"DELETE FROM projects_sync{table} RETURNING 1")  # noqa: S608 -- constants
    _rows("DELETE FROM projects_numberblock RETURNING 1")
    _rows("UPDATE projects_activity SET position = NULL WHERE position IS NOT NULL RETURNING 1")


def group_of(board: SyncBoard, by: str, operations: list[Operation], *, history: bool = False) -> Group:
    """Return a group of rows of this clone's board, or of what happened to them before."""
    return Group(
        id=uuid.uuid4().hex,
        base=board.position,
        after=board.after.hex if board.after else None,
        by=by,
        operations=operations,
        rows=not history,
        quiet=not history,
        history=history,
    )


def history(
    newest: int, names: outbox.Names, kinds: Iterable[Entity], format: int
) -> Iterator[tuple[list[int], list[Operation]]]:
    """Yield (IDs of activity, operations) for all that happened to these entities, and is in no log."""
    wanted = {entity.name for entity in kinds}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, actor_id, entity_type, entity_id, action, changes, {dialect.time_text('created_at')}, "  # noqa: S608
            "display_key, version, "
            "project_id FROM projects_activity WHERE id <= %s AND position IS NULL ORDER BY id",
            [newest],
        )
        while batch := cursor.fetchmany(CHUNK):
            found = (row for row in batch if row[2] in wanted)
            for part in outbox.chunks((row[0], _cut(outbox.bounded(_as_history(row, names, format)))) for row in found):
                yield [pk for pk, _ in part], [operation for _, operation in part]


def _as_history(row: SqlRow, names: outbox.Names, format: int) -> Operation:
    _, actor, kind, pk, action, encoded, created_at, key, version, project = row
    by_column = {field.column: field for field in BY_NAME[kind].travelling_in(format)}
    changes: dict[str, tuple[Json, Json]] = {}
    for change in json.loads(encoded):
        field = by_column.get(change["field"])
        if field is not None:
            old, new = change["old"], change["new"]
            changes[field.name] = (names.of(old), names.of(new)) if field.kind == PERSON else (old, new)
    return Operation(
        at=outbox.exact_moment(created_at),
        type=kind,
        id=str(uuid.UUID(pk)),
        action=action,
        changes=changes,
        stamps={},
        key=key,
        version=version,
        project=str(uuid.UUID(project)),
        by=names[actor],
    )


def _cut(operation: Operation) -> Operation:
    """Return an operation of a history, its longest texts cut if it is too large: earlier versions had no limit."""
    while outbox.exceeds(operation):
        texts = {name: new for name, (_, new) in operation.changes.items() if isinstance(new, str)}
        longest = max(texts, key=lambda name: len(texts[name]), default=None)
        cut = None if longest is None else f"{texts[longest][: len(texts[longest]) // 2]}…"
        kept = {
            name: (None, cut if name == longest else new) for name, (_, new) in operation.changes.items() if longest
        }
        operation = replace(operation, changes=kept)
    return operation


def rows_of(entity: Entity, names: outbox.Names, format: int) -> Iterator[Operation]:
    """Yield the creation of each row of an entity as it is now."""
    now = form(timezone.now())
    fields = entity.travelling_in(format)
    model = Model.by_type[entity.name]
    columns = [field.column for field in fields]
    stamps = ("version", "created_at", "created_by_id", "updated_at", "updated_by_id", "deleted_at")
    for row in list(model._base_manager.order_by("id").values("id", *columns, *stamps)):
        changes = {field.name: (None, value_of(field, row, names)) for field in fields}
        if row["deleted_at"]:
            changes["deleted_at"] = (None, form(row["deleted_at"]))
        operation = Operation(
            at=now,
            type=entity.name,
            id=str(row["id"]),
            action="created",
            changes=changes,
            stamps={
                "version": row["version"],
                "created_at": form(row["created_at"]),
                "created_by": names[row["created_by_id"].hex],
                "updated_at": form(row["updated_at"]),
                "updated_by": names[row["updated_by_id"].hex],
            },
        )
        if outbox.exceeds(operation):
            key = model._base_manager.get(pk=row["id"]).display_key
            raise Conflict(f"{key} is larger than 1 MiB and can't be shared; shorten its texts first")
        yield operation


def value_of(field: Field, row: Mapping[str, Json], names: outbox.Names) -> Json:
    """Return the value of a field in the form of operations."""
    value = form(row[field.column])
    return names.of(value) if field.kind == PERSON else value


def _rows(query: str, values: Iterable[SqlRow] = ()) -> list[SqlRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        found: list[SqlRow] = cursor.fetchall()
        return found
