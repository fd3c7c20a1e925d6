"""Who acts: the kinds of users, where the name came from, and the names of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Project, User, WorkItem
from projects.sync import joining
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]
TERMINAL = {"HTTP_X_PM_ACTOR_SOURCE": "terminal"}


def create(client: APIClient, **values: Any) -> Any:
    return client.post(URL, {"project": "PONE", "item_type": "task", "title": "T", **values})


@pytest.fixture
def maria(db: None) -> User:
    return User.objects.actor("maria", is_agent=False)


@pytest.mark.parametrize("source", ["as", "env", "program", "mcp", "default"])
def test_name_that_acts_first_through_the_token_is_an_agent(running: Any, project: Project, source: str) -> None:
    assert create(bearer("bot", HTTP_X_PM_ACTOR_SOURCE=source)).status_code == 201
    assert User.objects.get(username="bot").kind == "agent"
    assert Activity.objects.latest("id").source == source


def test_name_that_acts_first_on_a_terminal_is_a_person(running: Any, project: Project) -> None:
    assert create(bearer("ann", **TERMINAL)).json()["created_by"] == "ann"
    user = User.objects.get(username="ann")
    assert (user.kind, user.is_superuser) == ("person", False)


@pytest.mark.parametrize("headers", [{}, {"HTTP_X_PM_ACTOR_SOURCE": "as"}, {"HTTP_X_PM_ACTOR_SOURCE": "program"}])
def test_name_of_a_person_is_refused(running: Any, project: Project, maria: User, headers: dict[str, str]) -> None:
    for client in (bearer("MARIA", **headers), bearer("maria", HTTP_IDEMPOTENCY_KEY="k", **headers)):
        refused = error(create(client), 403, "FORBIDDEN")
        assert "maria is a person" in refused["message"]
    assert not WorkItem.objects.exists()


def test_refusal_names_the_variable_of_the_agent_program(running: Any, project: Project, maria: User) -> None:
    client = bearer("maria", HTTP_X_PM_SESSION="program=claude&via=CLAUDECODE")
    assert "CLAUDECODE says that an agent program" in error(create(client), 403, "FORBIDDEN")["message"]


def test_person_acts_on_a_terminal(running: Any, project: Project, maria: User) -> None:
    client = bearer("maria", HTTP_X_PM_TERMINAL="yes", HTTP_X_PM_ACTOR_SOURCE="as")
    assert create(client).json()["created_by"] == "maria"


def test_person_of_a_terminal_has_the_name_given_at_joining(running: Any, project: Project) -> None:
    joining.join(board_id=project.pk, remote="origin", ref="refs/pm/board", person="maria@work")
    assert create(bearer("ann", **TERMINAL)).json()["created_by"] == "maria@work"


def test_unknown_source_is_refused(running: Any) -> None:
    error(bearer("ann", HTTP_X_PM_ACTOR_SOURCE="guess").get(URL), 400, "VALIDATION_ERROR", "X-PM-Actor-Source")


def test_unknown_assignee_is_refused_with_similar_names(api: APIClient, project: Project, maria: User) -> None:
    message = error(create(api, assignee="mara"), 400, "VALIDATION_ERROR", "assignee")["message"]
    assert "there is no user mara; similar names: maria; --new-user" in message
    assert not User.objects.filter(username="mara").exists()


@pytest.mark.parametrize("kind", ["person", "agent"])
def test_header_creates_an_unknown_assignee(running: Any, project: Project, kind: str) -> None:
    assert create(bearer(HTTP_X_PM_NEW_USER=kind), assignee="zoe").json()["assignee"] == "zoe"
    assert User.objects.get(username="zoe").kind == kind


def test_assignee_may_be_the_caller_or_nobody(api: APIClient, project: Project, maria: User) -> None:
    assert create(api, assignee="MARIA").json()["assignee"] == "maria"
    assert create(api, assignee="@me").json()["assignee"] == "llm"
    assert api.patch(f"{URL}PONE-1/", {"assignee": "none"}).json()["assignee"] is None


@pytest.mark.parametrize(
    ("path", "name"), [("work-items", "assignee"), ("activity", "actor"), ("time-entries", "user")]
)
def test_unknown_name_in_a_filter_is_refused(
    api: APIClient, project: Project, maria: User, path: str, name: str
) -> None:
    for _ in range(2):  # the second time from the compiled queries
        refused = error(api.get(f"/api/v1/{path}/", {name: "mara"}), 400, "VALIDATION_ERROR", name)
        assert "there is no user mara; similar names: maria" in refused["message"]
    assert api.get(f"/api/v1/{path}/", {name: "Maria"}).status_code == 200


def test_me_is_another_user_for_another_caller(running: Any, make_item: Make) -> None:
    for name in ("eve", "bob"):
        make_item(name, assignee=User.objects.actor(name))
    for name in ("eve", "bob", "new"):
        rows = bearer(name).get(URL, {"assignee": "@me"}).json()["results"]
        assert [row["title"] for row in rows] == ([] if name == "new" else [name])


def test_new_actor_becomes_a_person_only_on_a_terminal(running: Any, project: Project) -> None:
    person = {"HTTP_X_PM_NEW_USER": "person", "HTTP_X_PM_ACTOR_SOURCE": "as"}
    refused = error(create(bearer("eve", **person)), 403, "FORBIDDEN")
    assert "eve is a new name" in refused["message"]
    assert not User.objects.filter(username="eve").exists()
    assert create(bearer("eve", HTTP_X_PM_TERMINAL="yes", **person)).status_code == 201
    assert User.objects.get(username="eve").kind == "person"
    User.objects.actor("bot")
    assert create(bearer("bot", **person), assignee="zoe").json()["assignee"] == "zoe"
    assert User.objects.get(username="zoe").kind == "person"
