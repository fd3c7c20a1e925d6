"""What moves when a whole board moves: the rows of these models with these columns, in a fixed order.

The file has lines of JSON. The first names the format and the board, and the last has the counts and digests; so a
file that was cut is noticed. In between, a line with the name and the columns of each collection precedes its rows,
which are lists of values, sorted by ID. Users come last: those that a row names. The same board gives the same lines on
every database engine.

What stays: passwords, rights, tokens, sign-ins, sessions, claims, approvals of checks, what is only for a clone that
shares its board through git, the index of the repository's commits, and what is derived from other rows.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import IO
from uuid import UUID

from django.db import models

from projects.entities.registry import BY_REFERENCE
from projects.loose_types import AnyField, Framework
from projects.models import Activity, AttachmentContent, BoardIdentity, Commit, LostChange, Tombstone, User
from projects.models.base import Entity
from projects.models.commit import CommitMention, RenumberedCommit
from projects.models.sync import FormerKey
from projects.transfer.export import snapshot

FORMAT = 1
BATCH = 500  # rows
MEDIA_TYPE = "application/x-ndjson"

# The columns that stay, by model; those that the database generates stay, too.
STAYING = {
    "user": {
        *("password", "last_login", "is_superuser", "is_staff", "first_name", "last_name", "email", "news_cursor"),
    },
    "workitem": {
        *("claimed_by_id", "lease_id", "lease_expires_at", "lease_left", "lease_minutes", "claimed_from"),
        *("claim_session", "idle_leases"),
        *("open_blockers", "unblocks", "criteria_total", "criteria_ticked", "is_current"),  # derived
    },
    "activity": {"position"},  # in the log of a board that is shared through git
}


@dataclass(frozen=True)
class Collection:
    """The rows of one model."""

    name: str
    model: type[models.Model]
    fields: tuple[AnyField, ...]

    @property
    def columns(self) -> list[str]:
        return [field.attname for field in self.fields]

    @property
    def batch(self) -> int:
        """The number of rows that are in memory at a time: files may be large."""
        return 1 if self.model is AttachmentContent else BATCH

    def rows(self, users: set[UUID]) -> Iterator[list[Framework]]:
        """Yield the values of each row in the file's form, ordered by ID; collect the users that they name."""
        found = self.model._default_manager.order_by("pk")
        if self.model is Commit:
            found = found.exclude(reported_by="")  # the others are read from the repository again
        elif self.model is CommitMention:
            found = found.exclude(commit__reported_by="")
        elif self.model is User:
            found = found.filter(pk__in=users)
        people = [place for place, field in enumerate(self.fields) if field.related_model is User]
        for values in found.values_list(*self.columns).iterator(chunk_size=self.batch):
            users.update(values[place] for place in people if values[place] is not None)
            yield [_outward(value) for value in values]


@cache
def collections() -> tuple[Collection, ...]:
    """Return the collections in the order of the file."""
    entities: list[type[models.Model]] = [Entity.by_type[entity.name] for entity in BY_REFERENCE]
    others: list[type[models.Model]] = [
        Tombstone,
        Activity,
        LostChange,
        FormerKey,
        RenumberedCommit,
        Commit,
        CommitMention,
        AttachmentContent,
    ]
    models_in_order: list[type[models.Model]] = [*entities, *others, User]
    return tuple(map(_collection, models_in_order))


def _collection(model: type[models.Model]) -> Collection:
    staying = STAYING.get(model._meta.model_name or "", set())
    fields = [field for field in model._meta.concrete_fields if not field.generated and field.attname not in staying]
    return Collection(model._meta.model_name or "", model, tuple(fields))


class Digests:
    """Digests of what was written: of everything, of the activity, and of the attachments."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._all, self._activity, self._attachments = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()

    def add(self, name: str, line: bytes) -> None:
        """Take note of a line of a collection."""
        self._all.update(line)
        if name == "activity":
            self._activity.update(line)
        elif name == "attachmentcontent":
            self._attachments.update(line)

    def document(self) -> dict[str, Framework]:
        """Return what the last line of the file says."""
        return {
            "counts": self.counts,
            "digest": self._all.hexdigest(),
            "activity": self._activity.hexdigest(),
            "attachments": self._attachments.hexdigest(),
        }


def write(target: IO[bytes]) -> dict[str, Framework]:
    """Write the board with its history from one snapshot; return what the last line says."""
    board = str(BoardIdentity.current())
    with snapshot():
        target.write(encode({"pm_board": FORMAT, "board": board}))
        found = _write(target)
        target.write(encode({"end": found}))
    return found


def digests() -> dict[str, Framework]:
    """Return what the last line of `write` would say."""
    with snapshot():
        return _write(None)


def _write(target: IO[bytes] | None) -> dict[str, Framework]:
    digests, users = Digests(), set[UUID]()
    for collection in collections():
        _put(target, digests, collection.name, {"collection": collection.name, "columns": collection.columns})
        count = 0
        for row in collection.rows(users):
            _put(target, digests, collection.name, row)
            count += 1
        digests.counts[collection.name] = count
    return digests.document()


def _put(target: IO[bytes] | None, digests: Digests, name: str, document: object) -> None:
    line = encode(document)
    digests.add(name, line)
    if target is not None:
        target.write(line)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def encode(document: object) -> bytes:
    """Return a line of the file."""
    return _encode(document).encode() + b"\n"


def _outward(value: Framework) -> Framework:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode()
    return value
