from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Dependency, Project, Sprint, User, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


def keys(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["display_key"] for row in response.json()["results"]]


def numbers(response: Any) -> list[int]:
    return [int(key.partition("-")[2]) for key in keys(response)]


@pytest.fixture
def board(make_item: Make, user: User, project: Project) -> dict[str, Any]:
    """1 epic > 2 story > 3 task (done); 4 task blocked by 5; 6 story in a sprint, high; 7 task deleted."""
    dates = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 15)}
    sprint = Sprint.objects.create(actor=user, project=project, name="S", **dates)
    epic = make_item("Alpha", item_type="epic")
    story = make_item("Beta", item_type="story", parent=epic, labels=["ui", "api"])
    make_item("Gamma 100%", parent=story, status="done", labels=["ui"])
    blocked = make_item("Delta", description="see OTHER_thing", assignee=User.objects.actor("bob"))
    blocker = make_item("Epsilon", status="todo", priority="critical")
    make_item("Zeta", item_type="story", priority="high", sprint=sprint, story_points=5)
    gone = make_item("Eta")
    gone.soft_delete(actor=user)
    Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=blocked)
    return {"sprint": str(sprint.pk), "epic": str(epic.pk)}


def test_list_is_slim_and_leaves_out_what_is_done(api: APIClient, board: dict[str, Any]) -> None:
    response = api.get(URL, {"project": "PONE"})
    assert numbers(response) == [1, 2, 4, 5, 6]
    assert response.json()["results"][1] == {
        **{"display_key": "PONE-2", "item_type": "story", "title": "Beta", "status": "backlog", "priority": "medium"},
        **{"parent": "PONE-1", "assignee": None, "story_points": None, "version": 1},
    }


@pytest.mark.parametrize("name", ["status", "type", "priority", "include_done", "project", "sprint", "updated_since"])
@pytest.mark.parametrize("text", ["100%", "%s", "%(value)s", "{0}"])
def test_wrong_word_is_refused_whatever_marks_it_has(api: APIClient, project: Project, name: str, text: str) -> None:
    error(api.get(URL, {name: text}), 400, "VALIDATION_ERROR", name)


@pytest.mark.parametrize("name", ["updated_since", "blocked", "orphaned", "deleted", "include_done", "status"])
def test_empty_value_of_a_kind_is_refused(api: APIClient, project: Project, name: str) -> None:
    error(api.get(URL, {name: ""}), 400, "VALIDATION_ERROR", name)


def test_fields_selects_the_fields(api: APIClient, board: dict[str, Any]) -> None:
    rows = api.get(URL, {"fields": "parent,assignee,created_by,labels", "search": "beta"}).json()["results"]
    assert rows == [{"parent": "PONE-1", "assignee": None, "created_by": "ada", "labels": ["ui", "api"]}]
    assert api.get(URL, {"fields": "*", "search": "delta"}).json()["results"] == [api.get(f"{URL}PONE-4/").json()]
    for name in ("project", "sprint", "force", "lease_id", "deleted_at"):
        error(api.get(URL, {"fields": name}), 400, "VALIDATION_ERROR", "fields")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"project": "pone"}, [1, 2, 4, 5, 6]),
        ({"type": "epic"}, [1]),
        ({"type": ["epic", "story"]}, [1, 2, 6]),
        ({"type": "epic, story"}, [1, 2, 6]),
        ({"type": "epic,story", "priority": "high"}, [6]),
        ({"status": "done"}, [3]),
        ({"status": ["done,todo"]}, [3, 5]),
        ({"status": "backlog", "include_done": "true"}, [1, 2, 4, 6]),
        ({"include_done": "true"}, [1, 2, 3, 4, 5, 6]),
        ({"include_done": "false"}, [1, 2, 4, 5, 6]),
        ({"priority": "critical,high"}, [5, 6]),
        ({"assignee": "bob"}, [4]),
        ({"assignee": "BOB"}, [4]),
        ({"assignee": "none"}, [1, 2, 5, 6]),
        ({"assignee": "@me"}, []),
        ({"assignee": ["bob", "none"]}, [1, 2, 4, 5, 6]),
        ({"sprint": ["S", "none"]}, [1, 2, 4, 5, 6]),
        ({"sprint": "none"}, [1, 2, 4, 5]),
        ({"descendants_of": ["PONE-1", "PONE-4"]}, [2]),
        ({"blocked": "any"}, [4]),
        ({"blocked": "none"}, [1, 2, 5, 6]),
        ({"agent": "worked"}, [4]),
        ({"agent": "claimed"}, []),
        ({"deadline": "none"}, [1, 2, 4, 5, 6]),
        ({"deadline": "overdue,week"}, []),
        ({"asked": "true"}, []),
        ({"label": "ui"}, [2]),
        ({"label": "ui", "include_done": "true"}, [2, 3]),
        ({"label": "u"}, []),
        ({"label": "UI"}, [2]),
        ({"label": ["ui", "api"]}, [2]),
        ({"label": ["api", "ui"]}, [2]),
        ({"label": " Api , UI,"}, [2]),
        ({"label": ["ui", "none"]}, []),
        ({"sprint": "the sprint"}, [6]),
        ({"parent": "pone-1"}, [2]),
        ({"parent": "the epic"}, [2]),
        ({"parent": "PONE-2", "status": "done"}, [3]),
        ({"orphaned": "true"}, [4, 5, 6]),
        ({"orphaned": "false"}, [1, 2]),
        ({"descendants_of": "PONE-1", "include_done": "true"}, [2, 3]),
        ({"descendants_of": "PONE-4"}, []),
        ({"ancestors_of": "pone-3"}, [1, 2]),
        ({"ancestors_of": "PONE-1"}, []),
        ({"blocked": "true"}, [4]),
        ({"blocked": "false"}, [1, 2, 5, 6]),
        ({"updated_since": "2020-01-01"}, [1, 2, 4, 5, 6]),
        ({"updated_since": "1577836800"}, [1, 2, 4, 5, 6]),
        ({"updated_since": "9999-01-01T00:00:00Z"}, []),
        ({"search": "ALPH"}, [1]),
        ({"search": "lph"}, []),
        ({"search": "pone-2"}, [2]),
        ({"search": "2"}, [2]),
        ({"search": "thing SEE oth"}, [4]),
        ({"search": "thin see"}, []),
        ({"search": "PONE-"}, [1, 2, 4, 5, 6]),
        ({"search": "other_thing"}, [4]),
        ({"search": "_"}, []),
        ({"search": "%"}, []),
        ({"search": "100%", "include_done": "true"}, [3]),
        ({"deleted": "true"}, [7]),
    ],
)
def test_filters_narrow(api: APIClient, board: dict[str, Any], parameters: dict[str, Any], expected: list[int]) -> None:
    named = {"the sprint": board["sprint"], "the epic": board["epic"]}
    query = {name: named.get(value, value) if isinstance(value, str) else value for name, value in parameters.items()}
    assert numbers(api.get(URL, query)) == expected


def test_updated_since_takes_the_moment_itself(api: APIClient, board: dict[str, Any]) -> None:
    api.patch(f"{URL}PONE-4/", {"title": "New"})
    time = WorkItem.objects.get(item_number=4).updated_at
    assert numbers(api.get(URL, {"updated_since": time.isoformat()})) == [4]
    assert numbers(api.get(URL, {"updated_since": (time + timedelta(microseconds=1)).isoformat()})) == []
    seconds = int(datetime.now(UTC).timestamp()) + 2
    assert numbers(api.get(URL, {"updated_since": seconds})) == []


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("project", "NONE"),
        ("project", "\x00"),
        ("type", "idea"),
        ("status", "done,gone"),
        ("priority", "urgent"),
        ("sprint", "S"),
        ("parent", "PONE-99"),
        ("descendants_of", "x"),
        ("ancestors_of", "PONE"),
        ("orphaned", "maybe"),
        ("blocked", "1"),
        ("include_done", "yes"),
        ("updated_since", "yesterday"),
        ("updated_since", "9999999999999999999"),
        ("updated_since", "9999-12-31T23:59:59-23:59"),
        ("search", "s" * 1001),
        ("label", "l" * 51),
        ("ordering", "urgency"),
        ("ordering", "description"),
        ("colour", "red"),
    ],
)
def test_wrong_parameter_is_refused(api: APIClient, make_item: Make, parameter: str, value: str) -> None:
    make_item()
    error(api.get(URL, {parameter: value}), 400, "VALIDATION_ERROR", parameter)


def test_items_of_a_deleted_project_are_gone(api: APIClient, board: dict[str, Any], project: Project) -> None:
    project.soft_delete(actor=project.created_by)
    assert numbers(api.get(URL)) == []
    error(api.get(f"{URL}PONE-1/"), 404, "NOT_FOUND")


def test_ready_is_in_its_own_order(api: APIClient, make_item: Make, user: User) -> None:
    make_item("low", priority="low")
    make_item("waits")
    blocker = make_item("unblocks two")
    make_item("medium")
    make_item("critical", priority="critical")
    make_item("started", status="in_progress")
    make_item("done", status="done")
    epic = make_item("epic with open children", item_type="epic")
    make_item("child", parent=epic)
    make_item("empty epic", item_type="epic", status="todo")
    for number in (2, 9):
        blocked = WorkItem.objects.get(item_number=number)
        Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=blocked)
    response = api.get(f"{URL}ready/", {"project": "PONE"})
    assert numbers(response) == [10, 5, 3, 4, 1]
    assert set(response.json()) == {"results", "next", "previous"}
    assert response.json()["results"][1]["title"] == "critical"
    assert numbers(api.get(f"{URL}ready/", {"project": "PONE", "limit": 2})) == [10, 5]
    assert numbers(api.get(f"{URL}ready/", {"project": "PONE", "type": "epic"})) == [10]
    assert api.get(f"{URL}ready/", {"fields": "title", "limit": 1}).json()["results"] == [{"title": "empty epic"}]
    error(api.get(f"{URL}ready/", {"project": "NONE"}), 400, "VALIDATION_ERROR", "project")
    error(api.get(f"{URL}ready/", {"cursor": "x"}), 400, "VALIDATION_ERROR", "cursor")
    api.patch(f"{URL}PONE-3/", {"status": "done"})
    assert numbers(api.get(f"{URL}ready/", {"project": "PONE"})) == [10, 5, 2, 4, 9, 1]


def test_ready_is_nothing_of_an_archived_project(api: APIClient, make_item: Make, project: Project) -> None:
    make_item()
    project.archive(actor=project.created_by)
    assert numbers(api.get(f"{URL}ready/")) == []
