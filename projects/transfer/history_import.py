"""Move a board with its history into an empty one, in one transaction that ends with a comparison of digests.

The file comes from an administrator, and its rows were valid on another board. So each value is checked for its type
and length, and the constraints of the database say the rest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.core.management.color import no_style
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from projects.loose_types import AnyField, Framework
from projects.models import Activity, AttachmentContent, BoardIdentity, BoardMove, SyncBoard, User
from projects.models.base import Entity
from projects.models.exceptions import Conflict
from projects.models.fields import LabelsField
from projects.transfer import bulk_loading, history
from projects.transfer.exceptions import refusal
from projects.transfer.history import FORMAT, Collection, collections

MAX_LINE = 64 << 20  # bytes
ORDERED = ("field", "old", "new")  # the members of a change, as they are written here


def is_empty() -> bool:
    """Return True if the board has no content and no history; it may have users."""
    contents: list[type[models.Model]] = [Activity, AttachmentContent, *Entity.by_type.values()]
    return not any(model._default_manager.exists() for model in contents)


def state() -> dict[str, Framework]:
    """Return what a move of a board to or from here depends on."""
    move = BoardMove.objects.first()
    last = Activity.objects.order_by("-pk").values_list("pk", flat=True).first()
    moved_here = {"board": str(move.source), "digest": move.digest, "at": move.moved_at} if move else None
    return {
        "board": str(BoardIdentity.current()),
        "format": FORMAT,
        "is_empty": is_empty(),
        "is_shared": SyncBoard.joined() is not None,
        "moved_here": moved_here,
        "last_activity": last or 0,
    }


def read(file: IO[bytes], *, actor: str) -> dict[str, Framework]:
    """Fill this empty board from a file of `history.write`; return its last line, and whether it was here before.

    The same file a second time changes nothing. Raises BadFile, Conflict if the board is not empty or shared, or if
    a user here is of another kind.
    """
    source, declared = _ends(file)
    with transaction.atomic():
        move = BoardMove.objects.first()
        if move is not None and (str(move.source), move.digest) == (source, declared["digest"]):
            return {"end": declared, "already": True}
        if not is_empty():
            raise Conflict("this board is not empty; a board can only be moved to an empty one")
        if SyncBoard.joined() is not None:
            raise Conflict("this board is shared through git; leave that first: pm sync disable")
        _fill(file, declared)
        found = history.digests()
        if found != declared:
            raise refusal(_difference(found, declared))
        values = {"source": source, "digest": declared["digest"], "moved_by": actor, "moved_at": timezone.now()}
        BoardMove.objects.update_or_create(pk=1, defaults=values)
    return {"end": declared, "already": False}


def _ends(file: IO[bytes]) -> tuple[str, dict[str, Framework]]:
    """Return the board that the first line names, and the content of the last line. Raises BadFile."""
    file.seek(0)
    first = _document(file.readline(MAX_LINE), 1)
    if not isinstance(first, dict) or "pm_board" not in first:
        raise refusal("the file is no board with its history; expected one of: pm sync export --with-history")
    if first["pm_board"] != FORMAT:
        raise refusal(f"the file has format {first['pm_board']!r}; this version of pm reads {FORMAT}: upgrade pm first")
    try:
        board = str(UUID(first.get("board")))
    except (ValueError, TypeError, AttributeError):
        raise refusal("the first line must name the board") from None
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16)))
    last = _document(file.read().rstrip(b"\n").rpartition(b"\n")[2], 0)
    end = last.get("end") if isinstance(last, dict) else None
    if not isinstance(end, dict) or not isinstance(end.get("digest"), str):
        raise refusal("the file is cut: its last line is missing")
    return board, end


def _fill(file: IO[bytes], declared: dict[str, Framework]) -> None:
    """Insert all rows. Raises BadFile, Conflict."""
    counts = declared.get("counts")
    items = counts.get("workitem") if isinstance(counts, dict) else None
    try:
        with bulk_loading.filled_at_end(items if type(items) is int else 0):
            for collection, rows in _batches(file):
                if collection.model is User:
                    _insert_users(rows)
                else:
                    collection.model._default_manager.bulk_create(rows)
        _reset_sequences()
        connection.check_constraints()
    except IntegrityError as error:
        raise refusal(f"the rows do not fit together: {' '.join(str(error).split())}") from None


def _batches(file: IO[bytes]) -> Iterator[tuple[Collection, list[models.Model]]]:
    """Yield the rows of each collection as instances, a batch after the other."""
    file.seek(0)
    file.readline(MAX_LINE)
    coming = iter(collections())
    current: Collection | None = None
    batch: list[models.Model] = []
    number = 1
    while line := file.readline(MAX_LINE):
        number += 1
        document = _document(line, number)
        if isinstance(document, list) and current is not None:
            batch.append(_instance(current, document, number))
            if len(batch) < current.batch:
                continue
        if current is not None and batch:
            yield current, batch
            batch = []
        if isinstance(document, list) and current is not None:
            continue
        if isinstance(document, dict) and "end" in document:
            if next(coming, None) is not None or file.read(1):
                raise refusal(f"line {number}: the end is not where it should be")
            return
        current = next(coming, None)
        if current is None or document != {"collection": current.name, "columns": current.columns}:
            raise refusal(f"line {number}: expected the columns of {current.name if current else 'no more rows'}")


def _document(line: bytes, number: int) -> Framework:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise refusal(
            f"line {number}: is not JSON" if number else "the file is cut: its last line is missing"
        ) from None


def _instance(collection: Collection, row: list[Framework], number: int) -> models.Model:
    if len(row) != len(collection.fields):
        raise refusal(f"line {number}: a row of {collection.name} has {len(collection.fields)} values")
    values = {}
    for field, value in zip(collection.fields, row, strict=True):
        try:
            values[field.attname] = _inward(field, value)
        except (ValueError, TypeError, binascii.Error):
            raise refusal(f"line {number}: {collection.name}.{field.attname} has a value that it can't have") from None
    if collection.model is AttachmentContent and (
        hashlib.sha256(values["data"]).hexdigest() != values["digest"] or len(values["data"]) != values["size"]
    ):
        raise refusal(f"line {number}: the content of an attachment is not what its digest says")
    return collection.model(**values)


def _inward(field: AnyField, value: Framework) -> Framework:
    """Return a value of the file as the model has it. Raises ValueError, TypeError."""
    if isinstance(field, models.ForeignKey):
        field = field.target_field
    if value is None:
        if not field.null and not field.primary_key:
            raise ValueError
        return None
    if isinstance(field, models.JSONField):
        return [_ordered(each) for each in value] if isinstance(value, list) and field.name == "changes" else value
    if isinstance(field, LabelsField):
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise TypeError
        return value
    if isinstance(field, models.UUIDField):
        return UUID(value)
    if isinstance(field, models.DateTimeField):
        return _with_zone(datetime.fromisoformat(value))
    if isinstance(field, models.DateField):
        return date.fromisoformat(value)
    if isinstance(field, models.BinaryField):
        return base64.b64decode(value, validate=True)
    if isinstance(field, models.BooleanField):
        return _of_type(bool, value)
    if isinstance(field, models.IntegerField):
        return _of_type(int, value)
    text: str = _of_type(str, value)
    if "\0" in text or (field.max_length is not None and len(text) > field.max_length):
        raise ValueError
    return text


def _ordered(change: Framework) -> Framework:
    """Return a change with its members in the order in which they are written here."""
    return (
        {name: change[name] for name in (*ORDERED, *change) if name in change} if isinstance(change, dict) else change
    )


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _of_type(kind: type, value: Framework) -> Framework:
    if type(value) is not kind:
        raise TypeError
    return value


def _insert_users(users: list[Framework]) -> None:
    """Add the users that are not here, without rights and passwords; those that are here keep theirs.

    Raises Conflict if one here is of another kind: nobody becomes a person, or may sign in, by a file.
    """
    here = User.objects.in_bulk([user.pk for user in users])
    new = [user for user in users if user.pk not in here]
    for user in new:
        user.password = make_password(None)
        user.is_staff = user.is_superuser = False
    for user in users:
        known = here.get(user.pk)
        if known is None:
            continue
        if (known.username, known.is_agent, known.is_active) != (user.username, user.is_agent, user.is_active):
            raise Conflict(
                f"{user.username} differs on the two boards: {_kind(user)} on the one that moves, {_kind(known)} on "
                "this one; make them equal in Settings, People and agents"
            )
        known.date_joined, known.is_kind_confirmed = user.date_joined, user.is_kind_confirmed
    User.objects.bulk_create(new)
    User.objects.bulk_update(here.values(), ["date_joined", "is_kind_confirmed"])


def _kind(user: User) -> str:
    return f"{user.kind}{'' if user.is_active else ', inactive'}"


def _reset_sequences() -> None:
    """Let new rows get IDs after those that were inserted."""
    for statement in connection.ops.sequence_reset_sql(no_style(), [each.model for each in collections()]):
        with connection.cursor() as cursor:
            cursor.execute(statement)


def _difference(found: dict[str, Framework], declared: dict[str, Framework]) -> str:
    counts = dict(declared.get("counts") or {})
    different = [name for name, count in found["counts"].items() if counts.get(name) != count]
    return f"the board is not the one of the file ({', '.join(different) or 'its digest differs'}); nothing was changed"
