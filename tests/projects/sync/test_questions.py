"""Questions that two clones ask and answer without having seen each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from projects.entities.question import MAX_NUMBER
from projects.models import Question, WorkItem
from projects.models.exceptions import Conflict
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair
from tests.projects.sync.scripts import clock
from tests.projects.sync.test_hostile_logs import Forger, new_id

Make = Callable[[str], BoardClone]
HOUR = timedelta(hours=1)


def ask(clone: BoardClone, text: str, **values: Any) -> Question:
    return Question.objects.create(actor=clone.user, work_item=WorkItem.objects.get(), text=text, **values)


def test_two_first_questions_of_an_item_get_the_same_numbers_everywhere(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with bob:
        late = ask(bob, "Of Bob?")
        assert late.display_key == "PONE-1.q1"
    with ada:
        ask(ada, "Of Ada?")
        ada.sync(log)
    with bob:
        report = bob.fetch(log)
        assert report.notes == ["PONE-1.q1 is now PONE-1.q2: another question has the number"]
        assert Question.objects.get(pk=late.pk).display_key == "PONE-1.q2"
        # The key that this clone showed still leads to its question here, so that a write by it is refused.
        assert Question.former_pk("pone-1.Q1") == late.pk
    assert_equal(log, ada, bob)
    with ada:
        keys = {question.text: question.display_key for question in Question.objects.all()}
        assert keys == {"Of Ada?": "PONE-1.q1", "Of Bob?": "PONE-1.q2"}
        assert ask(ada, "Third?").number == 3


@pytest.mark.parametrize("is_answer_first", [True, False])
def test_answer_of_a_person_beats_a_default_that_was_taken_elsewhere(
    make_board_clone: Make, log: Log, is_answer_first: bool
) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        ask(ada, "Postgres?", choices=["yes", "no"], default="no", default_at=timezone.now() + HOUR)
        ada.sync(log)
    with bob:
        bob.sync(log)
        Question.objects.get().answer_with(actor=bob.user, text="Yes")
        if is_answer_first:
            bob.sync(log)
    with ada, clock(2 * HOUR), transaction.atomic():
        assert Question.objects.take_defaults() == 1
    assert_equal(log, *((bob, ada) if is_answer_first else (ada, bob)))
    for clone in (ada, bob):
        with clone:
            question = Question.objects.get()
            assert (question.status, question.answer) == ("answered", "yes")
            assert question.answered_by is not None
            assert question.answered_by.username == "bob"


def test_only_the_clone_that_asked_takes_the_default(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        ask(ada, "Postgres?", default="no", default_at=timezone.now() + HOUR)
        ada.sync(log)
    with bob, clock(2 * HOUR):
        bob.sync(log)
        assert Question.objects.open().count() == 1
        assert Question.objects.take_defaults() == 0
    with ada, clock(2 * HOUR):
        assert Question.objects.take_defaults() == 1
    assert_equal(log, ada, bob)
    with bob:
        question = Question.objects.get()
        assert (question.status, question.answer, question.answered_by) == ("default_taken", "no", None)


def test_question_about_an_item_that_another_clone_closed_is_not_open(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        WorkItem.objects.get().update(actor=ada.user, status="done")
        ada.sync(log)
    with bob:
        ask(bob, "Postgres?")
    assert_equal(log, ada, bob)
    for clone in (ada, bob):
        with clone:
            assert not Question.objects.open().exists()
            assert "PONE-1 is done" in Question.objects.get().outcome


def test_withdrawal_that_did_not_see_an_answer_loses(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        question = ask(ada, "Postgres?")
        ada.sync(log)
    with bob:
        bob.sync(log)
        Question.objects.get().answer_with(actor=bob.user, text="no")
    with ada, clock(HOUR):
        question.withdraw(actor=ada.user)
    assert_equal(log, ada, bob)
    with ada:
        assert Question.objects.get().status == "answered"


def test_question_is_refused_while_the_log_has_the_oldest_format(make_board_clone: Make, log: Log) -> None:
    ada, _ = joined_pair(make_board_clone, log, oldest=True)
    with ada, pytest.raises(ValidationError, match="pm sync upgrade"):
        ask(ada, "Postgres?")
    with ada:
        assert not Question.objects.exists()


def test_forged_questions_are_void_or_alike_everywhere(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        forger = Forger(log)

    def forged(text: str | None, **values: Any) -> str:
        values = {"work_item": forger.item, "number": 1, "text": text, **values}
        pairs = {name: [None, value] for name, value in values.items() if value is not None}
        return forger.group(forger.operation("created", type="question", id=new_id(), set=pairs))

    forger.publish(
        forged(None),
        forged("Without an item?", work_item=new_id()),
        forged("Without a number?", number=None),
        forged("Last?", number=MAX_NUMBER),
        forged("After the last?", number=MAX_NUMBER),
        forged("Open with an answer?", answer="yes", answered_by="mallory"),
        forged("Answered by nobody?", number=2, status="answered", answer="yes"),
    )
    assert_equal(log, ada, bob)
    with bob:
        found = {question.text: (question.number, question.answer) for question in Question.objects.all()}
        assert found == {"Last?": (MAX_NUMBER, ""), "Open with an answer?": (1, ""), "Answered by nobody?": (2, "yes")}
        assert Question.objects.get(number=2).outcome == "an unknown user answered: yes"
        with pytest.raises(Conflict, match="PONE-1 has no more numbers for questions"):
            ask(bob, "One more?")
