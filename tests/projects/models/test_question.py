"""Rules of questions about work items."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from projects.models import Activity, PendingNote, Question, User, WorkItem
from projects.models.edits import undo
from projects.models.exceptions import Archived, Conflict, NotYours, StaleVersion
from projects.models.question import QuestionQuerySet
from tests.projects.sync.scripts import clock

pytestmark = pytest.mark.django_db
Ask = Callable[..., Question]
HOUR = timedelta(hours=1)


@pytest.fixture
def ask(make_item: Callable[..., WorkItem], user: User) -> Ask:
    """Ask by `ask(text, **values)`, as the agent ada, about an item of its own unless one is given."""

    def make(text: str = "Postgres?", **values: Any) -> Question:
        item = values.pop("work_item", None) or make_item()
        return Question.objects.create(actor=values.pop("actor", user), work_item=item, text=text, **values)

    return make


def test_questions_of_an_item_are_numbered(ask: Ask, make_item: Callable[..., WorkItem], user: User) -> None:
    item = make_item()
    first, second = ask(work_item=item), ask(work_item=item)
    assert [first.display_key, second.display_key] == ["PONE-1.q1", "PONE-1.q2"]
    second.soft_delete(actor=user)
    assert ask(work_item=item).display_key == "PONE-1.q3"  # a number is never used again
    assert Question.objects.identified_by("pone-1.Q1").get() == first
    assert QuestionQuerySet.names_of("PONE-1") is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 301}, "text"),
        ({"text": "two\nlines"}, "text"),
        ({"choices": [str(number) for number in range(7)]}, "choices"),
        ({"choices": ["yes", "YES"]}, "choices"),
        ({"choices": ["yes", " "]}, "choices"),
        ({"choices": "yes"}, "choices"),
        ({"default": "no"}, "default_at"),
        ({"default_at": timedelta(hours=1)}, "default"),
        ({"default": "no", "default_at": timedelta(minutes=9)}, "default_at"),
        ({"default": "no", "default_at": timedelta(days=400)}, "default_at"),
        ({"default": "no", "default_at": timedelta(hours=1), "choices": ["a", "b"]}, "default"),
        ({"status": "answered", "answer": "yes"}, "status"),
    ],
)
def test_question_that_breaks_a_rule_is_refused(ask: Ask, values: dict[str, Any], field: str) -> None:
    if "default_at" in values:
        values = {**values, "default_at": timezone.now() + values["default_at"]}
    with pytest.raises(ValidationError) as caught:
        ask(**({"text": "Postgres?"} | values))
    assert set(caught.value.message_dict) == {field}
    assert not Question.objects.exists()


def test_only_a_person_answers(ask: Ask, owner: User, user: User) -> None:
    question = ask(choices=["Yes, now", "No"])
    linked = User.objects.get(pk=owner.pk)
    linked.via = "claude"
    for agent in (user, linked):
        with pytest.raises(NotYours, match="only a person can answer a question"):
            question.answer_with(actor=agent, text="Yes, now")
    question.answer_with(actor=owner, text="yes, NOW")
    assert (question.status, question.answer, question.answered_by) == ("answered", "Yes, now", owner)
    with pytest.raises(Conflict, match=f"PONE-1.q1 can't be answered: {owner.username} answered: Yes, now"):
        question.answer_with(actor=owner, text="No")


@pytest.mark.parametrize(
    ("given", "answer"),
    [({"choice": 2}, "No"), ({"text": "Something else"}, "Something else"), ({"text": "no"}, "No")],
)
def test_answer_is_a_choice_or_any_text(ask: Ask, owner: User, given: dict[str, Any], answer: str) -> None:
    question = ask(choices=["Yes", "No"])
    question.answer_with(actor=owner, **given)
    assert Question.objects.get().answer == answer


@pytest.mark.parametrize(
    ("given", "field"), [({"choice": 3}, "choice"), ({"choice": 1, "text": "No"}, "choice"), ({"text": " "}, "answer")]
)
def test_answer_that_is_none_is_refused(ask: Ask, owner: User, given: dict[str, Any], field: str) -> None:
    question = ask(choices=["Yes", "No"])
    with pytest.raises(ValidationError) as caught:
        question.answer_with(actor=owner, **given)
    assert set(caught.value.message_dict) == {field}
    assert Question.objects.open().exists()


def test_default_is_taken_when_its_time_is_over_and_a_person_may_answer_still(ask: Ask, owner: User) -> None:
    question = ask(choices=["Yes", "No"], default="no", default_at=timezone.now() + HOUR)
    with transaction.atomic():
        assert Question.objects.take_defaults() == 0
    with clock(HOUR + timedelta(seconds=1)), transaction.atomic():
        assert Question.objects.take_defaults() == 1
        assert Question.objects.take_defaults() == 0
    question.refresh_from_db()
    assert question.outcome == "default taken, nobody answered: No"
    assert question.answered_by is None
    question.answer_with(actor=owner, text="yes")
    assert (question.status, question.answer) == ("answered", "Yes")


@pytest.mark.parametrize("answered", [True, False])
def test_default_is_not_taken_at_once_when_an_answer_is_taken_back_late(ask: Ask, owner: User, answered: bool) -> None:
    question = ask(default="no", default_at=timezone.now() + HOUR)
    if answered:
        question.answer_with(actor=owner, text="Yes")
    with clock(2 * HOUR), transaction.atomic():
        assert Question.objects.take_defaults() == (not answered)
        undo(Activity.objects.of(question).latest("id"), actor=owner)
        assert Question.objects.take_defaults() == 0
    assert Question.objects.get().status == "open"


def test_default_of_a_closed_item_is_not_taken(ask: Ask, user: User) -> None:
    question = ask(default="no", default_at=timezone.now() + HOUR)
    question.work_item.update(actor=user, status="cancelled")
    with clock(2 * HOUR), transaction.atomic():
        assert Question.objects.take_defaults() == 0


def test_who_asked_withdraws(ask: Ask, owner: User, user: User) -> None:
    question = ask()
    with pytest.raises(NotYours, match="only ada, who asked, or a superuser may change this question"):
        question.withdraw(actor=User.objects.actor("eve"))
    with pytest.raises(StaleVersion):
        question.withdraw(actor=user, expected_version=7)
    question.withdraw(actor=user)
    assert not Question.objects.open().exists()
    with pytest.raises(Conflict, match="can't be answered: it was withdrawn"):
        question.answer_with(actor=owner, text="Yes")


def test_closing_an_item_closes_its_questions_and_reopening_opens_them(ask: Ask, owner: User, user: User) -> None:
    question = ask()
    item = question.work_item
    item.update(actor=user, status="done")
    assert not Question.objects.open().exists()
    with pytest.raises(Conflict, match="can't be answered: PONE-1 is done, which closed it"):
        question.answer_with(actor=owner, text="Yes")
    with pytest.raises(Conflict, match="PONE-1 is done; reopen it to ask about it"):
        ask(work_item=item)
    item.update(actor=user, status="todo")
    assert Question.objects.open().get() == question


def test_questions_of_deleted_items_and_archived_projects_are_hidden(ask: Ask, owner: User, user: User) -> None:
    question = ask()
    item = question.work_item
    item.soft_delete(actor=user)
    assert not Question.objects.living().exists()
    with pytest.raises(Conflict, match="PONE-1 is deleted"):
        question.answer_with(actor=owner, text="Yes")
    item.restore(actor=user)
    item.project.archive(actor=user)
    question.refresh_from_db()
    assert not Question.objects.open().exists()
    with pytest.raises(Archived):
        question.answer_with(actor=owner, text="Yes")


def test_only_a_person_undoes_an_answer(ask: Ask, owner: User, user: User) -> None:
    question = ask()
    question.answer_with(actor=owner, text="Yes")
    activity = Activity.objects.of(question).latest("id")
    with pytest.raises(NotYours, match="only a person can change an answer"):
        undo(activity, actor=user)
    undo(activity, actor=owner)
    question.refresh_from_db()
    assert (question.status, question.answer, question.answered_by, question.answered_at) == ("open", "", None, None)


def test_session_that_asked_learns_that_an_answer_was_taken_back(ask: Ask, owner: User) -> None:
    agent = User.objects.actor("claude", is_agent=True)
    agent.session_id = "s1"
    question = ask(actor=agent)
    question.answer_with(actor=owner, text="Yes")
    undo(Activity.objects.of(question).latest("id"), actor=owner)
    agent.session_id = "s2"
    assert PendingNote.objects.for_session("s2") == []
    notes = [*PendingNote.objects.for_session("s1"), *PendingNote.objects.for_begin(question.work_item, agent)]
    said = "The answer to PONE-1.q1 was taken back; do not go on with it: Yes"
    assert [(note.text, note.by) for note in notes] == [(said, owner.username)] * 2


def test_answer_stays_once_its_item_is_closed(ask: Ask, owner: User) -> None:
    question = ask()
    question.answer_with(actor=owner, text="Yes")
    activity = Activity.objects.of(question).latest("id")
    question.work_item.update(actor=owner, status="done")
    with pytest.raises(Conflict, match="PONE-1 is done; reopen it before you take the answer back"):
        undo(activity, actor=owner)
    assert Question.objects.get().answer == "Yes"


@pytest.mark.parametrize("where", ["project", "item"])
def test_answer_stays_where_nothing_may_be_changed(ask: Ask, owner: User, where: str) -> None:
    question = ask()
    question.answer_with(actor=owner, text="Yes")
    activity = Activity.objects.of(question).latest("id")
    if where == "project":
        question.work_item.project.update(actor=owner, status="archived")
    else:
        question.work_item.soft_delete(actor=owner)
    with pytest.raises((Conflict, Archived)):
        undo(activity, actor=owner)
    assert Question.objects.get().answer == "Yes"
