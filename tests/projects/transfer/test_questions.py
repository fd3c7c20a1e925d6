"""Questions in export files: numbers that are taken, and answers that only a person imports."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.db import connection

from projects.models import Question, User, WorkItem
from projects.transfer import export, importer
from projects.transfer.exceptions import BadFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(make_item: Callable[..., WorkItem]) -> WorkItem:
    return make_item()


def exported() -> io.BytesIO:
    """Return an export of the board, which then has no questions any more, not even deleted ones."""
    file = io.BytesIO()
    export.write(file)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM projects_question")
    file.seek(0)
    return file


def ask(item: WorkItem, user: User, text: str = "Postgres?") -> Question:
    return Question.objects.create(actor=user, work_item=item, text=text, choices=["Yes", "No, never"])


def test_agent_does_not_import_an_answer(item: WorkItem, user: User, owner: User) -> None:
    ask(item, user).answer_with(actor=owner, choice=2)
    file = exported()
    with pytest.raises(BadFile) as caught:
        importer.read(file, actor=user)
    assert [error.field for error in caught.value.errors] == ["answer"]
    assert "only a person imports an answer" in str(caught.value)
    assert not Question.objects.exists()
    file.seek(0)
    importer.read(file, actor=owner)
    question = Question.objects.get()
    assert (question.status, question.answer, question.answered_by) == ("answered", "No, never", owner)
    assert not question.is_asked_here
    file.seek(0)
    importer.read(file, actor=user)  # the board has the answer already


def test_question_whose_number_is_taken_gets_the_next(item: WorkItem, user: User) -> None:
    ask(item, user, "Of the file")
    ask(item, user, "Second of the file")
    file = exported()
    ask(item, user, "Of the board")
    result = importer.read(file, actor=user)
    numbers = dict(Question.objects.values_list("text", "number"))
    assert numbers == {"Of the board": 1, "Second of the file": 2, "Of the file": 3}
    assert [(row["from"], row["to"]) for row in result["renumbered"]] == [("q1", "q3")]
