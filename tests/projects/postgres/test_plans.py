"""What PostgreSQL's planner chooses on a board of a size at which reading a whole table would be felt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Activity, Comment, Sprint, TimeEntry, User, WorkItem
from projects.models.search import search
from projects.web.history_lines import history
from tests.projects.api.test_costs import DATES, SPAN
from tests.projects.plans import is_unindexed, plan

ITEMS = 5000
LARGE = ("projects_workitem", "projects_activity")
OF_ITEMS = ("projects_comment", "projects_timeentry")
FOUND_BY_WORDS = ("projects_searchentry", "projects_searchshown")
# Columns of the copies that differ from row to row.
VARIED = {
    "id": "gen_random_uuid()",
    "item_number": "number",
    "position": "'b' || lpad(number::text, 6, '0')",
    "external_ref": "'gh-' || number",
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


@pytest.fixture
def full(large: None, user: User) -> Sprint:
    """The same with a comment and a time entry for each item, of which one in a thousand is in this sprint."""
    item = WorkItem.objects.get(item_number=1)
    sprint = Sprint.objects.create(actor=user, project=item.project, name="S", **DATES)
    Comment.objects.create(actor=user, work_item=item, content="Often said")
    TimeEntry.objects.create(actor=user, work_item=item, user=user, **SPAN)
    varied = {
        "id": "gen_random_uuid()",
        "work_item_id": "item.id",
        "content": "CASE WHEN item.item_number % 1000 = 0 THEN 'Rare' ELSE content END",
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE projects_workitem SET sprint_id = %s WHERE item_number %% 1000 = 0", [sprint.pk.hex])
        for table in OF_ITEMS:
            columns = _columns(cursor, table)
            values = ", ".join(varied.get(name, f'one."{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            cursor.execute(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS one, projects_workitem AS item"
                " WHERE item.item_number > 1"
            )
        cursor.execute(
            "INSERT INTO projects_searchentry (entity_id, entity_type, words)"
            " SELECT id, 'comment', pm_words('', '', content) FROM projects_comment ON CONFLICT DO NOTHING"
        )
        cursor.execute(
            "INSERT INTO projects_searchshown (entry_id, project_id) SELECT entry.id, project.id"
            " FROM projects_searchentry AS entry, projects_project AS project ON CONFLICT DO NOTHING"
        )
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("SELECT gin_clean_pending_list('search_words')")  # as a vacuum does
        for table in (*LARGE, *OF_ITEMS, *FOUND_BY_WORDS):
            cursor.execute(f"ANALYZE {table}")
    return sprint


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
        "work-items/gh-77/",
        "work-items/ready/?project=PONE&limit=20",
        "changes/?since={newest}",
        "activity/?project=PONE&limit=50",
    ],
)
def test_no_large_table_is_read_as_a_whole(api: APIClient, large: None, path: str) -> None:
    newest = Activity.objects.latest("id").pk - 10
    with CaptureQueriesContext(connection) as queries:
        assert api.get(f"/api/v1/{path.format(newest=newest)}").status_code == 200
    found = _plans(queries)
    assert [step for step in found if is_unindexed(step) and step.endswith(LARGE)] == []
    assert any(step.startswith(("SEARCH", "SCAN")) and any(table in step for table in LARGE) for step in found), found


def test_no_table_of_a_full_board_is_read_as_a_whole(api: APIClient, full: Sprint) -> None:
    newest = Activity.objects.latest("id").pk - 10
    for path in (
        f"changes/?since={newest}&project=PONE",
        f"work-items/?project=PONE&sprint={full.pk}",
        f"sprints/{full.pk}/report/",
        "work-items/PONE-77/show/",
        "comments/?work_item=PONE-77",
        "comments/?project=PONE&ordering=-created_at&limit=50",
        "time-entries/?work_item=PONE-77",
        "time-entries/?project=PONE&limit=50",
    ):
        with CaptureQueriesContext(connection) as queries:
            assert api.get(f"/api/v1/{path}").status_code == 200
        assert _whole(queries) == [], path


def test_positions_history_and_words_are_found_by_an_index(full: Sprint) -> None:
    item = WorkItem.objects.get(item_number=77)
    with CaptureQueriesContext(connection) as queries:
        assert WorkItem.objects.last_position(item.project_id) == f"b{ITEMS:06}"
        assert WorkItem.objects.next_position(item.project_id, item.position, before=False) == "b000078"
        history(item)
    assert _whole(queries) == []
    # What is found is few rows, which may be joined in any way.
    with CaptureQueriesContext(connection) as queries:
        assert search("rare", project=item.project).total == ITEMS // 1000
    assert "SCAN projects_searchentry" not in _plans(queries)


def _plans(queries: CaptureQueriesContext) -> list[str]:
    return [step for query in queries.captured_queries for step in plan(query["sql"], is_large=True)]


def _whole(queries: CaptureQueriesContext) -> list[str]:
    """Return the steps that read a large table as a whole."""
    tables = (*LARGE, *OF_ITEMS, *FOUND_BY_WORDS)
    return [step for step in _plans(queries) if is_unindexed(step) and step.endswith(tables)]
