"""Values of filters that stand for others: negation, the caller, nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Project, User, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.api.test_work_item_lists import numbers

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


@pytest.fixture
def board(make_item: Make) -> None:
    make_item(status="todo", labels=["ui"], assignee=User.objects.actor("ada"))
    make_item(status="backlog", labels=["ui", "api"], item_type="story", priority="high")
    make_item(status="done", assignee=User.objects.actor("bob"))
    make_item(status="cancelled")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"status": "not:todo"}, [2]),
        ({"status": "not:todo", "include_done": "true"}, [2, 3, 4]),
        ({"status": "not:done", "include_done": "true"}, [1, 2, 4]),
        ({"status": "not:todo,done", "include_done": "true"}, [2, 4]),
        ({"status": ["not:todo", "not:done"], "include_done": "true"}, [2, 4]),
        ({"status": "todo,backlog,not:todo"}, [2]),
        ({"status": "cancelled"}, [4]),
        ({"type": "not:story"}, [1]),
        ({"priority": "not:medium"}, [2]),
        ({"label": ["ui", "api"]}, [2]),
        ({"label": "ui,api"}, [2]),
        ({"label": "ui,not:API"}, [1]),
        ({"label": "not:ui,api", "include_done": "true"}, [3, 4]),
        ({"unassigned": "true"}, [2]),
        ({"unassigned": "false"}, [1]),
        ({"assignee": "none"}, [2]),
    ],
    ids=str,
)
def test_list_is_narrowed(
    api: APIClient, board: None, parameters: dict[str, str | list[str]], expected: list[int]
) -> None:
    assert numbers(api.get(URL, parameters)) == expected


def test_me_is_whoever_asks(api: APIClient, board: None) -> None:
    for name, expected in (("ada", [1]), ("bob", [3]), ("carol", []), ("ada", [1])):
        response = api.get(URL, {"assignee": "@me", "include_done": "true"}, HTTP_X_PM_ACTOR=name)
        assert numbers(response) == expected, name


def test_item_is_assigned_to_me_or_to_nobody(api: APIClient, board: None) -> None:
    mine = api.patch(f"{URL}PONE-2/", {"assignee": "@me"}, format="json", HTTP_X_PM_ACTOR="carol")
    assert mine.json()["assignee"] == "carol"
    assert api.patch(f"{URL}PONE-2/", {"assignee": "none"}, format="json").json()["assignee"] is None
    assert not User.objects.filter(username__in=["@me", "none"]).exists()


@pytest.mark.parametrize(("name", "value"), [("status", "not:gone"), ("status", "not:"), ("type", "not:not:task")])
def test_unknown_word_after_not_is_refused(api: APIClient, board: None, name: str, value: str) -> None:
    error(api.get(URL, {name: value}), 400, "VALIDATION_ERROR", name)


@pytest.mark.parametrize("path", ["", "ready/"])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("project=NO", "there is no project NO"),
        ("project=no%20key", "there is no project no key"),
        ("project=0a0b0c0d-0000-4000-8000-000000000001", "there is no project 0a0b0c0d-0000-4000-8000-000000000001"),
        ("project=NO&sprint=Next", "there is no project NO"),  # first: the sprint is looked up in the project
        ("project=PONE&sprint=Next", "there is no sprint Next"),
    ],
)
def test_unknown_entity_of_a_list_is_named(api: APIClient, board: None, path: str, query: str, message: str) -> None:
    field = message.split()[3]
    body = error(api.get(f"{URL}{path}?{query}"), 400, "VALIDATION_ERROR", field)
    assert body["message"] == f"{field}: {message}"


def test_project_of_a_list_is_looked_up_by_its_statement(api: APIClient, board: None, project: Project) -> None:
    for name in ("PONE", "pone", str(project.pk)):
        with CaptureQueriesContext(connection) as queries:
            assert numbers(api.get(URL, {"project": name})) == [1, 2]
        assert len(queries) == 1
    assert numbers(api.get(URL, {"project": "PONE", "status": "review"})) == []
    project.soft_delete(actor=User.objects.actor("ada"))
    error(api.get(URL, {"project": "PONE"}), 400, "VALIDATION_ERROR", "project")
