from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, Dependency, Session, User, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


def claim(api: APIClient, key: str = "PONE-1", **body: Any) -> Any:
    response = api.post(f"{URL}{key}/claim/", body)
    assert response.status_code == 200, response.content
    return response.json()


def claim_next(api: APIClient, **body: Any) -> Any:
    return api.post(f"{URL}claim-next/", {"project": "pone", **body})


def run_out(number: int = 1) -> None:
    WorkItem.objects.filter(item_number=number).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def minutes_left(item: dict[str, Any]) -> float:
    key = item.get("key") or item["display_key"]
    expires_at = WorkItem.objects.get(item_number=key.rpartition("-")[2]).lease_expires_at
    assert expires_at is not None
    return (expires_at - timezone.now()).total_seconds() / 60


def test_claim_assigns_and_starts(api: APIClient, make_item: Make) -> None:
    make_item()
    answer = claim(api)
    item = answer["work_item"]
    assert (item["status"], item["assignee"], item["claimed_by"], item["version"]) == ("in_progress", "llm", "llm", 2)
    assert item["started_at"] is not None
    assert 59 < minutes_left(item) <= 60
    assert uuid.UUID(answer["lease_id"])
    assert api.get(f"{URL}PONE-1/").json() == item
    assert {change["field"]: change["new"] for change in Activity.objects.latest("id").changes} == {
        **{"status": "in_progress", "assignee_id": item["assignee_id"], "claimed_by_id": item["assignee_id"]}
    }


def test_lease_is_so_many_minutes(api: APIClient, make_item: Make) -> None:
    make_item()
    assert 4 < minutes_left(claim(api, lease=5)["work_item"]) <= 5


@pytest.mark.parametrize("lease", [0, -1, 10_081, "5", 1.5, None, True])
def test_lease_is_bounded(api: APIClient, make_item: Make, lease: Any) -> None:
    make_item()
    error(api.post(f"{URL}PONE-1/claim/", {"lease": lease}), 400, "VALIDATION_ERROR", "lease")
    error(claim_next(api, lease=lease), 400, "VALIDATION_ERROR", "lease")


@pytest.mark.parametrize("actor", ["llm", "eve"])
def test_claimed_item_is_refused_and_the_holder_named(api: APIClient, make_item: Make, actor: str) -> None:
    make_item()
    held = claim(api)["work_item"]
    refused = error(bearer(actor).post(f"{URL}PONE-1/claim/"), 409, "CLAIMED")
    assert (refused["holder"], refused["until"]) == ("llm", held["lease_expires_at"])
    assert "lease_id" not in str(refused)


def test_done_item_is_not_claimed(api: APIClient, make_item: Make) -> None:
    make_item(status="done")
    error(api.post(f"{URL}PONE-1/claim/"), 409, "CONFLICT")


def test_claim_next_takes_the_first_that_is_ready(api: APIClient, make_item: Make) -> None:
    make_item("low", priority="low")
    blocked, blocker = make_item("blocked", priority="critical"), make_item("blocker", priority="high")
    Dependency.objects.create(actor=blocker.created_by, blocking_item=blocker, blocked_item=blocked)
    taken = [claim_next(api).json()["work_item"]["title"] for _ in range(2)]
    assert taken == ["blocker", "low"]
    refused = error(claim_next(api), 409, "NOTHING_READY")
    assert "PONE" in refused["message"]
    api.patch(f"{URL}PONE-3/", {"status": "done"})
    assert claim_next(api).json()["work_item"]["title"] == "blocked"


def test_claim_next_needs_a_project(api: APIClient, make_item: Make) -> None:
    make_item()
    error(api.post(f"{URL}claim-next/", {}), 400, "VALIDATION_ERROR", "project")
    error(api.post(f"{URL}claim-next/", {"project": "NONE"}), 400, "VALIDATION_ERROR", "project")
    error(claim_next(api, colour="red"), 400, "VALIDATION_ERROR", "colour")


def test_lease_that_ran_out_makes_it_ready_again(api: APIClient, make_item: Make) -> None:
    make_item()
    first = claim(api)
    run_out()
    second = claim_next(bearer("eve")).json()
    assert second["work_item"]["claimed_by"] == "eve"
    change = next(row for row in Activity.objects.latest("id").changes if row["field"] == "claimed_by_id")
    assert change["old"] == first["work_item"]["assignee_id"]
    refused = error(api.post(f"{URL}PONE-1/renew/", {"lease_id": first["lease_id"]}), 409, "CLAIMED")
    assert refused["holder"] == "eve"
    error(api.post(f"{URL}PONE-1/release/", {"lease_id": first["lease_id"]}), 409, "CLAIMED")


def test_renew_lets_the_claim_run_on(api: APIClient, make_item: Make) -> None:
    make_item()
    lease_id = claim(api, lease=1)["lease_id"]
    count = Activity.objects.count()
    response = api.post(f"{URL}PONE-1/renew/", {"lease_id": lease_id, "lease": 30})
    assert response.status_code == 200, response.content
    assert response.json()["lease_id"] == lease_id
    assert 29 < minutes_left(response.json()["work_item"]) <= 30
    assert (response.json()["work_item"]["version"], Activity.objects.count()) == (2, count)
    error(api.post(f"{URL}PONE-1/renew/", {"lease_id": str(uuid.uuid4())}), 409, "CLAIMED")
    assert api.post(f"{URL}PONE-1/renew/", {}).json()["lease_id"] == lease_id
    error(bearer("eve").post(f"{URL}PONE-1/renew/", {}), 409, "CLAIMED")
    assert bearer("eve").post(f"{URL}PONE-1/renew/", {"lease_id": lease_id}).status_code == 200
    error(api.post(f"{URL}PONE-1/renew/", {"lease_id": "mine"}), 400, "VALIDATION_ERROR", "lease_id")


def test_release_gives_it_back(api: APIClient, make_item: Make) -> None:
    make_item()
    lease_id = claim(api)["lease_id"]
    error(bearer("eve").post(f"{URL}PONE-1/release/", {}), 409, "CLAIMED")
    error(api.post(f"{URL}PONE-1/release/", {"lease_id": str(uuid.uuid4())}), 409, "CLAIMED")
    body = api.post(f"{URL}PONE-1/release/", {"lease_id": lease_id}).json()
    assert (body["status"], body["assignee"], body["claimed_by"], body["lease_expires_at"]) == (
        "backlog",
        None,
        None,
        None,
    )
    error(api.post(f"{URL}PONE-1/release/", {"lease_id": lease_id}), 409, "CONFLICT")
    error(api.post(f"{URL}PONE-1/release/", {"force": True}), 409, "CONFLICT")
    error(api.post(f"{URL}PONE-1/renew/", {"lease_id": lease_id}), 409, "CONFLICT")


def test_force_releases_whosever_it_is(api: APIClient, make_item: Make) -> None:
    make_item()
    claim(bearer("eve"))
    assert api.post(f"{URL}PONE-1/release/", {"force": True}).json()["claimed_by"] is None


def test_claim_keeps_status_and_assignee_for_its_session(api: APIClient, make_item: Make) -> None:
    make_item()
    eve = bearer("eve")
    claim(eve)
    assert api.patch(f"{URL}PONE-1/", {"title": "New"}).json()["claimed_by"] == "eve"
    for change in ({"status": "review"}, {"assignee": "@me"}):
        refused = error(api.patch(f"{URL}PONE-1/", change), 409, "CLAIMED")
        assert refused["holder"] == "eve"
    error(api.post(f"{URL}bulk-update/", {"updates": [{"id": "PONE-1", "status": "todo"}]}), 409, "CLAIMED")
    body = eve.patch(f"{URL}PONE-1/", {"status": "review"}).json()
    assert (body["claimed_by"], body["lease_expires_at"], body["assignee"]) == (None, None, "eve")


def test_force_overrides_a_claim_and_is_recorded(api: APIClient, make_item: Make) -> None:
    make_item()
    claim(bearer("eve"))
    assert (
        api.patch(f"{URL}PONE-1/", {"status": "todo", "assignee": "none", "force": True}).json()["claimed_by"] is None
    )
    assert Activity.objects.latest("id").is_forced
    claim(api)
    assert not Activity.objects.latest("id").is_forced
    api.patch(f"{URL}PONE-1/", {"status": "review", "force": True})
    assert not Activity.objects.latest("id").is_forced


def test_lease_id_proves_the_claim_from_any_session(api: APIClient, make_item: Make) -> None:
    make_item()
    lease_id = claim(bearer("eve"))["lease_id"]
    error(api.patch(f"{URL}PONE-1/", {"status": "done", "lease_id": str(uuid.uuid4())}), 409, "CLAIMED")
    body = api.patch(f"{URL}PONE-1/", {"status": "done", "lease_id": lease_id}).json()
    assert body["status"] == "done"
    assert not Activity.objects.latest("id").is_forced


def test_claim_belongs_to_the_session_not_to_the_name(running: Any, make_item: Make) -> None:
    make_item()
    one, two = (bearer("bot", HTTP_X_PM_SESSION=f"worktree=/{name}") for name in "ab")
    claim(one)
    error(two.patch(f"{URL}PONE-1/", {"status": "done"}), 409, "CLAIMED")
    assert one.patch(f"{URL}PONE-1/", {"status": "done"}).status_code == 200


def test_begin_is_idempotent_for_its_session(running: Any, make_item: Make) -> None:
    make_item()
    one, two = (bearer("bot", HTTP_X_PM_SESSION=f"worktree=/{name}") for name in "ab")
    first = one.post(f"{URL}PONE-1/begin/", {"lease": 10}).json()
    assert (first["status"], first["claimed_by"]) == ("in_progress", "bot")
    again = one.post(f"{URL}PONE-1/begin/", {"lease": 20}).json()
    assert again["version"] == first["version"]
    assert 19 < minutes_left(again) <= 20
    error(two.post(f"{URL}PONE-1/begin/", {}), 409, "CLAIMED")
    assert two.post(f"{URL}PONE-1/begin/", {"force": True}).json()["version"] == first["version"] + 1
    error(one.patch(f"{URL}PONE-1/", {"status": "done"}), 409, "CLAIMED")


def test_begin_takes_up_its_own_then_what_was_left_then_the_first_ready(running: Any, make_item: Make) -> None:
    for _ in range(3):
        make_item()
    one, two = (bearer("bot", HTTP_X_PM_SESSION=f"worktree=/{name}") for name in "ab")

    def begin(client: APIClient) -> str:
        return str(client.post(f"{URL}begin/", {"project": "PONE"}).json()["key"])

    assert [begin(one), begin(one), begin(two), begin(one)] == ["PONE-1", "PONE-1", "PONE-2", "PONE-1"]
    run_out(2)
    assert begin(bearer("bot", HTTP_X_PM_SESSION="worktree=/c")) == "PONE-2"
    assert begin(bearer("eve")) == "PONE-3"
    error(bearer("ann").post(f"{URL}begin/", {"project": "PONE"}), 409, "NOTHING_READY")


def test_item_that_is_not_ready_is_refused_with_the_reasons(api: APIClient, make_item: Make) -> None:
    maria = User.objects.actor("maria", is_agent=False)
    epic = make_item("Epic", item_type="epic")
    make_item("Child", parent=epic, assignee=maria)
    blocker = make_item("Blocker")
    Dependency.objects.create(actor=maria, blocking_item=blocker, blocked_item=epic)
    refused = error(api.post(f"{URL}PONE-1/claim/", {}), 409, "NOT_READY")
    assert refused["message"] == "PONE-1 is not ready: open children: PONE-2; it is blocked by PONE-3"
    refused = error(api.post(f"{URL}PONE-2/begin/", {}), 409, "NOT_READY")
    assert refused["message"].endswith("PONE-1 above it is blocked by PONE-3; it is assigned to maria")
    assert api.get(f"{URL}PONE-2/readiness/").json() == {
        "ready": False,
        "reasons": ["PONE-1 above it is blocked by PONE-3", "it is assigned to maria"],
    }
    assert api.get(f"{URL}PONE-3/readiness/").json() == {"ready": True, "reasons": []}
    assert claim(api, "PONE-2", force=True)["work_item"]["assignee"] == "llm"
    assert Activity.objects.latest("id").is_forced


def test_commands_of_a_session_renew_its_leases(running: Any, make_item: Make) -> None:
    make_item()
    client = bearer("bot", HTTP_X_PM_SESSION="worktree=/a")
    item = client.post(f"{URL}PONE-1/begin/", {"lease": 20}).json()
    for left, is_renewed in ((11, False), (9, True)):
        until = timezone.now() + timedelta(minutes=left)
        WorkItem.objects.update(lease_expires_at=until)
        Session.objects.update(last_seen_at=timezone.now() - timedelta(seconds=61))
        assert client.get(f"{URL}PONE-1/").json()["version"] == item["version"]
        assert (minutes_left(item) > 19) is is_renewed


def test_repeated_claim_with_a_key_gets_the_same_lease(api: APIClient, make_item: Make) -> None:
    make_item()
    make_item()
    first = api.post(f"{URL}claim-next/", {"project": "PONE"}, HTTP_IDEMPOTENCY_KEY="k")
    again = api.post(f"{URL}claim-next/", {"project": "PONE"}, HTTP_IDEMPOTENCY_KEY="k")
    assert first.content == again.content
    assert WorkItem.objects.filter(lease_id__isnull=False).count() == 1


def test_lease_is_shown_to_nobody_else(api: APIClient, make_item: Make) -> None:
    make_item()
    lease_id = claim(api)["lease_id"]
    for path in (URL, f"{URL}?fields=*", f"{URL}PONE-1/", f"{URL}PONE-1/show/", "/api/v1/changes/"):
        content = api.get(path).content.decode()
        assert "PONE-1" in content
        assert lease_id not in content
