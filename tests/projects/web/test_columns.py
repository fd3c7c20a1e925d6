"""The menu of a column: name, limit and order, by people only."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from projects.models import Project, SwimLane, User
from tests.projects.conftest import with_middleware

pytestmark = pytest.mark.django_db


def lanes(project: Project) -> list[SwimLane]:
    return list(SwimLane.objects.living().filter(project=project))


def post(browser: Client, lane: SwimLane, **data: Any) -> Any:
    return browser.post(f"/board/PONE/columns/{lane.pk}/", data)


def test_menu_renames_limits_and_moves_a_column(browser: Client, project: Project) -> None:
    _, todo, doing, *_ = lanes(project)
    assert 'href="/settings/projects/PONE/#p-columns"' in browser.get("/board/PONE/").content.decode()
    answer = post(browser, todo, version=1, name=" Next up ", wip_limit=" 3 ")
    assert answer.content == b"Column To do renamed to Next up: limit 3."
    assert browser.post(answer["PM-Undo"]).status_code == 200
    assert lanes(project)[1].name == "To do"
    post(browser, todo, version=3, name="Next up", wip_limit="3")
    assert post(browser, todo, version=4, name="Next up", wip_limit="3").content == b"No changes."
    assert post(browser, todo, move="right").content == b"Next up is now column 3 of 5."
    assert [lane.name for lane in lanes(project)][:3] == ["Backlog", doing.name, "Next up"]
    assert [lane.wip_limit for lane in lanes(project)][:3] == [None, None, 3]
    for _ in range(3):
        post(browser, todo, move="left")
    assert lanes(project)[0].name == "Next up"
    assert (
        post(browser, todo, version=lanes(project)[0].version, name="Next up", wip_limit="").content
        == b"Column Next up: no limit."
    )
    assert lanes(project)[0].wip_limit is None


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        ({"version": "1", "name": "", "wip_limit": ""}, 400, "Name: must not be blank"),
        ({"version": "1", "name": "N" * 101, "wip_limit": ""}, 400, "at most 100"),
        ({"version": "1", "name": "N", "wip_limit": "0"}, 400, "Limit: must be empty or a whole number"),
        ({"version": "1", "name": "N", "wip_limit": "many"}, 400, "Limit: must be empty or a whole number"),
        ({"version": "1", "name": "N", "wip_limit": "99999"}, 400, "Limit: must be empty or a whole number"),
        ({"version": "x", "name": "N", "wip_limit": ""}, 400, "reload"),
        ({"move": "up"}, 400, "left or right"),
    ],
)
def test_wrong_value_is_refused(
    data: dict[str, str], status: int, said: str, browser: Client, project: Project
) -> None:
    lane = lanes(project)[1]
    answer = post(browser, lane, **data)
    assert (answer.status_code, said in answer.json()["error"]["message"]) == (status, True), answer.content
    assert lanes(project)[1].version == 1


def test_change_of_another_user_is_not_overwritten(browser: Client, project: Project, user: User) -> None:
    lane = lanes(project)[1]
    lane.update(actor=user, name="Next")
    answer = post(browser, lane, version=1, name="Mine", wip_limit="")
    assert "ada changed name to “Next”" in answer.json()["error"]["message"]
    assert answer["PM-Again"] == "anyway=2"
    answer = post(browser, lane, version=1, name="Mine", wip_limit="", anyway="2")
    assert answer.content == b"Column Next renamed to Mine."


def test_agent_and_archived_project_are_refused(browser: Client, project: Project, owner: User) -> None:
    lane = lanes(project)[1]
    agent = with_middleware(Client())
    agent.force_login(User.objects.actor("claude", is_agent=True))
    for data in ({"version": 1, "name": "N", "wip_limit": ""}, {"move": "left"}):
        answer = post(agent, lane, **data)
        assert (answer.status_code, answer.json()["error"]["message"]) == (403, "Only a person can change a column.")
    project.archive(actor=owner)
    assert "archived" in post(browser, lane, move="left").json()["error"]["message"]
    assert [one.version for one in lanes(project)] == [1] * 5
    assert post(browser, SwimLane(), move="left").status_code == 404
