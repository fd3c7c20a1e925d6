"""Django's schema editor for SQLite, which keeps triggers and ID sequences when it rebuilds a table."""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3 import schema
from django.db.models import Model

from projects.sqlite import triggers


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    def _remake_table(self, model: type[Model], *args: Any, **kwargs: Any) -> None:  # Any: as in Django's stubs
        """Drop all triggers, rebuild the table of `model`, then restore the triggers and the next ID.

        Triggers of other tables must go too: SQLite refuses to rename a table while any trigger refers to it. The
        sequence of an AUTOINCREMENT table would restart at its highest row, and activity
        IDs are cursors that must never be reused.
        """
        table = model._meta.db_table
        found = triggers.existing(self.connection)
        for name in found:
            self.execute(triggers.drop_statement(name), None)
        last_id = self._last_id(table)
        super()._remake_table(model, *args, **kwargs)  # type: ignore[misc]  # not in the stubs
        if last_id is not None:
            self.execute("UPDATE sqlite_sequence SET seq = max(seq, %s) WHERE name = %s", [last_id, table])
            self.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT %s, %s"
                " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
                [table, last_id, table],
            )
        for statement in found.values():
            self.execute(statement, None)

    def _last_id(self, table: str) -> int | None:
        """Return the highest ID that an AUTOINCREMENT table has given out; None for any other table."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")
            if cursor.fetchone() is None:
                return None
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            row = cursor.fetchone()
        return None if row is None else int(row[0])
