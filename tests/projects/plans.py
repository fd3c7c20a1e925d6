"""How SQLite would answer the queries that were made."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext


def steps(queries: CaptureQueriesContext) -> list[str]:
    """Return the steps of the plans of all queries that read."""
    found = []
    for query in queries.captured_queries:
        if query["sql"].startswith(("SELECT", " SELECT", "\n")):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN QUERY PLAN " + query["sql"].replace("%", "%%"))
                found += [row[3] for row in cursor.fetchall()]
    return found


def unindexed(queries: CaptureQueriesContext) -> list[str]:
    """Return the steps that read a whole table."""
    return [step for step in steps(queries) if is_unindexed(step)]


def is_unindexed(step: str) -> bool:
    return step.startswith("SCAN") and "INDEX" not in step
