from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Project, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


@pytest.fixture
def line(make_item: Make) -> list[WorkItem]:
    return [make_item(f"T{number}") for number in range(1, 5)]


def move(api: APIClient, number: int, **where: Any) -> Any:
    return api.post(f"{URL}PONE-{number}/move/", where)


def order() -> list[int]:
    return list(WorkItem.objects.living().in_order().values_list("item_number", flat=True))


@pytest.mark.parametrize(
    ("number", "where", "expected"),
    [
        (4, {"before": "PONE-1"}, [4, 1, 2, 3]),
        (4, {"before": "pone-3"}, [1, 2, 4, 3]),
        (4, {"after": "PONE-1"}, [1, 4, 2, 3]),
        (1, {"after": "PONE-4"}, [2, 3, 4, 1]),
        (1, {"after": "PONE-2"}, [2, 1, 3, 4]),
        (1, {"before": "PONE-4"}, [2, 3, 1, 4]),
        (2, {"after": "PONE-1"}, [1, 2, 3, 4]),
        (2, {"before": "PONE-3"}, [1, 2, 3, 4]),
        (1, {"before": "PONE-2"}, [1, 2, 3, 4]),
        (4, {"after": "PONE-3"}, [1, 2, 3, 4]),
    ],
)
def test_move_puts_it_there(
    api: APIClient, line: list[WorkItem], number: int, where: dict[str, str], expected: list[int]
) -> None:
    response = move(api, number, **where)
    assert response.status_code == 200, response.content
    assert order() == expected
    moved = expected != [1, 2, 3, 4]
    assert response.json()["version"] == 1 + moved
    assert [row["display_key"] for row in api.get(URL).json()["results"]] == [f"PONE-{own}" for own in expected]


def test_move_takes_ids(api: APIClient, line: list[WorkItem]) -> None:
    assert api.post(f"{URL}{line[3].pk}/move/", {"before": str(line[0].pk)}).status_code == 200
    assert order() == [4, 1, 2, 3]


@pytest.mark.parametrize(
    ("where", "field"),
    [
        ({}, "before"),
        ({"before": "PONE-2", "after": "PONE-3"}, "before"),
        ({"before": "PONE-1"}, "before"),
        ({"after": "PONE-1"}, "after"),
        ({"before": "PONE-99"}, "before"),
        ({"after": "OTHER-1"}, "after"),
        ({"after": None}, "after"),
        ({"position": "a0"}, "position"),
        ({"before": "PONE-2", "expected_version": 0}, "expected_version"),
    ],
)
def test_wrong_place_is_refused(
    api: APIClient, line: list[WorkItem], make_item: Make, make_project: Any, where: dict[str, Any], field: str
) -> None:
    make_item(project=make_project("OTHER"))
    error(move(api, 1, **where), 400, "VALIDATION_ERROR", field)
    assert order()[0] == 1


def test_stale_move_is_a_conflict(api: APIClient, line: list[WorkItem]) -> None:
    api.patch(f"{URL}PONE-4/", {"title": "New"})
    refused = error(move(api, 4, before="PONE-1", expected_version=1), 409, "CONFLICT")
    assert refused["current"]["title"] == "New"
    response = api.post(f"{URL}PONE-4/move/", {"before": "PONE-1"}, HTTP_IF_MATCH='"1"')
    error(response, 409, "CONFLICT")
    assert move(api, 4, before="PONE-1", expected_version=2).status_code == 200


def test_move_in_an_archived_project_is_refused(api: APIClient, line: list[WorkItem], project: Project) -> None:
    project.archive(actor=project.created_by)
    error(move(api, 4, before="PONE-1"), 409, "ARCHIVED")


def test_move_is_recorded(api: APIClient, line: list[WorkItem]) -> None:
    move(api, 4, before="PONE-1")
    assert Activity.objects.latest("id").changes == [{"field": "position", "old": "a3", "new": "Zz"}]


def test_move_changes_no_other_item(api: APIClient, line: list[WorkItem]) -> None:
    WorkItem.objects.filter(item_number__lt=4).update(position="a0")
    before = {row["display_key"]: row for row in api.get(URL, {"fields": "*"}).json()["results"]}
    count = Activity.objects.count()
    assert move(api, 4, before="PONE-2").status_code == 200
    after = {row["display_key"]: row for row in api.get(URL, {"fields": "*"}).json()["results"]}
    assert [key for key in after if after[key] != before[key]] == ["PONE-4"]
    assert Activity.objects.count() == count + 1
    assert order() == [4, 1, 2, 3]  # nothing fits between equal positions


def test_new_item_comes_last(api: APIClient, line: list[WorkItem]) -> None:
    move(api, 1, after="PONE-4")
    api.post(URL, {"project": "PONE", "item_type": "task", "title": "New"})
    assert order() == [2, 3, 4, 1, 5]
