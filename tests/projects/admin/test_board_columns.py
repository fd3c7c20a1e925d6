"""Swim lanes in the admin: order and limits; projects: figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from projects.admin.swim_lane import shifted
from projects.models import Activity, Project, SwimLane, User

pytestmark = pytest.mark.django_db
LANES = "/admin/projects/swimlane/"
Make = Callable[..., Any]


def order(project: Project) -> list[str]:
    return list(SwimLane.objects.living().filter(project=project).values_list("status_value", flat=True))


def run(browser: Client, action: str, *lanes: SwimLane, **values: str) -> str:
    data = {"action": action, "index": "0", "_selected_action": [str(lane.pk) for lane in lanes], **values}
    return browser.post(LANES, data, follow=True).content.decode()


@pytest.mark.parametrize(
    ("selected", "step", "expected"),
    [
        ("c", -1, "acbde"),
        ("c", 1, "abdce"),
        ("a", -1, "abcde"),
        ("bc", -1, "bcade"),
        ("de", 1, "abcde"),
        ("bd", 1, "acbed"),
    ],
)
def test_shift_stops_at_the_ends(selected: str, step: int, expected: str) -> None:
    assert "".join(shifted("abcde", set(selected), step)) == expected


def test_move_lanes(browser: Client, project: Project, owner: User) -> None:
    lane = SwimLane.objects.get(project=project, status_value="review")
    assert "1 moved." in run(browser, "move_left", lane)
    assert order(project) == ["backlog", "todo", "review", "in_progress", "done"]
    latest = Activity.objects.latest("id")
    assert (latest.entity_type, latest.actor, latest.changes[0]["field"]) == ("swim_lane", owner, "position")
    browser.post(f"{LANES}{lane.pk}/do/move_right/")
    assert order(project) == ["backlog", "todo", "in_progress", "review", "done"]
    project.archive(actor=owner)
    assert "is archived" in run(browser, "move_left", lane)
    assert order(project)[3] == "review"


def test_set_limit_asks_for_the_value(browser: Client, project: Project) -> None:
    lanes = list(SwimLane.objects.filter(project=project)[:2])
    assert "Set the WIP limit of 2 swim lanes" in run(browser, "set_limit", *lanes)
    assert "greater than or equal to 1" in run(browser, "set_limit", *lanes, numbers="2+0", limit="0")
    assert "2 limited to 3." in run(browser, "set_limit", *lanes, numbers="2+0", limit="3")
    assert SwimLane.objects.filter(wip_limit=3).count() == 2
    assert "2 set to no limit." in run(browser, "set_limit", *lanes, numbers="2+0", limit="")


def test_lane_list_marks_exceeded_limits(browser: Client, project: Project, make_item: Make, user: User) -> None:
    lane = SwimLane.objects.get(project=project, status_value="todo")
    lane.update(actor=user, wip_limit=1)
    make_item(status="todo"), make_item(status="todo")
    assert ">2, over the limit</td>" in browser.get(LANES).content.decode()


def test_project_list_counts_open_and_done_items(browser: Client, make_item: Make, make_project: Make) -> None:
    make_project("OTHER")
    make_item(status="done"), make_item(), make_item()
    make_item().soft_delete(actor=User.objects.owner())
    rows = {row.key: row for row in browser.get("/admin/projects/project/").context["cl"].result_list}
    assert [(rows[key].number_open, rows[key].number_done) for key in ("PONE", "OTHER")] == [(2, 1), (0, 0)]
    page = browser.get(f"/admin/projects/project/{rows['PONE'].pk}/change/").content.decode()
    assert "2 open, 1 done" in page
    assert 'href="/board/PONE/"' in page
    gone = browser.get(f"/admin/projects/project/{rows['PONE'].pk}/delete/").content.decode()
    assert "3 work items" in gone
