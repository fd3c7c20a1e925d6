"""The result of an import: counts per collection, and the rows that need attention."""

from __future__ import annotations

from collections import Counter

from django.db import connection

from projects.transfer.converters import dashed
from projects.transfer.staging import USERS
from projects.transfer.tables import TABLES, Table


class ImportResult:
    """Collects the result during an import."""

    def __init__(self) -> None:
        self.deleted: Counter[str] = Counter()  # by collection
        self.users_created = 0
        self.renumbered: list[dict[str, object]] = []
        self.detached: list[dict[str, object]] = []
        self.skipped_rows: list[dict[str, object]] = []

    def skip(self, table: Table, place: int, pk: str, field: str, reason: str) -> None:
        """Report a row that was not imported, with the reason."""
        self.skipped_rows.append(
            {"collection": table.collection, "row": place, "id": dashed(pk), "field": field, "reason": reason}
        )

    def answer(self) -> dict[str, object]:
        """Return the result as a JSON-ready dict. Call it inside the transaction, while the staged rows exist."""
        found: dict[str, object] = {}
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"SELECT act, count(*) FROM {table.staged} GROUP BY act")  # noqa: S608
                acts = dict(cursor.fetchall())
                deleted = self.deleted[table.collection]
                found[table.collection] = _counted(
                    acts.get("create", 0), acts.get("update", 0), acts.get("skip", 0), deleted
                )
            cursor.execute(f"SELECT count(*) FROM {USERS}")  # noqa: S608
            (users,) = cursor.fetchone()
        found["users"] = _counted(self.users_created, 0, max(0, users - self.users_created), 0)
        return {
            **found,
            "renumbered": self.renumbered,
            "detached": self.detached,
            "skipped_rows": self.skipped_rows,
        }


def _counted(created: int, updated: int, skipped: int, deleted: int) -> dict[str, int]:
    return {"created": created, "updated": updated, "skipped": skipped, "deleted": deleted}
