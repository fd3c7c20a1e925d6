"""Write the staged rows and their activity inside the import's transaction.

Uses batched SQL: saving a hundred thousand rows through the models takes minutes.
"""

from __future__ import annotations

from django.db import connection

from projects.models.activity import Action
from projects.models.prepared_queries import Row
from projects.models.work_items.choices import Status
from projects.transfer.converters import dashed, encode, history_value
from projects.transfer.journal import Journal, fetch, many
from projects.transfer.tables import IN_ORDER, PROJECTS, TABLES, WORK_ITEMS, Table

CLAIM = ("claimed_by_id", "lease_id", "lease_expires_at")
PARKED = "9999-12-31 00:00:00"


def update(journal: Journal) -> None:
    """Update the rows for which the file has a newer version."""
    for table in TABLES:
        if table.unique and table is not PROJECTS:
            # Rows change one by one and may briefly violate uniqueness, so hide them from the unique index first.
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {table.sql} SET deleted_at = '{PARKED}' "  # noqa: S608
                    f"WHERE {table.unique_where.format(table.sql)} "
                    f"AND id IN (SELECT id FROM {table.staged} WHERE act = 'update')"
                )
        for batch in fetch(_changed_rows(table)):
            _update(journal, table, batch)


def create(journal: Journal) -> None:
    """Insert the new rows. SQLite checks foreign keys at commit."""
    for table in IN_ORDER:
        local = initial_values(table)
        names, values = ("".join(f", {text}" for text in texts) for texts in (local.keys(), local.values()))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table.sql} ({table.column_names}{names}) "  # noqa: S608
                f"SELECT {table.column_names}{values} FROM {table.staged} WHERE act = 'create' ORDER BY id"
            )
    for table in IN_ORDER:
        _record_created(journal, table)


def _update(journal: Journal, table: Table, batch: list[Row]) -> None:
    columns, width = table.columns, len(table.columns)
    places = {column.name: place for place, column in enumerate(columns)}
    written, recorded = [], []
    for row in batch:
        key, project, was, held, *values = row
        new, old = list(values[:width]), values[width:]
        new[places["version"]] = max(new[places["version"]], old[places["version"]] + 1)
        changes = [
            {
                "field": name,
                "old": history_value(columns[place], old[place]),
                "new": history_value(columns[place], new[place]),
            }
            for name, place in table.tracked
            if name != "id" and old[place] != new[place]
        ]
        if table is WORK_ITEMS and held and new[places["status"]] != Status.IN_PROGRESS:
            changes.append({"field": "claimed_by_id", "old": dashed(held), "new": None})
        written.append((*new, new[0]))
        action = Action.RESTORED if was == "deleted" else Action.UPDATED
        recorded.append((action, (new[0], key, project, new[places["version"]], encode(changes))))
    claim = (
        "".join(f", {name} = CASE status WHEN '{Status.IN_PROGRESS}' THEN {name} END" for name in CLAIM)
        if table is WORK_ITEMS
        else ""
    )
    assigned = ", ".join(f'"{column.sql}" = %s' for column in columns)
    many(f"UPDATE {table.sql} SET {assigned}, deleted_at = NULL WHERE id = %s", written)  # noqa: S608
    if claim:
        many(f"UPDATE {table.sql} SET {claim[2:]} WHERE id = %s", [(row[0],) for row in written])  # noqa: S608
    for action in (Action.RESTORED, Action.UPDATED):
        journal.record(table, action, [entry for found, entry in recorded if found == action])


def _record_created(journal: Journal, table: Table) -> None:
    columns = [table.columns[place] for _, place in table.tracked]
    names = [name for name, _ in table.tracked]
    picked = ", ".join(column.select("t") for column in columns)
    rows = fetch(
        f"""
        SELECT t.id, {table.display_key}, {table.project}, t.version, {picked}
        FROM {table.staged_source}
        WHERE s.act = 'create' ORDER BY s.id
        """  # noqa: S608
    )
    claim = [{"field": "claimed_by_id", "old": None, "new": None}] if table is WORK_ITEMS else []
    for batch in rows:
        entries = []
        for row in batch:
            changes = [
                {"field": name, "old": None, "new": history_value(column, value)}
                for name, column, value in zip(names, columns, row[4:], strict=True)
            ]
            entries.append((*row[:4], encode([*changes, *claim])))
        journal.record(table, Action.CREATED, entries)


def _changed_rows(table: Table) -> str:
    new = ", ".join(column.select("s") for column in table.columns)
    old = ", ".join(column.select("t") for column in table.columns)
    held = "t.claimed_by_id" if table is WORK_ITEMS else "NULL"
    # Use the new number: `renumbering.free_numbers` has moved the current one aside.
    display_key = table.display_key.replace("t.item_number", "s.item_number")
    return f"""
        SELECT {display_key}, {table.project}, s.was, {held}, {new}, {old}
        FROM {table.staged_source}
        WHERE s.act = 'update' ORDER BY s.id
    """  # noqa: S608


def initial_values(table: Table) -> dict[str, str]:
    """Return the NOT NULL columns that are not exported, with their initial SQL values."""
    staged = {column.sql for column in table.columns}
    return {
        f'"{field.column}"': "''"
        for field in table.model._meta.concrete_fields
        if field.column not in staged and not (field.null or field.generated or field.has_db_default())
    }


def staged_items() -> int:
    """Return the number of items that the import creates."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {WORK_ITEMS.staged} WHERE act = 'create'")  # noqa: S608
        return int(cursor.fetchone()[0])
