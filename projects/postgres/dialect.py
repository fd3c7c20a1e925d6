"""The SQL of PostgreSQL where that of SQLite differs. `projects.sqlite.dialect` has the same names."""

from __future__ import annotations

from django.db import connection

from projects.loose_types import AnyField

JOIN = "JOIN"
DIFFERS = "IS DISTINCT FROM"
LATEST = "greatest"
TEMP = "pg_temp."
ID = "CAST(%s AS uuid)"


def columns(**types: str) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in types.items())


def time(name: str) -> str:
    return name


def values_of_list(field: AnyField) -> str:
    kind = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
    return f"(SELECT CAST(value AS {kind}) FROM json_array_elements_text(%s))"  # noqa: S608 -- the type of a column
