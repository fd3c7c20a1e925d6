from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, Project, TimeEntry, User
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/time-entries/"
SPAN = {"started_at": "2026-01-05T09:00:00Z", "ended_at": "2026-01-05T10:30:00Z"}
Make = Callable[..., Any]


@pytest.fixture
def entry(api: APIClient, make_item: Make) -> Any:
    """A manual time entry by llm on PONE-1, as returned by the API."""
    make_item("Worked on")
    response = api.post(URL, {"work_item": "PONE-1", **SPAN, "description": "Thinking"})
    assert response.status_code == 201, response.content
    return response.json()


def later(**span: int) -> str:
    return (timezone.now() + timedelta(**span)).isoformat()


def test_create_answers_the_entry(entry: Any, api: APIClient) -> None:
    assert (entry["work_item"], entry["user"], entry["description"]) == ("PONE-1", "llm", "Thinking")
    assert (entry["started_at"], entry["ended_at"]) == (SPAN["started_at"], SPAN["ended_at"])
    assert (entry["duration_seconds"], entry["is_running"]) == (5400, False)
    assert api.get(f"{URL}{entry['id']}/").json() == entry


@pytest.mark.parametrize("moment", [1767603600, "2026-01-05T09:00:00", "2026-01-05T10:00:00+01:00"])
def test_times_are_iso_or_seconds(api: APIClient, make_item: Make, moment: Any) -> None:
    make_item()
    response = api.post(URL, {"work_item": "PONE-1", "started_at": moment, "ended_at": 1767607200})
    assert (response.json()["started_at"], response.json()["duration_seconds"]) == ("2026-01-05T09:00:00Z", 3600)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"work_item": "PONE-9"}, "work_item"),
        ({"started_at": None}, "started_at"),
        ({"ended_at": None}, "ended_at"),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": True}, "started_at"),
        ({"started_at": 1.5}, "started_at"),
        ({"started_at": -1}, "started_at"),
        ({"started_at": 10**30}, "started_at"),
        ({"started_at": {}}, "started_at"),
        ({"ended_at": "2026-01-05T09:00:00Z"}, "ended_at"),
        ({"ended_at": "2026-01-05T08:59:59Z"}, "ended_at"),
        ({"ended_at": "2026-01-06T09:00:01Z"}, "ended_at"),
        ({"started_at": later(minutes=-5), "ended_at": later(hours=2)}, "ended_at"),
        ({"description": "d" * 1001}, "description"),
        ({"description": "\x07"}, "description"),
        ({"user": "eve"}, "user"),
        ({"is_running": True}, "is_running"),
    ],
)
def test_create_with_a_wrong_value_names_the_field(
    api: APIClient, make_item: Make, values: dict[str, Any], field: str
) -> None:
    make_item()
    error(api.post(URL, {"work_item": "PONE-1", **SPAN, **values}), 400, "VALIDATION_ERROR", field)
    assert not TimeEntry.objects.exists()


def test_create_takes_a_whole_day(api: APIClient, make_item: Make) -> None:
    make_item()
    body = {"work_item": "PONE-1", **SPAN, "ended_at": "2026-01-06T09:00:00Z"}
    assert api.post(URL, body).json()["duration_seconds"] == 86_400
    error(api.post(URL, {"work_item": "PONE-1"}), 400, "VALIDATION_ERROR", "started_at")


def test_start_and_stop(api: APIClient, make_item: Make) -> None:
    make_item()
    response = api.post(f"{URL}start/", {"work_item": "pone-1", "description": "Go"})
    assert response.status_code == 201, response.content
    started = response.json()["time_entry"]
    assert response.json()["stopped_entry"] is None
    assert (started["is_running"], started["ended_at"], started["duration_seconds"]) == (True, None, None)
    assert response["Location"] == f"http://testserver{URL}{started['id']}/"
    stopped = api.post(f"{URL}{started['id']}/stop/").json()
    assert (stopped["is_running"], stopped["version"]) == (False, 2)
    assert stopped["duration_seconds"] >= 0
    assert "was stopped at" in error(api.post(f"{URL}{started['id']}/stop/"), 409, "CONFLICT")["message"]


def test_second_start_stops_the_first(api: APIClient, make_item: Make) -> None:
    make_item()
    make_item()
    first = api.post(f"{URL}start/", {"work_item": "PONE-1"}).json()["time_entry"]
    body = api.post(f"{URL}start/", {"work_item_id": "PONE-2"}).json()
    assert (body["time_entry"]["work_item"], body["time_entry"]["is_running"]) == ("PONE-2", True)
    assert (body["stopped_entry"]["id"], body["stopped_entry"]["is_running"]) == (first["id"], False)
    assert bearer("eve").post(f"{URL}start/", {"work_item": "PONE-1"}).json()["stopped_entry"] is None
    assert TimeEntry.objects.running().count() == 2


def test_refused_start_stops_nothing(api: APIClient, make_item: Make, make_project: Make) -> None:
    make_item()
    api.post(f"{URL}start/", {"work_item": "PONE-1"})
    two = make_project("TWO")
    make_item(project=two)
    two.archive(actor=two.created_by)
    error(api.post(f"{URL}start/", {"work_item": "TWO-1"}), 409, "ARCHIVED")
    error(api.post(f"{URL}start/", {"work_item": "PONE-9"}), 400, "VALIDATION_ERROR", "work_item")
    error(api.post(f"{URL}start/", {}), 400, "VALIDATION_ERROR", "work_item")
    error(api.post(f"{URL}start/", {"work_item": "PONE-1", "x": 1}), 400, "VALIDATION_ERROR", "x")
    assert TimeEntry.objects.running().get().version == 1


def test_stop_without_an_id_stops_the_actors_own(api: APIClient, make_item: Make) -> None:
    make_item()
    mine = api.post(f"{URL}start/", {"work_item": "PONE-1"}).json()["time_entry"]
    error(bearer("eve").post(f"{URL}stop/"), 409, "CONFLICT")
    error(api.post(f"{URL}stop/", {"expected_version": 7}), 409, "CONFLICT")
    assert api.post(f"{URL}stop/", {"expected_version": 1}).json()["id"] == mine["id"]
    assert "no running timer" in error(api.post(f"{URL}stop/"), 409, "CONFLICT")["message"]


def test_list_is_slim_and_filtered(api: APIClient, entry: Any, make_item: Make, make_project: Make) -> None:
    make_item("Elsewhere", project=make_project("TWO"))
    bearer("eve").post(f"{URL}start/", {"work_item": "TWO-1"})

    def items(**parameters: str) -> list[str]:
        return [row["work_item"] for row in api.get(URL, parameters).json()["results"]]

    rows = api.get(URL).json()["results"]
    assert set(rows[0]) == {
        *("id", "work_item", "user", "started_at", "ended_at", "duration_seconds", "is_running", "version")
    }
    assert items() == ["PONE-1", "TWO-1"]
    assert items(work_item="pone-1") == items(project="PONE") == items(user="llm") == items(running="false")
    assert items(work_item="TWO-1") == items(running="true", user="eve", project="two") == ["TWO-1"]
    assert items(running="true", user="llm") == items(user="none") == []
    assert api.get(URL, {"fields": "*", "user": "llm"}).json()["results"] == [entry]
    error(api.get(URL, {"running": "maybe"}), 400, "VALIDATION_ERROR", "running")


def test_update_keeps_the_rules(api: APIClient, entry: Any) -> None:
    url = f"{URL}{entry['id']}/"
    body = {"ended_at": "2026-01-05T11:00:00Z", "description": "", "expected_version": 1}
    assert api.patch(url, body).json()["duration_seconds"] == 7200
    assert {change["field"] for change in Activity.objects.latest("id").changes} == {"ended_at", "description"}
    error(api.patch(url, {"started_at": "2026-01-05T12:00:00Z"}), 400, "VALIDATION_ERROR", "ended_at")
    error(api.patch(url, {"started_at": "2026-01-01T12:00:00Z"}), 400, "VALIDATION_ERROR", "ended_at")
    error(api.patch(url, {"ended_at": later(hours=1)}), 400, "VALIDATION_ERROR", "ended_at")
    error(api.patch(url, {"ended_at": None}), 400, "VALIDATION_ERROR", "ended_at")
    error(api.patch(url, {"user": "eve"}), 400, "VALIDATION_ERROR", "user")
    error(api.patch(url, {"description": "x", "expected_version": 1}), 409, "CONFLICT")


def test_running_timer_is_ended_by_hand_in_the_past_only(api: APIClient, make_item: Make) -> None:
    make_item()
    started = api.post(f"{URL}start/", {"work_item": "PONE-1"}).json()["time_entry"]
    url = f"{URL}{started['id']}/"
    error(api.patch(url, {"ended_at": later(hours=1)}), 400, "VALIDATION_ERROR", "ended_at")
    error(api.patch(url, {"ended_at": later(hours=-1)}), 400, "VALIDATION_ERROR", "ended_at")
    error(api.patch(url, {"started_at": later(hours=1)}), 400, "VALIDATION_ERROR", "started_at")
    assert api.patch(url, {"started_at": later(hours=-2)}).json()["is_running"]
    assert api.patch(url, {"ended_at": later(hours=-1)}).json()["duration_seconds"] in (3599, 3600)


def test_timer_that_ran_for_days_is_still_edited(api: APIClient, make_item: Make) -> None:
    make_item()
    started = api.post(f"{URL}start/", {"work_item": "PONE-1"}).json()["time_entry"]
    TimeEntry.objects.update(started_at=datetime(2026, 1, 5, 9, tzinfo=UTC))
    assert api.post(f"{URL}stop/").json()["duration_seconds"] > 86_400
    assert api.patch(f"{URL}{started['id']}/", {"description": "forgot it"}).json()["description"] == "forgot it"


def test_entry_of_another_user_is_forbidden(api: APIClient, entry: Any, make_item: Make) -> None:
    running = api.post(f"{URL}start/", {"work_item": "PONE-1"}).json()["time_entry"]
    eve, url = bearer("eve"), f"{URL}{entry['id']}/"
    error(eve.patch(url, {"description": "x"}), 403, "FORBIDDEN")
    error(eve.delete(url), 403, "FORBIDDEN")
    error(eve.post(f"{URL}{running['id']}/stop/"), 403, "FORBIDDEN")
    api.delete(url)
    error(eve.post(f"{url}restore/"), 403, "FORBIDDEN")
    User.objects.create_superuser("root", password="x")
    root = bearer("root", HTTP_X_PM_TERMINAL="yes")
    assert root.post(f"{URL}{running['id']}/stop/").json()["updated_by"] == "root"


def test_delete_and_restore(api: APIClient, entry: Any) -> None:
    url = f"{URL}{entry['id']}/"
    assert api.delete(url, {"expected_version": 1}).status_code == 204
    error(api.get(url), 404, "NOT_FOUND")
    assert [row["id"] for row in api.get(URL, {"deleted": "true"}).json()["results"]] == [entry["id"]]
    assert api.post(f"{url}restore/").json()["version"] == 3


def test_restored_timer_is_not_a_second_one(api: APIClient, make_item: Make) -> None:
    make_item()
    first = api.post(f"{URL}start/", {"work_item": "PONE-1"}).json()["time_entry"]
    api.delete(f"{URL}{first['id']}/")
    assert api.post(f"{URL}start/", {"work_item": "PONE-1"}).json()["stopped_entry"] is None
    error(api.post(f"{URL}{first['id']}/restore/"), 409, "CONFLICT")


def test_archived_project_is_read_only(api: APIClient, entry: Any, project: Project) -> None:
    project.archive(actor=project.created_by)
    error(api.post(URL, {"work_item": "PONE-1", **SPAN}), 409, "ARCHIVED")
    error(api.patch(f"{URL}{entry['id']}/", {"description": "x"}), 409, "ARCHIVED")
    error(api.delete(f"{URL}{entry['id']}/"), 409, "ARCHIVED")
