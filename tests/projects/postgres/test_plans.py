"""What PostgreSQL's planner chooses on a board of a size at which reading a whole table would be felt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Activity, WorkItem
from tests.projects.plans import is_unindexed, plan

ITEMS = 5000
LARGE = ("projects_workitem", "projects_activity")
# Columns of the copies that differ from row to row.
VARIED = {
    "id": "gen_random_uuid()",
    "item_number": "number",
    "position": "'b' || lpad(number::text, 6, '0')",
    "title": "'Item ' || number",
    "status": "(ARRAY['todo', 'backlog', 'done', 'review'])[1 + number % 4]",
    "is_current": "number % 4 <> 2",
    "completed_at": "CASE WHEN number % 4 = 2 THEN created_at END",
    "created_at": "created_at + number * interval '1 second'",
    "updated_at": "updated_at + number * interval '1 second'",
}


@pytest.fixture
def large(make_item: Callable[..., WorkItem]) -> None:
    make_item("One", status="todo")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers
        columns = _columns(cursor, "projects_workitem")
        values = ", ".join(VARIED.get(name, f'"{name}"') for name in columns)
        cursor.execute(
            f"INSERT INTO projects_workitem ({', '.join(columns)}) SELECT {values}"
            f" FROM projects_workitem, generate_series(2, {ITEMS}) AS number"
        )
        columns = [name for name in _columns(cursor, "projects_activity") if name != "id"]
        names = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"INSERT INTO projects_activity ({names}) SELECT {names}"
            f" FROM projects_activity, generate_series(2, {ITEMS}) AS number"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        for table in LARGE:
            cursor.execute(f"ANALYZE {table}")


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER'",
        [table],
    )
    return [name for (name,) in cursor.fetchall()]


@pytest.mark.parametrize(
    "path",
    [
        "work-items/?project=PONE&limit=50",
        "work-items/?project=PONE&limit=50&ordering=-updated_at",
        "work-items/?project=PONE&limit=50&ordering=title&include_done=true",
        "work-items/PONE-77/",
        "work-items/PONE-77/show/",
        "work-items/ready/?project=PONE&limit=20",
        "changes/?since={newest}",
        "activity/?project=PONE&limit=50",
    ],
)
def test_no_large_table_is_read_as_a_whole(api: APIClient, large: None, path: str) -> None:
    newest = Activity.objects.latest("id").pk - 10
    with CaptureQueriesContext(connection) as queries:
        assert api.get(f"/api/v1/{path.format(newest=newest)}").status_code == 200
    found = [step for query in queries.captured_queries for step in plan(query["sql"], is_large=True)]
    assert [step for step in found if is_unindexed(step) and step.endswith(LARGE)] == []
    assert any(step.startswith(("SEARCH", "SCAN")) and any(table in step for table in LARGE) for step in found), found
