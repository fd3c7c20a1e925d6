from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Activity, Project, Sprint, WorkItem
from tests.projects.api.test_projects import error

pytestmark = pytest.mark.django_db
URL = "/api/v1/sprints/"
DATES = {"start_date": "2026-01-05", "end_date": "2026-01-16"}
Make = Callable[..., Any]


@pytest.fixture
def sprint(api: APIClient, project: Project) -> Any:
    """A planned sprint of PONE, as returned by the API."""
    return create(api)


def create(api: APIClient, **values: Any) -> Any:
    response = api.post(URL, {"project": "PONE", "name": "S1", **DATES, **values})
    assert response.status_code == 201, response.content
    return response.json()


def act(api: APIClient, sprint: Any, verb: str, body: dict[str, Any] | None = None) -> Any:
    return api.post(f"{URL}{sprint['id']}/{verb}/", body)


@pytest.mark.parametrize("name", ["project", "project_id"])
@pytest.mark.parametrize("value", ["pone", "id"])
def test_create_answers_the_sprint(api: APIClient, project: Project, name: str, value: str) -> None:
    named = str(project.pk) if value == "id" else value
    response = api.post(URL, {name: named, "name": " S1 ", "goal": "Ship it", **DATES})
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["project"], body["project_id"]) == ("PONE", str(project.pk))
    assert (body["name"], body["goal"], body["status"]) == ("S1", "Ship it", "planned")
    assert (body["start_date"], body["end_date"]) == ("2026-01-05", "2026-01-16")
    assert body["started_at"] is body["completed_at"] is None
    assert response["Location"] == f"http://testserver{URL}{body['id']}/"
    assert api.get(f"{URL}{body['id']}/").json() == body
    latest = Activity.objects.latest("id")
    assert (latest.entity_type, latest.action, latest.display_key) == ("sprint", "created", "PONE/S1")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"project": None}, "project"),
        ({"project": "NONE"}, "project"),
        ({"project": 5}, "project"),
        ({"project": "a\x00"}, "project"),
        ({"project_id": "PONE"}, "project"),
        ({"name": " "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"goal": "g\x07"}, "goal"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": 5}, "start_date"),
        ({"start_date": None}, "start_date"),
        ({"end_date": "2026-01-05"}, "end_date"),
        ({"end_date": "2026-01-04"}, "end_date"),
        ({"status": "active"}, "status"),
        ({"committed": []}, "committed"),
        ({"expected_version": 1}, "expected_version"),
    ],
)
def test_create_with_a_wrong_value_names_the_field(
    api: APIClient, project: Project, values: dict[str, Any], field: str
) -> None:
    body = {"project": "PONE", "name": "S1", **DATES, **values}
    error(api.post(URL, body), 400, "VALIDATION_ERROR", field)
    assert not Sprint.objects.exists()


def test_create_needs_a_project(api: APIClient, project: Project) -> None:
    error(api.post(URL, {"name": "S1", **DATES}), 400, "VALIDATION_ERROR", "project")


def test_list_is_slim_and_filtered(api: APIClient, sprint: Any, make_project: Make) -> None:
    make_project("TWO")
    other = create(api, project="TWO", name="S2", start_date="2026-01-01")
    act(api, other, "start")
    rows = api.get(URL).json()["results"]
    assert [row["name"] for row in rows] == ["S2", "S1"]
    assert rows[1] == {**{"id": sprint["id"], "name": "S1", "status": "planned", "version": 1}, **DATES}
    assert [row["name"] for row in api.get(URL, {"project": "two"}).json()["results"]] == ["S2"]
    assert [row["name"] for row in api.get(URL, {"status": "planned"}).json()["results"]] == ["S1"]
    assert api.get(URL, {"project": "two", "fields": "*"}).json()["results"][0]["project"] == "TWO"
    error(api.get(URL, {"project": "NONE"}), 400, "VALIDATION_ERROR", "project")
    error(api.get(URL, {"status": "gone"}), 400, "VALIDATION_ERROR", "status")


def test_pages_lead_through_all(api: APIClient, project: Project) -> None:
    for number in range(5):
        create(api, name=f"S{number}", start_date=f"2026-01-0{number % 2 + 1}")
    response = api.get(URL, {"limit": 2})
    names = [row["name"] for row in response.json()["results"]]
    while response.json()["next"]:
        response = api.get(response.json()["next"])
        names += [row["name"] for row in response.json()["results"]]
    assert sorted(names) == [f"S{number}" for number in range(5)]
    assert set(names[:3]) == {"S0", "S2", "S4"}


def test_update_writes_what_changes(api: APIClient, sprint: Any) -> None:
    response = api.patch(f"{URL}{sprint['id']}/", {"name": "New", "goal": "", "expected_version": 1})
    assert (response.json()["name"], response.json()["version"]) == ("New", 2)
    assert Activity.objects.latest("id").changes == [{"field": "name", "old": "S1", "new": "New"}]
    assert api.patch(f"{URL}{sprint['id']}/", {"project": "pone"}).json()["version"] == 2
    error(api.patch(f"{URL}{sprint['id']}/", {"end_date": "2026-01-05"}), 400, "VALIDATION_ERROR", "end_date")
    error(api.patch(f"{URL}{sprint['id']}/", {"status": "active"}), 400, "VALIDATION_ERROR", "status")
    error(api.patch(f"{URL}{sprint['id']}/", {"name": "x", "expected_version": 1}), 409, "CONFLICT")


def test_project_is_immutable(api: APIClient, sprint: Any, make_project: Make) -> None:
    make_project("TWO")
    for name in ("project", "project_id"):
        error(api.patch(f"{URL}{sprint['id']}/", {name: "TWO"}), 400, "VALIDATION_ERROR", "project_id")


def test_second_active_sprint_is_a_conflict(api: APIClient, sprint: Any, make_project: Make) -> None:
    assert act(api, sprint, "start").json()["status"] == "active"
    second = create(api, name="S2")
    assert "S1 is active" in error(act(api, second, "start"), 409, "CONFLICT")["message"]
    make_project("TWO")
    assert act(api, create(api, project="TWO"), "start").status_code == 200
    assert act(api, sprint, "complete").status_code == 200
    assert act(api, second, "start").status_code == 200


MOVES = {
    "planned": {"start": 200, "complete": 409, "cancel": 200, "reopen": 409},
    "active": {"start": 409, "complete": 200, "cancel": 200, "reopen": 200},
    "completed": {"start": 409, "complete": 409, "cancel": 409, "reopen": 409},
    "cancelled": {"start": 409, "complete": 409, "cancel": 409, "reopen": 200},
}
WAYS = {"planned": [], "active": ["start"], "completed": ["start", "complete"], "cancelled": ["cancel"]}


@pytest.mark.parametrize("status", MOVES)
@pytest.mark.parametrize("verb", ["start", "complete", "cancel", "reopen"])
def test_only_the_known_moves_are_allowed(api: APIClient, sprint: Any, status: str, verb: str) -> None:
    for step in WAYS[status]:
        assert act(api, sprint, step).status_code == 200
    response = act(api, sprint, verb)
    if MOVES[status][verb] == 409:
        assert f"is {status}" in error(response, 409, "CONFLICT")["message"]
    else:
        assert response.status_code == 200, response.content


@pytest.mark.parametrize("verb", ["start", "cancel", "complete", "reopen"])
def test_moves_expect_a_version(api: APIClient, sprint: Any, verb: str) -> None:
    before = {"complete": "start", "reopen": "cancel"}.get(verb)
    version = act(api, sprint, before).json().get("version", 2) if before else 1
    problem = error(act(api, sprint, verb, {"expected_version": 7}), 409, "CONFLICT")
    assert problem["current"]["name"] == "S1"
    error(act(api, sprint, verb, {"colour": "red"}), 400, "VALIDATION_ERROR", "colour")
    assert act(api, sprint, verb, {"expected_version": version}).status_code == 200


def test_complete_takes_out_what_is_unfinished(api: APIClient, sprint: Any, make_item: Make) -> None:
    act(api, sprint, "start")
    make_item("open", sprint_id=sprint["id"])
    make_item("done", sprint_id=sprint["id"], status="done")
    body = act(api, sprint, "complete").json()
    assert body["moved"] == ["PONE-1"]
    assert (body["sprint"]["status"], body["sprint"]["version"]) == ("completed", 3)
    assert body["sprint"]["completed_at"] is not None
    assert list(WorkItem.objects.values_list("sprint_id", flat=True)) == [None, Sprint.objects.get().pk]
    moved = Activity.objects.latest("id")
    assert (moved.display_key, moved.changes[0]["field"]) == ("PONE-1", "sprint_id")


def test_complete_moves_to_another_sprint(api: APIClient, sprint: Any, make_item: Make, make_project: Make) -> None:
    act(api, sprint, "start")
    make_item("open", sprint_id=sprint["id"])
    ended = create(api, name="ended")
    act(api, ended, "cancel")
    make_project("TWO")
    strange = create(api, project="TWO")
    for goal in (sprint, strange):
        error(act(api, sprint, "complete", {"move_to": goal["id"]}), 400, "VALIDATION_ERROR", "move_to")
    error(act(api, sprint, "complete", {"move_to": "nowhere"}), 400, "VALIDATION_ERROR", "move_to")
    error(act(api, sprint, "complete", {"move_to": ended["id"]}), 409, "CONFLICT")
    assert api.get(f"{URL}{sprint['id']}/").json()["status"] == "active"
    following = create(api, name="S2")
    assert act(api, sprint, "complete", {"move_to": following["id"]}).json()["moved"] == ["PONE-1"]
    assert str(WorkItem.objects.get().sprint_id) == following["id"]


def test_cancel_takes_out_what_is_unfinished(api: APIClient, sprint: Any, make_item: Make) -> None:
    make_item("open", sprint_id=sprint["id"])
    body = act(api, sprint, "cancel").json()
    assert (body["sprint"]["status"], body["moved"]) == ("cancelled", ["PONE-1"])


def test_reopen_plans_again_and_brings_back_what_left(api: APIClient, sprint: Any, make_item: Make) -> None:
    make_item("open", sprint_id=sprint["id"])
    act(api, sprint, "start")
    act(api, sprint, "cancel")
    body = act(api, sprint, "reopen").json()
    assert (body["sprint"]["status"], body["moved"], body["sprint"]["version"]) == ("planned", ["PONE-1"], 4)
    assert body["sprint"]["started_at"] is body["sprint"]["completed_at"] is None
    assert str(WorkItem.objects.get().sprint_id) == sprint["id"]


def test_completed_sprint_is_read_only(api: APIClient, sprint: Any, make_item: Make, user: Any) -> None:
    act(api, sprint, "start")
    act(api, sprint, "complete")
    error(api.patch(f"{URL}{sprint['id']}/", {"name": "New"}), 409, "CONFLICT")
    error(api.delete(f"{URL}{sprint['id']}/"), 409, "CONFLICT")
    with pytest.raises(Exception, match="is completed; it can't take more items"):
        make_item().update(actor=user, sprint_id=sprint["id"])


def test_only_stories_and_tasks_of_the_project_go_in(
    api: APIClient, sprint: Any, make_item: Make, make_project: Make
) -> None:
    make_item("story", item_type="story", sprint_id=sprint["id"])
    with pytest.raises(Exception, match="an epic can't be in a sprint"):
        make_item("epic", item_type="epic", sprint_id=sprint["id"])
    with pytest.raises(Exception, match="belongs to another project"):
        make_item("stranger", project=make_project("TWO"), sprint_id=sprint["id"])


def test_delete_and_restore_take_out_and_bring_back(api: APIClient, sprint: Any, make_item: Make) -> None:
    for number in range(2):
        make_item(f"T{number}", sprint_id=sprint["id"])
    error(api.delete(f"{URL}{sprint['id']}/", {"expected_version": 9}), 409, "CONFLICT")
    assert api.delete(f"{URL}{sprint['id']}/").status_code == 204
    error(api.get(f"{URL}{sprint['id']}/"), 404, "NOT_FOUND")
    assert [row["name"] for row in api.get(URL, {"deleted": "true"}).json()["results"]] == ["S1"]
    assert set(WorkItem.objects.values_list("sprint_id", flat=True)) == {None}
    other = create(api, name="S2")
    first = WorkItem.objects.select_related("project").get(item_number=1)
    first.update(actor=first.created_by, sprint_id=other["id"])
    assert act(api, sprint, "restore").json()["status"] == "planned"
    assert [str(pk) for pk in WorkItem.objects.values_list("sprint_id", flat=True)] == [other["id"], sprint["id"]]
    error(act(api, sprint, "restore"), 409, "CONFLICT")


def test_restored_sprint_is_not_a_second_active_one(api: APIClient, sprint: Any) -> None:
    act(api, sprint, "start")
    api.delete(f"{URL}{sprint['id']}/")
    second = create(api, name="S2")
    act(api, second, "start")
    error(act(api, sprint, "restore"), 409, "CONFLICT")


def test_archived_project_is_read_only(api: APIClient, sprint: Any, project: Project) -> None:
    project.archive(actor=project.created_by)
    error(api.post(URL, {"project": "PONE", "name": "S2", **DATES}), 409, "ARCHIVED")
    error(api.patch(f"{URL}{sprint['id']}/", {"name": "New"}), 409, "ARCHIVED")
    error(api.delete(f"{URL}{sprint['id']}/"), 409, "ARCHIVED")
    for verb in ("start", "cancel"):
        error(act(api, sprint, verb), 409, "ARCHIVED")


def test_sprint_of_a_deleted_project_is_not_found(api: APIClient, sprint: Any, project: Project) -> None:
    project.soft_delete(actor=project.created_by)
    error(api.get(f"{URL}{sprint['id']}/"), 404, "NOT_FOUND")
    error(api.get(f"{URL}no-id/"), 404, "NOT_FOUND")
    assert api.get(URL).json()["results"] == []


def test_repeated_completion_gets_the_first_answer(api: APIClient, sprint: Any, make_item: Make) -> None:
    act(api, sprint, "start")
    make_item("open", sprint_id=sprint["id"])
    first, again = (api.post(f"{URL}{sprint['id']}/complete/", {}, HTTP_IDEMPOTENCY_KEY="one") for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first["ETag"] == again["ETag"] == '"3"'
