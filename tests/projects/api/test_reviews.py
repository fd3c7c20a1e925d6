"""Handing in, accepting, sending back and waiving by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from discovery.runtime import Runtime
from projects.api.json_format import render
from projects.models import Project, Review, User, Waiver, WorkItem
from projects.models.work_items import evidence
from projects.models.work_items.evidence import Evidence, Source
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
ON_TERMINAL = {"HTTP_X_PM_ACTOR_SOURCE": "terminal"}
Make = Callable[..., WorkItem]


@pytest.fixture
def reviewed(project: Project, owner: User) -> Project:
    project.update(actor=owner, review_policy="required")
    return project


def post(client: Client, path: str, **body: Any) -> Any:
    response = client.post(f"{URL}{path}/", body, content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()


def patch(api: APIClient, key: str, **body: Any) -> Any:
    response = api.patch(f"{URL}{key}/", body)
    assert response.status_code == 200, response.content
    return response.json()


def test_agent_hands_in_and_a_person_decides(
    api: APIClient, browser: Client, reviewed: Project, make_item: Make
) -> None:
    make_item()
    assert api.post(f"{URL}PONE-1/review/", {"text": "Look"}).json() == {
        "key": "PONE-1",
        "status": "review",
        "version": 2,
    }
    assert post(browser, "PONE-1/send-back", text="Test it")["status"] == "in_progress"
    answer = api.post(f"{URL}edit/", {"items": ["PONE-1"], "changes": {"status": "done", "close_reason": "Tested"}})
    assert answer.json() == {"receipts": [{"key": "PONE-1", "status": "review", "version": 4}]}
    assert post(browser, "PONE-1/accept", text="Good")["status"] == "done"
    rows = api.get("/api/v1/reviews/", {"work_item": "PONE-1"}).json()["results"]
    assert [(row["content"], row["verdict"], row["answer"]) for row in rows] == [
        ("Look", "sent_back", "Test it"),
        ("Tested", "accepted", "Good"),
    ]
    assert rows[1]["decided_by"] == User.objects.owner().username


@pytest.mark.parametrize(
    ("path", "body"), [("accept", {}), ("send-back", {"text": "No"}), ("waive", {"reason": "Because"})]
)
def test_agents_decide_nothing(
    running: Runtime, reviewed: Project, make_item: Make, owner: User, path: str, body: Any
) -> None:
    make_item(status="review")
    for client in (bearer(), bearer("claude"), bearer("claude", **ON_TERMINAL), bearer(owner.username)):
        refused = error(client.post(f"{URL}PONE-1/{path}/", body), 403, "FORBIDDEN")
        assert "only a person" in refused["message"]
    assert WorkItem.objects.get().status == "review"


def test_done_at_a_terminal_accepts_only_what_the_person_confirms(
    running: Runtime, reviewed: Project, make_item: Make, owner: User
) -> None:
    make_item()
    person = bearer(owner.username, **ON_TERMINAL)
    assert patch(person, "PONE-1", status="done")["status"] == "review"
    assert Review.objects.get().verdict == "waiting"
    assert person.post(f"{URL}PONE-1/accept/", {}).json()["status"] == "done"
    assert (Review.objects.get().verdict, WorkItem.objects.get().closing) == ("accepted", "accepted")


def test_refusal_lists_what_is_missing_and_how_to_get_it(
    api: APIClient, browser: Client, project: Project, make_item: Make, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(item: WorkItem) -> list[Evidence]:
        return [Evidence(f"check {name} has not passed", f"pm check PONE-1 {name}") for name in ("test", "lint")]

    monkeypatch.setattr(evidence, "SOURCES", (Source("checks_policy", find),))
    project.update(actor=owner, checks_policy="required")
    make_item()
    for response in (
        api.patch(f"{URL}PONE-1/", {"status": "done", "force": True}),
        api.post(f"{URL}PONE-1/review/", {}),
        api.post(f"{URL}bulk-update/", {"updates": [{"id": "PONE-1", "status": "done"}]}),
        api.post("/api/v1/reviews/", {"work_item": "PONE-1"}),
    ):
        refused = error(response, 409, "EVIDENCE_MISSING")
        assert refused["missing"] == [
            {"what": "check test has not passed", "get": "pm check PONE-1 test"},
            {"what": "check lint has not passed", "get": "pm check PONE-1 lint"},
        ]
    found = api.get(f"{URL}PONE-1/evidence/").json()
    assert found["policies"] == {"review": "off", "checks": "required", "acceptance": "off"}
    assert [each["get"] for each in found["missing"]] == ["pm check PONE-1 test", "pm check PONE-1 lint"]
    project.update(actor=owner, checks_policy="warn")
    receipt = api.post(f"{URL}edit/", {"items": ["PONE-1"], "changes": {"status": "done"}}).json()["receipts"][0]
    assert receipt["warning"].startswith("lacks: check test has not passed (pm check PONE-1 test)")
    assert len(render(receipt)) <= 160
    patch(api, "PONE-1", status="todo")
    project.update(actor=owner, checks_policy="required")
    post(browser, "PONE-1/waive", reason="No machine")
    waiver = Waiver.objects.get()
    assert waiver.missing.splitlines()[0] == "check test has not passed (pm check PONE-1 test)"
    assert api.get(f"{URL}PONE-1/").json()["closing"] == "waived"


def test_policies_are_set_by_people_only(api: APIClient, browser: Client, project: Project) -> None:
    body = {"review_policy": "required"}
    error(api.patch("/api/v1/projects/PONE/", body), 403, "FORBIDDEN")
    assert browser.patch("/api/v1/projects/PONE/", body, content_type="application/json").status_code == 200


def test_text_of_an_item_sent_back_is_in_begin_news_and_log(browser: Client, api: APIClient, make_item: Make) -> None:
    make_item("Parser")
    claude, other = (bearer("claude", HTTP_X_PM_SESSION=f"name={name}&worktree=/x") for name in ("one", "two"))
    make_item("Another")
    claude.post(f"{URL}PONE-1/begin/", {})
    claude.post(f"{URL}PONE-1/review/", {"text": "3 tests pass"})
    assert "sent_back" not in api.get(f"{URL}PONE-1/brief/").json()
    assert api.get(f"{URL}PONE-1/brief/").json()["handed_in"]["text"] == "3 tests pass"
    claude.post("/api/v1/news/seen/", {"cursor": claude.get("/api/v1/news/").json()["cursor"]})
    post(browser, "PONE-1/send-back", text="Test the empty list")
    did = claude.get("/api/v1/news/").json()["news"][0]["did"]
    assert "sent it back: Test the empty list" in did
    (row,) = claude.get(f"{URL}sent-back/").json()["results"]
    assert (row["key"], row["text"]) == ("PONE-1", "Test the empty list")
    # The session that handed in is live, so it has the item again, and no other session gets it.
    assert other.post(f"{URL}begin/", {}).json()["key"] == "PONE-2"
    begun = claude.post(f"{URL}begin/", {}).json()
    assert (begun["key"], begun["sent_back"]["text"]) == ("PONE-1", "Test the empty list")
    log = [row["did"] for row in api.get(f"{URL}PONE-1/log/").json()["log"]]
    assert {"handed in: 3 tests pass", "sent it back: Test the empty list"} <= set(log)


def test_item_sent_back_in_another_clone_is_begun_by_who_handed_it_in(
    api: APIClient, make_item: Make, owner: User
) -> None:
    make_item("First", priority="critical")
    item = make_item("Second")
    claude = bearer("claude", HTTP_X_PM_SESSION="name=one&worktree=/x")
    claude.post(f"{URL}PONE-2/review/", {"text": "Look"})
    # As sync writes it: without a claim.
    review = Review.objects.get()
    Review.objects.filter(pk=review.pk).update(verdict="sent_back", answer="Again", decided_by=owner)
    WorkItem.objects.filter(pk=item.pk).update(status="in_progress", assignee=User.objects.actor("claude"))
    assert bearer("codex").post(f"{URL}begin/", {}).json()["key"] == "PONE-1"
    begun = claude.post(f"{URL}begin/", {}).json()
    assert (begun["key"], begun["sent_back"]["text"]) == ("PONE-2", "Again")


def test_forced_claim_is_marked_in_the_log(api: APIClient, make_item: Make) -> None:
    make_item()
    bearer("claude").post(f"{URL}PONE-1/begin/", {})
    patch(bearer("codex"), "PONE-1", status="todo", force=True)
    assert api.get(f"{URL}PONE-1/log/").json()["log"][0]["did"].endswith("(forced)")
