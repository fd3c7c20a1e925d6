"""Questions on an item's page, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from projects.models import Question, User, WorkItem
from tests.projects.web.test_item_edit import error

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.fixture
def question(make_item: Make, user: User) -> Question:
    values: dict[str, Any] = {"default": "No", "default_at": timezone.now() + timedelta(hours=1)}
    return Question.objects.create(
        actor=user, work_item=make_item(), text="Postgres?", choices=["Yes", "No"], details="*Why*", **values
    )


def send(browser: Client, question: Question, version: int = 1, **typed: str) -> Any:
    return browser.post(f"/items/questions/{question.pk}/", {"version": version, **typed})


def test_item_page_shows_an_open_question_with_its_choices(browser: Client, question: Question) -> None:
    page = browser.get("/items/PONE-1/").content.decode()
    for part in ("Postgres?", '<button name="choice" value="1">Yes</button>', "<em>Why</em>", "“No” is taken"):
        assert part in page


@pytest.mark.parametrize(("typed", "answer"), [({"choice": "2", "answer": ""}, "No"), ({"answer": " Both \n"}, "Both")])
def test_person_answers_on_the_page(
    browser: Client, owner: User, question: Question, typed: dict[str, str], answer: str
) -> None:
    assert send(browser, question, **typed).status_code == 200
    question.refresh_from_db()
    assert (question.status, question.answer, question.answered_by) == ("answered", answer, owner)
    page = browser.get("/items/PONE-1/").content.decode()
    assert f"answered: <strong>{answer}</strong>" in page
    assert 'name="choice"' not in page


def test_answer_is_undone_by_its_toast(browser: Client, question: Question) -> None:
    for path, typed in ((f"/items/questions/{question.pk}/", "choice"), (f"/inbox/question/{question.pk}/", "act")):
        values = {"version": question.version, "seen": "", typed: "1" if typed == "choice" else "choice-1"}
        answer = browser.post(path, values)
        assert Question.objects.answered().exists()
        assert browser.post(answer["PM-Undo"]).status_code == 200
        question.refresh_from_db()
        assert (question.status, question.answer) == ("open", "")


@pytest.mark.parametrize(
    ("typed", "message"),
    [({"answer": ""}, "must not be blank"), ({"choice": "3"}, "must be from 1 to 2"), ({"choice": "x"}, "the number")],
)
def test_wrong_answer_is_explained(browser: Client, question: Question, typed: dict[str, str], message: str) -> None:
    response = send(browser, question, **typed)
    assert message in error(response, 400)
    assert Question.objects.open().exists()


def test_default_that_was_taken_is_shown_as_such_and_may_be_answered(browser: Client, question: Question) -> None:
    question.take_default()
    page = browser.get("/items/PONE-1/").content.decode()
    assert "Default taken, nobody answered:" in page
    assert "Answer anyway" in page
    assert send(browser, question, 2, choice="1").status_code == 200


def test_browser_that_an_agent_signed_in_does_not_answer(browser: Client, question: Question) -> None:
    session = browser.session
    session["agent"] = "claude"
    session.save()
    response = send(browser, question, choice="1")
    assert "only a person can answer a question" in error(response, 403).lower()


def test_person_withdraws_own_question(browser: Client, owner: User, make_item: Make) -> None:
    question = Question.objects.create(actor=owner, work_item=make_item(), text="Postgres?")
    assert 'name="withdraw"' in browser.get("/items/PONE-1/").content.decode()
    assert send(browser, question, answer="", withdraw="yes").status_code == 200
    assert "It was withdrawn" in browser.get("/items/PONE-1/").content.decode()
