from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, Dependency, WorkItem
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
    item = WorkItem.objects.get(pk=item["id"])  # type: ignore[assignment]
    return (item.lease_expires_at - timezone.now()).total_seconds() / 60  # type: ignore[attr-defined]


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
    error(api.post(f"{URL}PONE-1/renew/", {}), 400, "VALIDATION_ERROR", "lease_id")
    error(api.post(f"{URL}PONE-1/renew/", {"lease_id": "mine"}), 400, "VALIDATION_ERROR", "lease_id")


def test_release_gives_it_back(api: APIClient, make_item: Make) -> None:
    make_item()
    lease_id = claim(api)["lease_id"]
    error(api.post(f"{URL}PONE-1/release/", {}), 409, "CLAIMED")
    error(api.post(f"{URL}PONE-1/release/", {"lease_id": str(uuid.uuid4())}), 409, "CLAIMED")
    body = api.post(f"{URL}PONE-1/release/", {"lease_id": lease_id}).json()
    assert (body["status"], body["assignee"], body["claimed_by"], body["lease_expires_at"]) == (
        "todo",
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


def test_claim_locks_no_edits_and_ends_with_the_work(api: APIClient, make_item: Make) -> None:
    make_item()
    claim(bearer("eve"))
    assert api.patch(f"{URL}PONE-1/", {"title": "New"}).json()["claimed_by"] == "eve"
    body = api.patch(f"{URL}PONE-1/", {"status": "review"}).json()
    assert (body["claimed_by"], body["lease_expires_at"], body["assignee"]) == (None, None, "eve")


def test_repeated_claim_with_a_key_gets_the_same_lease(api: APIClient, make_item: Make) -> None:
    make_item()
    make_item()
    first = api.post(f"{URL}claim-next/", {"project": "PONE"}, HTTP_IDEMPOTENCY_KEY="k")
    again = api.post(f"{URL}claim-next/", {"project": "PONE"}, HTTP_IDEMPOTENCY_KEY="k")
    assert first.content == again.content
    assert WorkItem.objects.filter(lease_id__isnull=False).count() == 1


def test_lease_is_told_to_nobody_else(api: APIClient, make_item: Make) -> None:
    make_item()
    lease_id = claim(api)["lease_id"]
    for path in (URL, f"{URL}?fields=*", f"{URL}PONE-1/", f"{URL}PONE-1/show/", "/api/v1/changes/"):
        content = api.get(path).content.decode()
        assert "PONE-1" in content
        assert lease_id not in content
