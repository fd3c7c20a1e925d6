from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Dependency, Project, User
from tests.projects.api.test_projects import error
from tests.projects.api.test_sprints import URL, act, create
from tests.projects.plans import unindexed

pytestmark = pytest.mark.django_db
STATS = "/api/v1/projects/PONE/stats/"
Make = Callable[..., Any]


def test_report_answers_rows_totals_and_days(api: APIClient, make_item: Make) -> None:
    sprint = create(api)
    make_item("A", story_points=3, sprint_id=sprint["id"])
    act(api, sprint, "start")
    body = api.get(f"{URL}{sprint['id']}/report/").json()
    assert set(body) == {"sprint", "committed", "done", "carried_over", "added_after_start", "removed", "burndown"}
    assert (body["sprint"]["name"], body["sprint"]["project"], body["sprint"]["status"]) == ("S1", "PONE", "active")
    row = body["committed"]["items"][0]
    assert body["committed"] == {"count": 1, "points": 3, "items": [row]}
    assert {**row, "id": ""} == {"id": "", "display_key": "PONE-1", "story_points": 3, "status": "backlog"}
    assert body["burndown"][0] == {
        **{"date": "2026-01-05", "points": 3, "items": 1},
        **{"ideal_points": 3.0, "ideal_items": 1.0},
    }
    assert len(body["burndown"]) == 12
    assert error(api.get(f"{URL}no-id/report/"), 404, "NOT_FOUND")


def test_report_enters_every_table_by_an_index(api: APIClient, make_item: Make) -> None:
    sprint = create(api)
    act(api, sprint, "start")
    make_item("A", sprint_id=sprint["id"])
    with CaptureQueriesContext(connection) as queries:
        api.get(f"{URL}{sprint['id']}/report/")
    assert len(queries) == 5
    assert unindexed(queries) == []


def test_stats_count_and_sum(api: APIClient, make_item: Make, make_project: Make, user: User) -> None:
    epic = make_item("E", item_type="epic", priority="high")
    a = make_item("A", item_type="story", parent_id=epic.pk, status="done", story_points=5)
    b = make_item("B", status="in_progress", story_points=3, priority="critical")
    c = make_item("C", status="todo", story_points=2)
    make_item("D").soft_delete(actor=user)
    make_item("X", project=make_project("TWO"), story_points=50)
    for blocking, blocked in ((b, c), (epic, c), (a, b)):  # c has two blockers; the blocker of b is done
        Dependency.objects.create(actor=user, blocking_item=blocking, blocked_item=blocked)
    body = api.get("/api/v1/projects/pone/stats/").json()
    assert (body["project"], body["items"], body["blocked"]) == ("PONE", 4, 1)
    counts = {"backlog": 1, "todo": 1, "in_progress": 1, "review": 0, "done": 1, "blocked": 0, "cancelled": 0}
    assert body["by_status"] == counts
    assert body["by_type"] == {"epic": 1, "story": 1, "task": 2, "bug": 0, "chore": 0}
    assert body["by_priority"] == {"low": 0, "medium": 2, "high": 1, "critical": 1}
    assert body["points"] == {"done": 5, "open": 5}
    assert body["velocity"] == {"sprints": [], "average": None}


def test_stats_have_the_velocity(api: APIClient, make_item: Make, user: User) -> None:
    for number, points in enumerate((5, 8)):
        sprint = create(api, name=f"S{number}", start_date=f"2026-01-0{number + 1}")
        item = make_item("A", story_points=points, sprint_id=sprint["id"], status="done")
        make_item("B", story_points=100, sprint_id=sprint["id"])
        act(api, sprint, "start")
        act(api, sprint, "complete")
        item.update(actor=user, story_points=1)  # changes after the sprint don't affect the velocity
    act(api, create(api, name="cancelled"), "cancel")
    velocity = api.get(STATS).json()["velocity"]
    assert [(row["name"], row["points"], row["items"]) for row in velocity["sprints"]] == [("S0", 5, 1), ("S1", 8, 1)]
    assert velocity["average"] == 6.5


def test_stats_of_an_empty_project_are_zeros(api: APIClient, project: Project) -> None:
    body = api.get(STATS).json()
    assert (body["items"], body["blocked"], body["points"]) == (0, 0, {"done": 0, "open": 0})
    error(api.get("/api/v1/projects/NONE/stats/"), 404, "NOT_FOUND")


def test_stats_cost_the_same_for_any_number(api: APIClient, make_item: Make) -> None:
    counts = []
    for number in range(30):
        make_item(f"T{number}", status="done" if number % 2 else "todo")
        act(api, create(api, name=f"S{number}"), "cancel")
        if number in (2, 29):
            with CaptureQueriesContext(connection) as queries:
                assert api.get(STATS).status_code == 200
            counts.append(len(queries))
    assert counts == [3, 3]
    assert unindexed(queries) == []
