"""Write records to the board's tables, with batched SQL inside the caller's transaction."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.db import connection

from projects.engine import dialect
from projects.entities.registry import BY_REFERENCE
from projects.loose_types import Json, SqlRow
from projects.models import User
from projects.models.prepared_queries import field_at
from projects.models.user import AGENT_NAME, id_of
from projects.sync.state import Record
from projects.transfer.bulk_loading import filled_at_end
from projects.transfer.tables import BY_TYPE, PROJECTS, WORK_ITEMS, Table
from projects.transfer.upserts import CLAIM, PARKED, initial_values

OUT_OF_THE_WAY = 1_000_000_000  # added to item numbers that change, so that no two items have one in between
NEXT_NUMBER = "next_work_item_number"
BATCH = 500  # rows
_PERSON = {"created_by", "updated_by"}


def write(records: Iterable[Record], gone: Mapping[str, str] = MappingProxyType({})) -> None:
    """Insert or update the row of each record, and create the users that they name; remove the rows of the `gone`.

    Those, types by ID, are not on the board: their creation is void, or they were united with others. An entity that
    was purged here stays away until it is restored.
    """
    # What refers to an item goes, or is written to refer to another one, while the item is still there.
    _remove({pk: kind for pk, kind in gone.items() if kind != "work_item"})
    items = {pk: kind for pk, kind in gone.items() if kind == "work_item"}
    _many(
        f"UPDATE projects_workitem SET external_ref = '', item_number = item_number + {OUT_OF_THE_WAY} "  # noqa: S608
        "WHERE id = %s",
        ((_hex(pk),) for pk in items),
    )
    _write_all(records)
    _remove(items)


def _write_all(records: Iterable[Record]) -> None:
    by_type: dict[str, list[Record]] = {}
    for record in records:
        by_type.setdefault(record.type, []).append(record)
    gone = _purged({record.id for some in by_type.values() for record in some})
    with filled_at_end(len(by_type.get("work_item", ()))):
        for entity in BY_REFERENCE:
            found = [one for one in by_type.get(entity.name, ()) if one.is_living or one.id not in gone]
            if found:
                _write(BY_TYPE[entity.name], found)
    _many(
        "DELETE FROM projects_tombstone WHERE entity_id = %s",
        ((_hex(one.id),) for some in by_type.values() for one in some if one.id in gone and one.is_living),
    )


def _remove(gone: Mapping[str, str]) -> None:
    for entity in reversed(BY_REFERENCE):
        rows = [(_hex(pk),) for pk, kind in gone.items() if kind == entity.name]
        _many(f"DELETE FROM {BY_TYPE[entity.name].sql} WHERE id = %s", rows)  # noqa: S608


def _write(table: Table, records: list[Record]) -> None:
    ensure_users({name for record in records for name in _people(record)})
    existing: list[Record] = []
    if table is WORK_ITEMS:
        there = _existing(table, records)
        existing = [record for record in records if _hex(record.id) in there]
        _make_way(existing)
    elif table.unique:
        # Rows change one by one and may briefly violate uniqueness, so hide them from the unique index first.
        _many(
            f"UPDATE {table.sql} SET deleted_at = '{PARKED}' WHERE id = %s",  # noqa: S608
            ((_hex(record.id),) for record in records),
        )
    plan = _plan(table)
    initial = initial_values(table)
    columns = [f'"{column.name}"' for column in plan]
    marks = ", ".join(["%s"] * len(columns))
    for lacking, some in _by_format(table, records).items():
        written = [column for column in plan if _is_written(column, lacking)]
        assigned = ", ".join(f'"{column.name}" = excluded."{column.name}"' for column in written)
        # A change of this clone that was published is on its board already: no trigger or index has work to do.
        here, new = (_compared(table, written, f"{owner}.") for owner in (table.sql, "excluded"))
        _many(
            f"INSERT INTO {table.sql} ({', '.join((*columns, *initial))}) "  # noqa: S608
            f"VALUES ({', '.join((marks, *initial.values()))}) ON CONFLICT (id) DO UPDATE SET {assigned} "
            f"WHERE ({here}) {dialect.DIFFERS} ({new})",
            (_row(record, plan) for record in some),
        )
    if table is WORK_ITEMS:
        claim = ", ".join(f"{name} = NULL" for name in CLAIM)
        _many(
            f"UPDATE {table.sql} SET {claim} WHERE id = %s AND claimed_by_id IS NOT NULL AND "  # noqa: S608
            f"(status <> 'in_progress' OR assignee_id {dialect.DIFFERS} claimed_by_id)",
            ((_hex(record.id),) for record in existing),
        )
    if table is PROJECTS:
        use_numbers(records)


def use_numbers(projects: Iterable[Record]) -> None:
    """Number new items above all numbers that are used or reserved."""
    numbers = [(_next_number(record), _hex(record.id)) for record in projects]
    _many(
        "UPDATE projects_project SET next_work_item_number = %s WHERE id = %s AND next_work_item_number < %s",
        [(number, pk, number) for number, pk in numbers],
    )


def differing(records: Iterable[Record]) -> list[Record]:
    """Return the records whose row is missing or has other values; see `write`. Needs no lock."""
    by_type: dict[str, list[Record]] = {}
    for record in records:
        by_type.setdefault(record.type, []).append(record)
    different = []
    with connection.cursor() as cursor:
        for kind, found in by_type.items():
            table = BY_TYPE[kind]
            plan = _plan(table)
            for lacking, some in _by_format(table, found).items():
                places = [place for place, column in enumerate(plan) if _is_written(column, lacking)]
                names = _compared(table, [plan[place] for place in places])
                marks = ", ".join(["%s"] * len(places))
                query = f"SELECT ({names}) {dialect.DIFFERS} ({marks}) FROM {table.sql} WHERE id = %s"  # noqa: S608
                for record in some:
                    row = _row(record, plan)
                    cursor.execute(query, [*(row[place] for place in places), row[0]])
                    if cursor.fetchone() != (0,):
                        different.append(record)
    return different


def _by_format(table: Table, records: list[Record]) -> dict[frozenset[str], list[Record]]:
    """Group the records by the columns that the log did not have when they were created: rows keep their values."""
    later = [field for field in table.model.spec.travelling if field.since > 1]
    if not later:
        return {frozenset(): records}
    found: dict[frozenset[str], list[Record]] = {}
    for record in records:
        found.setdefault(frozenset(one.column for one in later if one.name not in record.values), []).append(record)
    return found


def ensure_users(names: Iterable[str]) -> None:
    """Create the missing users, without a password or rights."""
    ids = {id_of(name): name for name in set(names)}
    if not ids:
        return
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(ids))
        cursor.execute(f"SELECT id FROM projects_user WHERE id IN ({marks})", [pk.hex for pk in ids])  # noqa: S608
        known = {uuid.UUID(pk) for (pk,) in cursor.fetchall()}
    if len(known) == len(ids):
        return
    taken = set(User.objects.filter(username__in=ids.values()).exclude(pk__in=ids).values_list("username", flat=True))
    for pk, name in sorted(ids.items()):
        if pk not in known:
            username = User.objects.stand_in(pk, name) if name in taken else name
            is_agent = name == AGENT_NAME
            user = User(pk=pk, username=username, is_agent=is_agent, is_kind_confirmed=is_agent)
            user.password = make_password(None)
            user.save(force_insert=True)


def mark_agents(names: Iterable[str]) -> None:
    """Make agents of users that only the log has named so far; what this clone knows of a user stays."""
    ids = [id_of(name) for name in names]
    if not ids:
        return
    User.objects.filter(pk__in=ids, is_agent=False, is_kind_confirmed=False).update(
        is_agent=True, is_kind_confirmed=True
    )


def stored_moment(text: str) -> str:
    """Convert a moment of an operation to the form of the database."""
    return text[:-1].replace("T", " ").removesuffix(".000000")


@lru_cache(maxsize=4096)
def person_id(name: str) -> str:
    """Return the ID of a user in the form of the database."""
    return id_of(name).hex


def _existing(table: Table, records: list[Record]) -> set[str]:
    """Return the IDs of the records that have a row, in the form of the database."""
    found: set[str] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(records), BATCH):
            ids = [_hex(record.id) for record in records[start : start + BATCH]]
            marks = ", ".join(["%s"] * len(ids))
            cursor.execute(f"SELECT id FROM {table.sql} WHERE id IN ({marks})", ids)  # noqa: S608
            found.update(pk for (pk,) in cursor.fetchall())
    return found


def _make_way(records: list[Record]) -> None:
    # Rows change one by one, and two may exchange a number or an external reference, which a deleted item frees.
    _many(
        "UPDATE projects_workitem SET external_ref = '' WHERE id = %s AND external_ref <> %s",
        ((_hex(record.id), record.values["external_ref"] if record.is_living else "") for record in records),
    )
    _many(
        f"UPDATE projects_workitem SET item_number = item_number + {OUT_OF_THE_WAY} "  # noqa: S608
        "WHERE id = %s AND item_number <> %s",
        ((_hex(record.id), record.values["item_number"]) for record in records),
    )


def _purged(ids: set[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM projects_tombstone)")
        if not cursor.fetchone()[0]:
            return set()
        found = set()
        for pk in ids:
            cursor.execute("SELECT 1 FROM projects_tombstone WHERE entity_id = %s", [_hex(pk)])
            if cursor.fetchone():
                found.add(pk)
        return found


def _people(record: Record) -> Iterable[str]:
    yield record.created_by
    yield record.updated_by
    for field in record.entity.travelling:
        if field.kind == "person" and (name := record.values.get(field.name)):
            yield name


class _Column(NamedTuple):
    """A column that travels: a value of the record converted by `form`, or what `make` returns for the record.

    `default` is for a value from before the field existed.
    """

    name: str
    value: str = ""
    default: Json = None
    form: Callable[[Json], Json] | None = None
    make: Callable[[Record], Json] | None = None


@cache
def _plan(table: Table) -> tuple[_Column, ...]:
    """Return the columns that travel; the ID is first."""
    entity = table.model.spec
    travelling = {field.column: field.name for field in entity.travelling}
    found: list[_Column] = []
    for column in table.columns:
        attribute = travelling.get(column.name)
        if attribute is not None:
            default = field_at(table.model, column.name).get_default()
            found.append(_Column(column.sql, attribute, default, _FORMS.get(column.kind)))
        elif column.name == "id":
            found.append(_Column(column.sql, make=lambda record: _hex(record.id)))
        elif column.name == "version":
            found.append(_Column(column.sql, make=lambda record: record.version))
        elif column.name.endswith("_at") or column.name in _PERSON:
            found.append(_Column(column.sql, make=_stamp_of(column.name)))
        elif column.name == NEXT_NUMBER:
            found.append(_Column(column.sql, make=_next_number))
    found.append(_Column("deleted_at", "deleted_at", None, _FORMS["time"]))
    return tuple(found)


def _compared(table: Table, columns: Iterable[_Column], owner: str = "") -> str:
    """Return columns in a form in which values can be compared."""
    return ", ".join(
        dialect.comparable(f'{owner}"{column.name}"', field_at(table.model, column.name)) for column in columns
    )


def _is_written(column: _Column, lacking: Collection[str]) -> bool:
    """Return True for a column that `write` changes in a row that is there."""
    return column.name not in ("id", NEXT_NUMBER) and column.name not in lacking


def _row(record: Record, plan: tuple[_Column, ...]) -> list[SqlRow]:
    """Return the values of the columns. One loop: a function for each column takes three times as long."""
    row: list[SqlRow] = []
    values = record.values
    for _, name, default, form, make in plan:
        if make is not None:
            row.append(make(record))
            continue
        value = values.get(name, default)
        row.append(value if value is None or form is None else form(value))
    return row


def _next_number(record: Record) -> int:
    number: int = record.values.get("last_number", 0)
    return number + 1


def _stamp_of(name: str) -> Callable[[Record], Json]:
    form = person_id if name in _PERSON else stored_moment
    return lambda record: form(getattr(record, name))


def _hex(pk: str) -> str:
    return pk.replace("-", "")


_FORMS: dict[str, Callable[[Json], Json]] = {
    "id": _hex,
    "user": person_id,
    "time": stored_moment,
    "json": json.dumps,
}


def _many(query: str, rows: Iterable[SqlRow]) -> None:
    """Run the query for each row, some at a time: Django keeps all that it gets in memory."""
    waiting = iter(rows)
    while found := list(itertools.islice(waiting, BATCH)):
        with connection.cursor() as cursor:
            cursor.executemany(query, found)
