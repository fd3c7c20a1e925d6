"""How the engine would answer the queries that were made, in the words of SQLite's planner.

The tables of a test are small, where PostgreSQL would always read all rows: a setting makes it avoid that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

SORTED = "USE TEMP B-TREE FOR ORDER BY"
_CONDITION = re.compile(r"(\w+)\)?(?:::[\w ]+)? (=|<|>|<=|>=|IS) ")


def steps(queries: CaptureQueriesContext) -> list[str]:
    """Return the steps of the plans of all queries that read."""
    found: list[str] = []
    for query in queries.captured_queries:
        if query["sql"].startswith(("SELECT", " SELECT", "\n")):
            found += plan(query["sql"])
    return found


def plan(sql: str, *, is_large: bool = False) -> list[str]:
    """Return the steps of the plan of one query; where the tables are large, PostgreSQL chooses as it likes."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            if not is_large:
                cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
            [[text]] = cursor.fetchall()
        [found] = json.loads(text) if isinstance(text, str) else text
        return list(_steps(found["Plan"], is_large))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
        return [row[3] for row in cursor.fetchall()]


def unindexed(queries: CaptureQueriesContext) -> list[str]:
    """Return the steps that read a whole table."""
    return [step for step in steps(queries) if is_unindexed(step)]


def is_unindexed(step: str) -> bool:
    return step.startswith("SCAN") and "INDEX" not in step


def _steps(node: dict[str, Any], is_large: bool) -> Iterator[str]:
    """Yield the steps of a node of PostgreSQL's plan, the outer ones first."""
    kind, table = node["Node Type"], node.get("Relation Name")
    if kind == "Seq Scan":
        yield f"SCAN {table}"
    elif kind in ("Index Scan", "Index Only Scan"):
        index = node["Index Name"]
        columns = _CONDITION.findall(node.get("Index Cond", ""))
        conditions = " AND ".join(f"{column}{'=' if sign in ('=', 'IS') else sign[0]}?" for column, sign in columns)
        if conditions:
            yield f"SEARCH {table} USING INDEX {index} ({conditions})"
        else:  # in the order of an index; by the primary key, only to avoid the table
            is_whole = index.endswith("_pkey") and not is_large
            yield f"SCAN {table}" if is_whole else f"SCAN {table} USING INDEX {index}"
    elif kind == "Bitmap Heap Scan":
        indexes = ", ".join(inner.get("Index Name", "several") for inner in node.get("Plans", ()))
        yield f"SEARCH {table} USING INDEX {indexes}"
    elif kind in ("Sort", "Incremental Sort"):
        yield SORTED
    for inner in node.get("Plans", ()):
        yield from _steps(inner, is_large)
