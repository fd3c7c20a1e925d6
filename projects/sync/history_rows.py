"""Groups of the log as rows of the board's history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache

from django.db import connection

from projects.engine import dialect
from projects.entities.spec import EMPTY, MOMENT, PERSON, Entity, Field
from projects.loose_types import Json, SqlRow
from projects.models import Activity
from projects.models.activity import SYNCED
from projects.models.user import id_of
from projects.sync.board_rows import ensure_users, mark_agents, person_id, stored_moment
from projects.sync.fold import APPLIED, VOID, Result
from projects.sync.operations import BOOKKEEPING, Group, Operation, encode
from projects.sync.state import Record, State
from projects.transfer.bulk_loading import indexed_at_end

MAX_REASON = 500  # characters
_COLUMNS = (
    "entity_type, entity_id, display_key, project_id, version, action, changes, actor_id, created_at, group_id, "
    "session, position, standing, reason, source"
)
_MARKS = ", ".join(["%s"] * (_COLUMNS.count(",") + 1))
_INSERT = f"INSERT INTO projects_activity ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 -- constants
# Rows that wait in a temporary table, as in projects.transfer.staging: writing it takes no lock on the board.
_SPILLED = f"{dialect.TEMP}sync_history"
_SPILL = f"INSERT INTO {_SPILLED} ({_COLUMNS}) VALUES ({_MARKS})"  # noqa: S608 -- constants
_UNSPILL = f"INSERT INTO projects_activity ({_COLUMNS}) SELECT {_COLUMNS} FROM {_SPILLED} ORDER BY rowid"  # noqa: S608
_UPDATE = (
    "UPDATE projects_activity SET position = %s, display_key = %s, project_id = %s, version = %s, standing = %s, "
    "reason = %s WHERE id = %s"
)
# Once published, the change of an item that was united with another one is in the history of that one.
_RESOLVE = "UPDATE projects_activity SET entity_id = %s, action = %s, changes = %s WHERE id = %s"
# Of two claims the first in the log keeps the item; the other ends, even if both are of the same name.
_END_CLAIM = (
    "UPDATE projects_workitem SET claimed_by_id = NULL, lease_id = NULL, lease_expires_at = NULL WHERE id = %s "
    "AND (claimed_by_id, claim_session) IN (SELECT actor_id, session FROM projects_activity WHERE id = %s)"
)
# What does not count waits in the inbox, unless a person has seen it already; see models.sync.LostChange.
_KEEP_LOST = (
    "INSERT INTO projects_lostchange (activity_id, after) SELECT %s, max(id) FROM projects_activity WHERE true "
    "ON CONFLICT (activity_id) DO NOTHING"
)
_DROP_LOST = "DELETE FROM projects_lostchange WHERE activity_id = %s"
_UNKNOWN = "00000000-0000-0000-0000-000000000000"


class HistoryRows:
    """Collects the history of groups while they are folded, and writes it at the end of the batch."""

    def __init__(self) -> None:
        self._new: list[tuple[SqlRow, ...]] = []
        self._spilled = 0  # rows that were new, too
        self._own: list[tuple[SqlRow, ...]] = []
        self._resolved: list[tuple[SqlRow, ...]] = []
        self._lost: list[tuple[Result, int]] = []
        self._ended: list[tuple[str, int]] = []  # claims: the item and the activity
        self._standings: dict[int, bool] = {}  # own activity: whether all of it counts
        self._people: set[str] = set()
        self._agents: set[str] = set()  # only agents have sessions

    def add(self, state: State, group: Group, position: int | None, results: Sequence[Result]) -> None:
        """Add the rows of a group that another clone wrote."""
        if group.quiet:
            return
        for result in _with_history(results):
            operation = result.operation
            by = state.user(operation.by or group.by)
            self._people.add(by)
            if group.session:
                self._agents.add(by)
            key, project = _names(state, operation)
            self._new.append(
                (
                    operation.type,
                    operation.id.replace("-", ""),
                    key,
                    project.replace("-", ""),
                    max(1, result.version),
                    operation.action,
                    encode(_with_lost(changes_of(operation), result)),
                    person_id(by),
                    stored_moment(operation.at),
                    group.id,
                    group.session,
                    position,
                    result.standing,
                    result.reason[:MAX_REASON],
                    SYNCED,
                )
            )

    def settle(self, state: State, position: int | None, results: Sequence[Result], activities: Sequence[int]) -> None:
        """Note in this clone's own rows what became of them."""
        for result, activity in zip(_with_history(results), activities, strict=False):  # a quiet group has no activity
            key, project = _names(state, result.operation)
            version, reason = max(1, result.version), result.reason[:MAX_REASON]
            self._own.append((position, key, project.replace("-", ""), version, result.standing, reason, activity))
            self._standings[activity] = bool(result.united) or (result.standing == APPLIED and not result.lost)
            if result.operation.claim and result.standing == VOID:
                self._ended.append((result.operation.id.replace("-", ""), activity))
            if result.is_resolved and position is not None:
                operation = result.operation
                changes = encode(_with_lost(changes_of(operation), result))
                self._resolved.append((operation.id.replace("-", ""), operation.action, changes, activity))
            elif result.lost and position is not None:
                self._lost.append((result, activity))

    def spill(self, least: int) -> bool:
        """Move new rows out of memory, without a lock on the board; return False if there are fewer than `least`."""
        if len(self._new) < least:
            return False
        with connection.cursor() as cursor:
            if not self._spilled:
                cursor.execute(f"DROP TABLE IF EXISTS {_SPILLED}")  # of a sync that failed
                types = dialect.types_of(Activity._meta.concrete_fields)
                columns = dialect.columns(**{name: types[name] for name in _COLUMNS.split(", ")})
                cursor.execute(f"CREATE TEMP TABLE sync_history ({columns}{dialect.ROWID})")
            with dialect.batch():
                cursor.executemany(_SPILL, self._new)
        self._spilled += len(self._new)
        self._new = []
        return True

    def flush(self) -> None:
        """Write the rows, in the caller's transaction."""
        ensure_users(self._people)
        mark_agents(self._agents)
        with connection.cursor() as cursor:
            if self._spilled:
                with indexed_at_end(Activity, self._spilled):
                    cursor.execute(_UNSPILL)
                cursor.execute(f"DROP TABLE {_SPILLED}")
            cursor.executemany(_INSERT, self._new)
            cursor.executemany(_UPDATE, self._own)
            cursor.executemany(_RESOLVE, self._resolved)
            cursor.executemany(_END_CLAIM, self._ended)
            cursor.executemany(_KEEP_LOST, [(pk,) for pk, counts in self._standings.items() if not counts])
            cursor.executemany(_DROP_LOST, [(pk,) for pk, counts in self._standings.items() if counts])
            for result, activity in self._lost:
                cursor.execute("SELECT changes FROM projects_activity WHERE id = %s", [activity])
                changes = encode(_with_lost(json.loads(cursor.fetchone()[0]), result))
                cursor.execute("UPDATE projects_activity SET changes = %s WHERE id = %s", [changes, activity])
        self._new, self._own, self._resolved, self._lost, self._ended, self._standings = [], [], [], [], [], {}
        self._spilled = 0


def changes_of(operation: Operation) -> list[dict[str, Json]]:
    """Return the changes in the form of the activity: tracked fields only, people by ID."""
    found: list[dict[str, Json]] = []
    tracked, changes, is_new = _tracked(operation.entity), operation.changes, operation.action == "created"
    for name in tracked if is_new else sorted(changes.keys() & tracked.keys(), key=list(tracked).index):
        field, column = tracked[name]
        if name in changes:
            old, new = changes[name]
            if field.kind == PERSON:
                old, new = (name and str(id_of(name)) for name in (old, new))
            elif field.kind == MOMENT and not operation.key:  # a history has the values as they were shown
                old, new = (value and _cut(value) for value in (old, new))
            if is_new or old != new:
                found.append({"field": column, "old": old, "new": new})
        elif not field.travels:
            found.append({"field": column, "old": None, "new": None})
        elif field.since > 1:  # the log had an older format
            found.append({"field": column, "old": None, "new": field.default or EMPTY.get(field.kind)})
    return found


@cache
def _tracked(entity: Entity) -> dict[str, tuple[Field, str]]:
    """Return the fields that the history records, with their columns, by name."""
    return {field.name: (field, field.column) for field in entity.fields if field.tracked}


def _with_lost(changes: list[dict[str, Json]], result: Result) -> list[dict[str, Json]]:
    """Mark the changes that do not count, where others of the operation do."""
    if not result.lost:
        return changes
    lost = {field.column for field in result.operation.entity.fields if field.name in result.lost}
    return [{**change, "lost": True} if change["field"] in lost else change for change in changes]


def shown_key(state: State, record: Record) -> str:
    """Return the display key of an entity, as its model does."""
    values, owner = record.values, record.entity.owner
    if record.type == "project" or owner is None:
        return str(values["key"])
    if record.type == "dependency":
        ends = [state.record(values[name]) for name in ("blocking_item", "blocked_item")]
        return " → ".join(shown_key(state, end) for end in ends if end)
    above = state.record(values[owner.name])
    key = shown_key(state, above) if above else ""
    match record.type:
        case "work_item":
            return f"{key}-{values['item_number']}"
        case "question":
            return f"{key}.q{values['number']}" if above else ""
        case "swim_lane":
            return f"{key}/{values['status_value']}"
    return f"{key}/{values[record.entity.line]}"[:40] if owner.refers == "project" else key


def _cut(moment: str) -> str:
    """Return a moment as Django's JSON encoder writes it: with milliseconds, or none."""
    if moment.endswith(".000000Z"):
        return f"{moment[:-8]}Z"
    return f"{moment[:-4]}Z" if len(moment) == len("2026-01-31T12:00:00.000000Z") else moment


def _with_history(results: Iterable[Result]) -> Iterable[Result]:
    return (result for result in results if result.operation.action not in BOOKKEEPING)


def _names(state: State, operation: Operation) -> tuple[str, str]:
    """Return the display key and the project's ID; of an entity that is not on the board, what its creation says."""
    if operation.key:  # a history has its own
        return operation.key, operation.project or _UNKNOWN
    record = state.record(operation.id)
    if record is None:
        values = {name: new for name, (_, new) in operation.changes.items()}
        record = Record(operation.type, operation.id, values)
    try:
        return shown_key(state, record), _project(state, record)
    except KeyError:
        return "", _UNKNOWN


def _project(state: State, record: Record) -> str:
    for name in ("work_item", "blocking_item"):
        if name in record.values:
            item = state.record(record.values[name])
            return str(item.values["project"]) if item else _UNKNOWN
    return record.id if record.type == "project" else str(record.values["project"])
