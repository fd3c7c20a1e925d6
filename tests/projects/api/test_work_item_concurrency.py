from __future__ import annotations

from typing import Any

import pytest

from projects.models import Activity, Project, WorkItem
from tests.projects.conftest import bearer
from tests.projects.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/work-items/"
AGENTS = 16


def create(number: int) -> Any:
    return bearer().post(URL, {"project": "PONE", "item_type": "task", "title": f"T{number}"})


@pytest.fixture
def board(running: Any, transactional_db: None, project: Project) -> Project:
    return project


@pytest.mark.slow
def test_of_sixteen_claims_at_once_each_gets_another_item(board: Project) -> None:
    for number in range(AGENTS):
        create(number)
    for _ in range(20):
        answers = at_once(AGENTS, lambda _: bearer().post(f"{URL}claim-next/", {"project": "PONE"}))
        assert {answer.status_code for answer in answers} == {200}
        taken = [answer.json() for answer in answers]
        assert len({claim["work_item"]["id"] for claim in taken}) == AGENTS
        assert len({claim["lease_id"] for claim in taken}) == AGENTS
        ids = [claim["work_item"]["id"] for claim in taken]
        assert WorkItem.objects.filter(pk__in=ids, status="in_progress").count() == AGENTS
        late = bearer().post(f"{URL}claim-next/", {"project": "PONE"})
        assert (late.status_code, late.json()["error"]["code"]) == (409, "NOTHING_READY")
        WorkItem.objects.update(status="todo", claimed_by=None, lease_id=None, lease_expires_at=None, idle_leases=0)


def test_of_claims_of_one_item_at_once_one_succeeds(board: Project) -> None:
    create(1)
    answers = at_once(8, lambda _: bearer().post(f"{URL}PONE-1/claim/"))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409} == {"CLAIMED"}


def test_of_more_agents_than_items_the_rest_get_nothing(board: Project) -> None:
    for number in range(3):
        create(number)
    answers = at_once(8, lambda _: bearer().post(f"{URL}claim-next/", {"project": "PONE"}))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 5


def test_of_sixteen_creates_at_once_the_numbers_have_no_hole(board: Project) -> None:
    answers = at_once(AGENTS, create)
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["item_number"] for answer in answers) == list(range(1, AGENTS + 1))
    assert len(set(WorkItem.objects.values_list("position", flat=True))) == AGENTS


@pytest.mark.slow
def test_of_fifty_paired_updates_exactly_one_wins_each_time(board: Project) -> None:
    create(0)
    for round_ in range(50):
        body = {"expected_version": round_ + 1}
        answers = at_once(2, lambda number: bearer().patch(f"{URL}PONE-1/", body | {"title": f"{round_} {number}"}))  # noqa: B023
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        refused = lost.json()["error"]
        assert (refused["code"], refused["current_version"]) == ("CONFLICT", round_ + 2)
        assert refused["current"] == won.json()
    assert Activity.objects.filter(entity_type="work_item").count() == 51


def test_of_dependencies_at_once_none_closes_a_circle(board: Project) -> None:
    for number in range(2):
        create(number)
    ends = (("PONE-1", "PONE-2"), ("PONE-2", "PONE-1"))

    def depend(number: int) -> Any:
        blocking, blocked = ends[number % 2]
        return bearer().post("/api/v1/dependencies/", {"blocking_item": blocking, "blocked_item": blocked})

    answers = at_once(8, depend)
    assert [answer.status_code for answer in answers].count(201) == 1
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code != 201} == {"CONFLICT", "CYCLE"}
