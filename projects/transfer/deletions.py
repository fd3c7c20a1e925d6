"""Apply the deletions of a file: delete rows, detach items from deleted parents and sprints, keep tombstones."""

from __future__ import annotations

from django.db import connection

from projects.engine import dialect
from projects.models.activity import Action
from projects.transfer.converters import dashed, encode
from projects.transfer.journal import Journal, fetch, many
from projects.transfer.results import ImportResult
from projects.transfer.staging import DELETED
from projects.transfer.tables import BY_TYPE, IN_ORDER, TABLES, WORK_ITEMS, Table


def delete(journal: Journal, result: ImportResult) -> None:
    """Delete the rows that the file lists as deleted, unless the board or the file has a newer version."""
    for table in IN_ORDER:
        rows = fetch(
            f"""
            SELECT t.id, {table.display_key}, {table.project}, t.version + 1, d.deleted_at, d.deleted_at
            FROM (SELECT id, max(deleted_at) AS deleted_at FROM {DELETED} WHERE place IS NOT NULL GROUP BY id) d
            {dialect.JOIN} {table.sql} t ON t.id = d.id {table.joins}
            WHERE t.deleted_at IS NULL AND {dialect.time("t.updated_at")} <= d.deleted_at
            AND NOT EXISTS (SELECT 1 FROM {table.staged} s WHERE s.id = t.id AND s.updated_at > d.deleted_at)
            ORDER BY t.id
            """  # noqa: S608
        )
        for batch in rows:
            journal.record(table, Action.DELETED, [(*row[:4], "[]") for row in batch])
            many(
                f"UPDATE {table.sql} SET deleted_at = %s, updated_at = %s, version = %s, updated_by_id = %s "  # noqa: S608
                "WHERE id = %s",
                [(row[4], row[5], row[3], journal.actor, row[0]) for row in batch],
            )
            result.deleted[table.collection] += len(batch)
        _keep_the_latest_time(table)


def _keep_the_latest_time(table: Table) -> None:
    """Keep the later timestamp of two deletions so that clones agree. This does not count as a change of the row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {table.sql} AS t SET deleted_at = d.last
            FROM (SELECT id, max(deleted_at) AS last FROM {DELETED} WHERE place IS NOT NULL GROUP BY id) d
            WHERE t.id = d.id AND {dialect.time("t.deleted_at")} < d.last
            """  # noqa: S608
        )


def remember_deletions() -> None:
    """Store tombstones for deleted rows this board never had; drop those of rows that were restored."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"""
                INSERT INTO projects_tombstone (entity_id, entity_type, project_id, deleted_at)
                SELECT d.id, d.type, NULL, max(d.deleted_at) FROM {DELETED} d
                WHERE d.type = '{table.type}' AND d.place IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM {table.sql} t WHERE t.id = d.id) GROUP BY d.id, d.type
                ON CONFLICT (entity_id) DO UPDATE SET
                  deleted_at = {dialect.LATEST}(projects_tombstone.deleted_at, excluded.deleted_at)
                """  # noqa: S608
            )
            cursor.execute(
                f"DELETE FROM projects_tombstone WHERE entity_id IN (SELECT id FROM {table.staged} "  # noqa: S608
                "WHERE act = 'create')"
            )


def detach(journal: Journal, result: ImportResult) -> None:
    """Detach living items from deleted parents, sprints and whatever else they refer to."""
    for field in WORK_ITEMS.model.spec.detachable:
        name, table = field.column, BY_TYPE[field.refers]
        rows = fetch(
            f"""
            SELECT t.id, p.key || '-' || t.item_number, p.id, t.version + 1, t.{name}
            FROM {table.sql} gone {dialect.JOIN} projects_workitem t ON t.{name} = gone.id
            JOIN projects_project p ON p.id = t.project_id
            WHERE gone.deleted_at IS NOT NULL AND t.deleted_at IS NULL ORDER BY t.id
            """  # noqa: S608
        )
        for batch in rows:
            changes = [encode([{"field": name, "old": dashed(row[4]), "new": None}]) for row in batch]
            journal.record(
                WORK_ITEMS, Action.UPDATED, [(*row[:4], text) for row, text in zip(batch, changes, strict=True)]
            )
            many(
                f"UPDATE projects_workitem SET {name} = NULL, version = %s WHERE id = %s",  # noqa: S608
                [(row[3], row[0]) for row in batch],
            )
            for pk, _, _, _, was in batch:
                result.detached.append({"id": dashed(pk), "field": name, "was": dashed(was)})
