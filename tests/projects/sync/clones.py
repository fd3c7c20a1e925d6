"""Clones of a board, each with its own database, and a remote in memory with the same rule as a git ref.

The code between the two is the product's own: only the transport is replaced.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from projects.entities.registry import ENTITIES
from projects.models import Activity, Project, SyncBoard, User, WorkItem
from projects.sync import exchange, joining, publishing
from projects.sync.checkpoint import Checkpoint
from projects.sync.git_tree import FORMAT
from projects.transfer import export
from tests.postgres import databases

BOARD = uuid.UUID("b0a4d000-0000-4000-8000-000000000000")


class Raced(Exception):
    """Another clone pushed first."""


class Log:
    """An append-only list of segments; a push succeeds only on top of what it has."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.checkpoint: bytes | None = None
        self.skipped: set[int] = set()

    def segments(self, after: int) -> Iterator[str | None]:
        for number, text in enumerate(self.log[after:], after):
            yield None if number in self.skipped else text

    def push(self, base: int, segments: list[str], checkpoint: Checkpoint | None) -> None:
        if base != len(self.log):
            raise Raced
        self.log += segments
        if checkpoint is not None:
            self.checkpoint = checkpoint.encoded()

    @property
    def mark(self) -> Checkpoint | None:
        return Checkpoint.parse(self.checkpoint) if self.checkpoint else None


class BoardClone:
    """A clone; inside `with clone:` the models read and write its database.

    `template` is what it starts from: on SQLite the content of a file, on PostgreSQL the name of a database.
    """

    def __init__(self, path: Path, template: Any, person: str = "ada") -> None:  # Any: as said above
        self.path, self.person, self.template = path, person, template
        self._name = ""  # of the database, which is made when it is used
        self._connection: Any = None  # the driver's, kept open as opening one takes longer than most queries

    def __enter__(self) -> BoardClone:
        connection.close()
        if not self._name:
            self._name = databases.copied(self.template) if databases.ON_POSTGRES else str(self.path)
            if not databases.ON_POSTGRES:
                self.path.write_bytes(self.template)
        connection.settings_dict["NAME"] = self._name
        connection.connection = self._connection
        connection.ensure_connection()
        self._connection = connection.connection
        return self

    def __exit__(self, *_: object) -> None:
        connection.connection = None

    def disconnect(self) -> None:
        """Close the connection; the next use opens another one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def close(self) -> None:
        """Remove the database."""
        self.disconnect()
        if self._name and databases.ON_POSTGRES:
            databases.drop(self._name)

    def content(self) -> Any:  # Any: bytes, or a name
        """Return a template of this database."""
        with self:
            if not databases.ON_POSTGRES:
                return self._connection.serialize()
        self.disconnect()  # nobody may use what is copied
        return databases.copied(self._name)

    @property
    def user(self) -> User:
        return User.objects.actor(self.person, is_agent=False)

    def join(self, *, founds: bool = False) -> None:
        """Join the board; who `founds` it says that it has the newest format."""
        place = {"remote": "origin", "ref": "refs/pm/board", "person": self.person}
        joining.join(board_id=BOARD, format=FORMAT if founds else 1, founds=founds, **place)

    def fetch(self, log: Log) -> exchange.Report:
        return exchange.follow(log, mark=log.mark)

    def sync(self, log: Log) -> list[exchange.Report]:
        """Fetch, push and follow what was pushed, as `pm sync` does."""
        reports = [self.fetch(log)]
        parcel = publishing.prepare()
        if parcel.segments:
            log.push(SyncBoard.objects.get().segments, parcel.segments, parcel.checkpoint)
            reports.append(self.fetch(log))
        return reports


class Joined(NamedTuple):
    """Two clones of a board with one project and one item, as templates, and its log."""

    boards: tuple[Any, Any]
    log: Log


# By whether the log has the oldest format: a fixture writes both once, as many tests start from copies.
JOINED: dict[bool, Joined] = {}


def found_pair(make: Callable[[str], BoardClone], log: Log, *, oldest: bool) -> tuple[BoardClone, BoardClone]:
    """Found a board with one project and one item, and join it from another clone."""
    ada, bob = make("ada"), make("bob")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        WorkItem.objects.create(actor=ada.user, project=project, item_type="task", title="First")
        ada.join(founds=not oldest)
        ada.sync(log)
    with bob:
        bob.join()
    sync_both(log, ada, bob)
    return ada, bob


def joined_pair(make: Callable[[str], BoardClone], log: Log, *, oldest: bool = False) -> tuple[BoardClone, BoardClone]:
    """Return what `found_pair` makes, as copies."""
    pair, joined = (make("ada"), make("bob")), JOINED[oldest]
    for clone, content in zip(pair, joined.boards, strict=True):
        clone.template = content
    log.log, log.checkpoint = [*joined.log.log], joined.log.checkpoint
    return pair


def sync_both(log: Log, *clones: BoardClone) -> None:
    """Let each clone fetch and push, twice."""
    for clone in (*clones, *clones):
        with clone:
            clone.sync(log)


def switch(path: Path) -> None:
    """Connect to another database."""
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    connection.ensure_connection()


def exported() -> dict[str, Any]:
    """Return the whole board, without what stays in a clone: which users are agents, and attachments."""
    file = io.BytesIO()
    export.write(file)
    found: dict[str, Any] = json.loads(file.getvalue())
    for user in found["users"]:
        del user["is_agent"]
    local = {entity.name: found.pop(entity.plural) for entity in ENTITIES if not entity.travelling}
    found["deleted"] = [row for row in found["deleted"] if row["type"] not in local]
    return found


def history() -> list[tuple[Any, ...]]:
    """Return all published changes in the order of the log, without what only one clone knows."""
    rows = Activity.objects.filter(position__isnull=False).order_by("position", "entity_id", "id")
    return [
        (
            *(row.position, row.entity_type, str(row.entity_id), row.display_key, str(row.project_id), row.version),
            *(row.action, row.actor.username, row.standing, row.reason),
            sorted(
                (change["field"], json.dumps(change["new"]), change.get("lost", False))
                for change in row.changes
                if change["field"] != "claimed_by_id"
            ),
        )
        for row in rows.select_related("actor")
    ]


def assert_equal(log: Log, *clones: BoardClone) -> None:
    """Sync all clones until nothing is left, and compare their boards and histories."""
    for clone in (*clones, *clones):
        with clone:
            clone.sync(log)
    boards, histories = [], []
    for clone in clones:
        with clone:
            clone.fetch(log)
            boards.append(exported())
            histories.append(history())
    for board, happened in zip(boards, histories, strict=True):
        assert board == boards[0]
        assert happened == histories[0]


def add_items(clone: BoardClone, count: int) -> None:
    for number in range(count):
        project = Project.objects.get(key="PONE")
        WorkItem.objects.create(actor=clone.user, project=project, item_type="task", title=f"Item {number}")
