from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from projects.models import Project, SwimLane, User
from projects.models.exceptions import Conflict
from projects.models.swim_lane import DEFAULTS, MAX_WIP_LIMIT
from tests.projects.models.constraints import refused_by_the_database

pytestmark = pytest.mark.django_db


def statuses(project: Project) -> list[str]:
    return list(SwimLane.objects.living().filter(project=project).values_list("status_value", flat=True))


@pytest.mark.parametrize("status", ["active", "archived"])
def test_new_project_has_a_lane_for_each_status_but_blocked(make_project: Callable[..., Project], status: str) -> None:
    assert statuses(make_project("PTWO", status=status)) == list(DEFAULTS)
    assert DEFAULTS == ("backlog", "todo", "in_progress", "review", "done")


def test_second_lane_of_a_status_is_refused(project: Project, user: User) -> None:
    lane = SwimLane.objects.create(actor=user, project=project, name="Waiting", status_value="blocked")
    for write in (
        lambda: SwimLane.objects.create(actor=user, project=project, name="Again", status_value="todo"),
        lambda: lane.update(actor=user, status_value="todo"),
    ):
        with pytest.raises(Conflict, match="PONE already has a lane for todo") as caught:
            write()
        assert caught.value.field == "status_value"


def test_restore_of_a_lane_whose_status_is_taken_is_refused(project: Project, user: User) -> None:
    lane = SwimLane.objects.select_related("project").get(status_value="todo")
    lane.soft_delete(actor=user)
    SwimLane.objects.create(actor=user, project=project, name="New", status_value="todo")
    with pytest.raises(Conflict, match="PONE already has a lane for todo"):
        lane.restore(actor=user)


@pytest.mark.parametrize("limit", [0, MAX_WIP_LIMIT + 1])
def test_limit_is_empty_or_in_its_range(project: Project, user: User, limit: int) -> None:
    lane = SwimLane.objects.select_related("project").get(status_value="todo")
    new = SwimLane(project=project, name="Waiting", status_value="blocked", wip_limit=limit)
    for write in (lambda: lane.update(actor=user, wip_limit=limit), lambda: new.insert(actor=user)):
        with pytest.raises(ValidationError) as caught:
            write()
        assert set(caught.value.message_dict) == {"wip_limit"}
    for allowed in (MAX_WIP_LIMIT, None, 1):
        assert lane.update(actor=user, wip_limit=allowed)


def test_order_lists_each_lane_once(project: Project, user: User) -> None:
    lanes = list(SwimLane.objects.living().values_list("pk", flat=True))
    for wrong in (lanes[1:], [*lanes, lanes[0]], [*lanes[1:], project.pk]):
        with pytest.raises(ValidationError) as caught:
            SwimLane.objects.reorder(project, wrong, actor=user)
        assert set(caught.value.message_dict) == {"order"}
    SwimLane.objects.reorder(project, lanes[::-1], actor=user)
    assert statuses(project) == list(DEFAULTS[::-1])


@pytest.mark.parametrize("values", [{"status_value": "gone"}, {"status_value": "done"}, {"wip_limit": 0}], ids=str)
def test_database_refuses_wrong_lanes(project: Project, values: dict[str, Any]) -> None:
    refused_by_the_database(SwimLane, SwimLane.objects.get(status_value="todo").pk, **values)
