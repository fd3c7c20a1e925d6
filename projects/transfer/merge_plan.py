"""Compare a file with the board and decide which rows to create, update, skip or delete.

The newer version of a row wins: by `updated_at`, then by `version` because Unix seconds are coarse. Rows that can't be
merged are errors; they stay in the plan, because an import with errors writes nothing.
"""

from __future__ import annotations

from django.db import connection

from projects.engine import dialect
from projects.models.prepared_queries import Row
from projects.transfer.converters import dashed
from projects.transfer.exceptions import MAX_ERRORS, Errors
from projects.transfer.results import ImportResult
from projects.transfer.staging import DELETED, INVALID
from projects.transfer.tables import BY_COLLECTION, DEPENDENCIES, IN_ORDER, PROJECTS, SPRINTS, TABLES, WORK_ITEMS, Table

WRITTEN = "('create', 'update')"
# Skip duplicates of these collections. All other duplicates are errors: other rows refer to them.
SKIPPED = {
    "swim_lanes": ("status_value", "the project already has a lane for this status"),
    "dependencies": ("blocked_item_id", "these two items already have this dependency"),
    "time_entries": ("user_id", "the user already has a running timer; this one is imported once either is stopped"),
}
REFUSED = {
    PROJECTS: ("key", "another project has this key"),
    WORK_ITEMS: ("external_ref", "another item of the project has this external_ref"),
    SPRINTS: ("status", "another sprint of the project is active"),
}


def decide(result: ImportResult, errors: Errors) -> None:
    """Set `act` and `was` on every staged row."""
    _remember_deletions()
    for table in TABLES:
        _refuse_duplicates(table, errors)
        _compare(table)
        _refuse_fixed(table, errors)
    for table in IN_ORDER:
        _find_references(table, result, errors)
    _prefer_lower_ids()


def settle_unique(result: ImportResult, errors: Errors) -> None:
    """Refuse or skip rows that violate uniqueness. Call it after the deletions, which free names."""
    for table in TABLES:
        if not table.unique:
            continue
        rows = _taken(table)
        for place, pk in rows:
            if table.collection in SKIPPED:
                result.skip(table, place, pk, *SKIPPED[table.collection])
            else:
                errors.add_row(table.collection, place, dashed(pk), *(REFUSED.get(table) or _same(table)))
        if table.collection in SKIPPED:
            mark_skipped(table, rows)


def _same(table: Table) -> tuple[str, str]:
    """Return the column of a duplicate, and the reason."""
    column = table.unique[-1]
    return column, f"another {table.type.replace('_', ' ')} has this {column.removesuffix('_id').replace('_', ' ')}"


def _remember_deletions() -> None:
    """Add the tombstones of this board to DELETED."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {DELETED} SELECT NULL, entity_type, entity_id, {dialect.time('deleted_at')} "  # noqa: S608
            "FROM projects_tombstone"
        )


def _refuse_duplicates(table: Table, errors: Errors) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT max(place), id FROM {table.staged} GROUP BY id HAVING count(*) > 1 "  # noqa: S608
            f"ORDER BY 1 LIMIT {MAX_ERRORS}"
        )
        for place, pk in cursor.fetchall():
            errors.add_row(table.collection, place, dashed(pk), "id", "appears twice in the file")


def _compare(table: Table) -> None:
    immutable = "AND t.deleted_at IS NOT NULL" if table is DEPENDENCIES else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table.staged} AS s SET
              was = (SELECT CASE WHEN t.deleted_at IS NULL THEN 'living' ELSE 'deleted' END
                     FROM {table.sql} t WHERE t.id = s.id),
              act = CASE
                WHEN EXISTS (SELECT 1 FROM {DELETED} d WHERE d.id = s.id AND d.deleted_at >= s.updated_at) THEN 'skip'
                WHEN NOT EXISTS (SELECT 1 FROM {table.sql} t WHERE t.id = s.id) THEN 'create'
                WHEN EXISTS (
                  SELECT 1 FROM {table.sql} t WHERE t.id = s.id {immutable}
                  AND ({dialect.latest("t.updated_at", "t.deleted_at")}, t.version) < (s.updated_at, s.version)
                  AND (t.deleted_at IS NULL OR {dialect.time("t.deleted_at")} < s.updated_at)
                ) THEN 'update'
                ELSE 'skip' END
            """  # noqa: S608
        )


def _refuse_fixed(table: Table, errors: Errors) -> None:
    columns = {column.name: column.sql for column in table.columns}
    for name in table.fixed:
        column = columns[name]
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT s.place, s.id FROM {table.staged} s JOIN {table.sql} t ON t.id = s.id
                WHERE s.act = 'update' AND s."{column}" {dialect.DIFFERS} t."{column}"
                ORDER BY s.place LIMIT {MAX_ERRORS}
                """  # noqa: S608
            )
            for place, pk in cursor.fetchall():
                errors.add_row(table.collection, place, dashed(pk), name, "is immutable and differs from the board")


def _find_references(table: Table, result: ImportResult, errors: Errors) -> None:
    """Check that each row's references exist on the board or in the file."""
    for name, collection in table.references:
        target = BY_COLLECTION[collection]
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT s.place, s.id, s.{name}, EXISTS (SELECT 1 FROM {DELETED} d WHERE d.id = s.{name})
                FROM {table.staged} s WHERE s.act IN {WRITTEN} AND s.{name} IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM {target.sql} t WHERE t.id = s.{name})
                AND NOT EXISTS (SELECT 1 FROM {target.staged} o WHERE o.id = s.{name} AND o.act IN {WRITTEN})
                AND NOT EXISTS (SELECT 1 FROM {INVALID} i WHERE i.id = s.{name})
                ORDER BY s.place
                """  # noqa: S608
            )
            _settle(table, name, target, cursor.fetchall(), result, errors)


def _settle(table: Table, name: str, target: Table, rows: list[Row], result: ImportResult, errors: Errors) -> None:
    detaches = name in {field.column for field in table.model.spec.detachable}
    skipped = []
    for place, pk, reference, was_deleted in rows:
        depends_on_item = target is WORK_ITEMS and not detaches
        if detaches and was_deleted:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {table.staged} SET {name} = NULL, version = version + 1 WHERE id = %s",  # noqa: S608
                    [pk],
                )
            result.detached.append({"id": dashed(pk), "field": name, "was": dashed(reference)})
        elif was_deleted or depends_on_item:
            why = "deleted" if was_deleted else "neither on the board nor in the file"
            result.skip(table, place, pk, name, f"the {target.type} {dashed(reference)} is {why}")
            skipped.append((place, pk))
        else:
            text = f"the {target.type} {dashed(reference)} is neither on the board nor in the file"
            errors.add_row(table.collection, place, dashed(pk), name, text)
    mark_skipped(table, skipped)


def _prefer_lower_ids() -> None:
    """Replace dependencies on the board by duplicates in the file that have a lower ID.

    Two clones may both have linked the same items. After importing each other's export, or a merge of both, they must
    keep the same dependency. The other is deleted at a timestamp derived from the data, so it is equal everywhere.
    """
    same = " AND ".join(f"t.{name} = s.{name}" for name in (*DEPENDENCIES.unique, "dependency_type"))
    staged = DEPENDENCIES.staged
    theirs = f"(SELECT max(u.updated_at) FROM {staged} u WHERE u.id = t.id)"  # noqa: S608
    latest = dialect.latest("s.updated_at", "t.updated_at", theirs)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {DELETED} SELECT s.place, '{DEPENDENCIES.type}', t.id, {latest}
            FROM {staged} s JOIN {DEPENDENCIES.sql} t ON {same} AND t.id > s.id AND t.deleted_at IS NULL
            WHERE s.act IN {WRITTEN}
            """  # noqa: S608
        )


def _taken(table: Table) -> list[Row]:
    """Return staged rows whose unique columns equal those of a living row, on the board or earlier in the file."""

    def same(other: str) -> str:
        return " AND ".join(f"{other}.{name} = s.{name}" for name in table.unique)

    where = table.unique_where
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.place, s.id FROM {table.staged} s WHERE s.act IN {WRITTEN} AND {where.format("s")} AND (
              EXISTS (SELECT 1 FROM {table.sql} t WHERE {same("t")} AND t.id <> s.id AND t.deleted_at IS NULL
                      AND {where.format("t")}
                      AND NOT EXISTS (SELECT 1 FROM {table.staged} u WHERE u.id = t.id AND u.act = 'update'))
              OR EXISTS (SELECT 1 FROM {table.staged} o WHERE {same("o")} AND o.place < s.place AND o.id <> s.id
                         AND o.act IN {WRITTEN} AND {where.format("o")})
            ) ORDER BY s.place
            """  # noqa: S608
        )
        found: list[Row] = cursor.fetchall()
        return found


def mark_skipped(table: Table, rows: list[Row]) -> None:
    """Leave out the rows (place, ID)."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table.staged} SET act = 'skip' WHERE id = %s",  # noqa: S608
            [(pk,) for _, pk in rows],
        )
