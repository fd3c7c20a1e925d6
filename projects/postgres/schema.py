"""Django's schema editor for PostgreSQL, which keeps our triggers when a column that they watch changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.backends.postgresql import schema
from django.db.models import Model

from projects.loose_types import AnyField
from projects.postgres import triggers


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    def alter_field(self, model: type[Model], old_field: AnyField, new_field: AnyField, strict: bool = False) -> None:
        with self._without_triggers(model):
            super().alter_field(model, old_field, new_field, strict)

    def remove_field(self, model: type[Model], field: AnyField) -> None:
        with self._without_triggers(model):
            super().remove_field(model, field)

    @contextmanager
    def _without_triggers(self, model: type[Model]) -> Iterator[None]:
        """Drop the triggers of the model's table; PostgreSQL refuses to change a column that a trigger names."""
        table = model._meta.db_table
        found = triggers.of_table(self.connection, table)
        for name in found:
            self.execute(f'DROP TRIGGER "{name}" ON "{table}"', None)
        yield
        for statement in found.values():
            self.execute(statement, None)
