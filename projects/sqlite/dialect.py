"""The SQL of SQLite where that of PostgreSQL differs. `projects.postgres.dialect` has the same names."""

from __future__ import annotations

from projects.loose_types import AnyField

JOIN = "CROSS JOIN"  # SQLite keeps its order; needs ON
DIFFERS = "IS NOT"
LATEST = "max"  # of two values
TEMP = "temp."  # the schema of temporary tables
ID = "%s"  # a parameter that is an ID, where nothing else says so


def columns(**types: str) -> str:
    """Return the columns of a temporary table; SQLite keeps each value as it is, if the column has no type."""
    return ", ".join(f"{name} PRIMARY KEY" if "PRIMARY KEY" in kind else name for name, kind in types.items())


def time(name: str) -> str:
    """Return a time or date as text: SQLite's driver would convert a column."""
    return f"({name} || '')"


def values_of_list(field: AnyField) -> str:
    """Return a subquery for the values of a parameter, which is a JSON list of values of the field."""
    return "(SELECT value FROM json_each(%s))"
