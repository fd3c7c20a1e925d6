"""Questions in the API: who answers, what waits, and where answers come first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, Question, User, WorkItem

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
PERSON = {"X-PM-Actor": "casey", "X-PM-Actor-Source": "terminal"}


@pytest.fixture
def question(make_item: Make, user: User) -> Question:
    return Question.objects.create(actor=user, work_item=make_item(), text="Postgres?", choices=["Yes", "No"])


def outcome(api: APIClient) -> Any:
    return api.get("/api/v1/questions/pone-1.q1/outcome/").json()


def test_question_is_created_shown_and_answered_by_its_key(api: APIClient, make_item: Make) -> None:
    make_item()
    body = {"work_item": "PONE-1", "text": "Postgres?", "choices": ["Yes", "No"], "details": "Why"}
    made = api.post("/api/v1/questions/", body, format="json")
    assert made.status_code == 201
    assert (made.json()["display_key"], made.json()["status"]) == ("PONE-1.q1", "open")
    assert api.get("/api/v1/questions/PONE-1.q1/").json() == made.json()
    path = "/api/v1/questions/PONE-1.Q1/answer/"
    refused = api.post(path, {"choice": 1}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    stale = api.post(path, {"choice": 1, "expected_version": 2}, format="json", headers=PERSON)
    assert stale.status_code == 409
    answered = api.post(path, {"choice": 2}, format="json", headers=PERSON).json()
    assert (answered["status"], answered["answer"], answered["answered_by"]) == ("answered", "No", "casey")
    assert outcome(api)["answer"] == "No"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x" * 301}, "text"),
        ({"text": "a\nb"}, "text"),
        ({"choices": ["x"] * 7}, "choices"),
        ({"choices": [""]}, "choices"),
        ({"choices": "yes"}, "choices"),
        ({"status": "answered"}, "status"),
        ({"number": 7}, "number"),
        ({"default_at": "soon"}, "default_at"),
    ],
)
def test_wrong_question_names_the_field(api: APIClient, make_item: Make, body: dict[str, Any], field: str) -> None:
    make_item()
    response = api.post("/api/v1/questions/", {"work_item": "PONE-1", "text": "Postgres?", **body}, format="json")
    assert (response.status_code, response.json()["error"]["field"].split(".")[0]) == (400, field)


def test_outcome_is_small_and_costs_few_queries(api: APIClient, question: Question, owner: User) -> None:
    outcome(api)  # compiles its queries
    with CaptureQueriesContext(connection) as queries:
        assert outcome(api) == {
            "question": "PONE-1.q1",
            "status": "open",
            "message": "PONE-1.q1: nobody has answered yet",
        }
    assert len(queries) <= 3  # the question, and what the keys meant before clones met
    question.answer_with(actor=owner, choice=1)
    assert outcome(api)["by"] == owner.username


def test_outcome_names_the_newest_change_to_a_client_that_waits(api: APIClient, question: Question) -> None:
    answer = api.get("/api/v1/questions/pone-1.q1/outcome/", headers={"X-Wait": "0; 20"}).json()
    assert answer["cursor"] == Activity.objects.latest("id").pk
    assert "cursor" not in outcome(api)


def test_outcome_says_when_a_default_is_taken_and_that_it_was(api: APIClient, make_item: Make, user: User) -> None:
    at = timezone.now() + timedelta(hours=1)
    question = Question.objects.create(actor=user, work_item=make_item(), text="Q?", default="No", default_at=at)
    assert outcome(api)["default_at"] == f"{at:%Y-%m-%dT%H:%M:%SZ}"
    question.take_default()
    found = outcome(api)
    assert (found["status"], found["answer"], found["default"]) == (
        "default_taken",
        "No",
        "default taken, nobody answered",
    )


def test_outcome_of_a_closed_item_is_closed(api: APIClient, question: Question, user: User) -> None:
    question.work_item.update(actor=user, status="done")
    assert (outcome(api)["status"], "PONE-1 is done" in outcome(api)["message"]) == ("closed", True)


def test_lists_call_a_question_closed_while_its_item_is(
    api: APIClient, question: Question, make_item: Make, user: User
) -> None:
    Question.objects.create(actor=user, work_item=make_item("Two"), text="Other?")

    def keys(query: str) -> list[str]:
        return [row["display_key"] for row in api.get(f"/api/v1/questions/?{query}").json()["results"]]

    question.work_item.update(actor=user, status="cancelled")
    shown = api.get("/api/v1/questions/PONE-1.q1/").json()
    assert shown["status"] == "closed"
    assert [row["status"] for row in api.get("/api/v1/questions/").json()["results"]] == ["closed", "open"]
    assert (keys("status=open"), keys("status=closed")) == (["PONE-2.q1"], ["PONE-1.q1"])
    assert (keys("status=not:closed"), keys("status=answered")) == (["PONE-2.q1"], [])
    assert keys("status=open,closed&fields=display_key") == ["PONE-1.q1", "PONE-2.q1"]
    question.work_item.update(actor=user, status="todo")
    assert keys("status=open") == ["PONE-1.q1", "PONE-2.q1"]


def test_only_who_asked_withdraws(api: APIClient, question: Question) -> None:
    path = "/api/v1/questions/PONE-1.q1/withdraw/"
    assert api.post(path, headers={"X-PM-Actor": "eve"}).status_code == 403
    assert api.post(path, headers={"X-PM-Actor": "ada"}).json()["status"] == "withdrawn"
    assert api.post(path, headers={"X-PM-Actor": "ada"}).status_code == 409


def test_brief_has_answers_first_and_open_questions_with_choices(
    api: APIClient, question: Question, owner: User, user: User
) -> None:
    Question.objects.create(actor=user, work_item=question.work_item, text="Second?", choices=["a", "b"])
    question.answer_with(actor=owner, choice=1)
    brief = api.get("/api/v1/work-items/PONE-1/brief/").json()
    assert brief["questions"] == [
        {"question": "PONE-1.q1", "text": "Postgres?", "answer": "Yes", "by": owner.username},
        {"question": "PONE-1.q2", "text": "Second?", "choices": ["a", "b"]},
    ]
    assert [*brief].index("questions") < [*brief].index("version") + 2


def test_claim_with_an_open_question_has_no_end(api: APIClient, question: Question) -> None:
    session = {"X-PM-Actor": "ada", "X-PM-Session": "name=one"}
    begun = api.post("/api/v1/work-items/PONE-1/begin/", {"force": True}, format="json", headers=session).json()
    assert "lease_expires_at" not in begun
    (live,) = api.get("/api/v1/sessions/").json()["sessions"]
    assert [(item["key"], item["until"]) for item in live["items"]] == [("PONE-1", None)]
    reasons = api.get("/api/v1/work-items/PONE-1/readiness/").json()["reasons"]
    assert reasons[:2] == ["ada has claimed it", "it waits for an answer to PONE-1.q1"]
    refused = api.patch("/api/v1/work-items/PONE-1/", {"status": "todo"}, format="json", headers={"X-PM-Actor": "eve"})
    assert refused.json()["error"]["until"] is None


def test_news_has_answers_first(api: APIClient, question: Question, owner: User, make_item: Make) -> None:
    reader = {"X-PM-Actor": "reader", "X-PM-Session": "name=one"}
    make_item("Later")
    question.answer_with(actor=owner, text="Yes")
    news = api.get("/api/v1/news/", headers=reader).json()["news"]
    assert (news[0]["key"], news[0]["by"], news[0]["did"]) == ("PONE-1.q1", owner.username, "answered: Yes")
    assert {"key": "PONE-1.q1", "by": "ada", "did": "asks: Postgres?"} in news
    log = api.get("/api/v1/work-items/PONE-1/log/").json()["log"]
    assert [entry["did"] for entry in log] == ["answered: Yes", "asks: Postgres?", "created"]
