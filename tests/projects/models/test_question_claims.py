"""What an open question means for its item: it is not ready, and the lease of its claim stands still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects.models import Project, Question, User, WorkItem
from projects.models.exceptions import Claimed, NotReady
from projects.models.session import Run, Session
from projects.models.work_items.claimable import PAUSED
from projects.models.work_items.claims import begin, begin_next

pytestmark = pytest.mark.django_db
MakeItem = Callable[..., WorkItem]
NEARLY_OVER = timedelta(minutes=10)


@pytest.fixture
def make_agent(db: None) -> Callable[[str], User]:
    """Make `llm` acting in a session of this name."""

    def make(name: str) -> User:
        user = User.objects.actor("llm")
        user.session_id = Session.objects.current(user, Run(name=name)).pk
        return user

    return make


@pytest.fixture
def agent(make_agent: Callable[[str], User]) -> User:
    return make_agent("one")


def ask(item: WorkItem, actor: User, **values: Any) -> Question:
    return Question.objects.create(actor=actor, work_item=item, text="Postgres?", **values)


def shorten(item: WorkItem) -> None:
    """Let only NEARLY_OVER of the lease be left."""
    WorkItem.objects.filter(pk=item.pk).update(lease_expires_at=timezone.now() + NEARLY_OVER)


def left(item: WorkItem) -> timedelta:
    item.refresh_from_db()
    assert item.lease_expires_at is not None
    return item.lease_expires_at - timezone.now()


def assert_nearly_over(item: WorkItem) -> None:
    assert NEARLY_OVER - timedelta(seconds=30) < left(item) < NEARLY_OVER + timedelta(seconds=2)
    assert item.lease_left is None


def test_item_is_not_ready_until_its_question_is_answered(make_item: MakeItem, agent: User, owner: User) -> None:
    item = make_item()
    question = ask(item, agent)
    assert not WorkItem.objects.ready().exists()
    assert item.obstacles(agent) == ["it waits for an answer to PONE-1.q1"]
    with pytest.raises(NotReady, match=r"PONE-1 is not ready: it waits for an answer to PONE-1\.q1"):
        item.claim(actor=agent)
    question.answer_with(actor=owner, text="Yes")
    assert WorkItem.objects.ready().get() == item
    assert item.obstacles(agent) == []


@pytest.mark.parametrize("end", ["answer", "default", "withdraw", "delete"])
def test_lease_stands_still_while_a_question_is_open(make_item: MakeItem, agent: User, owner: User, end: str) -> None:
    item = make_item()
    begin(item, actor=agent)
    shorten(item)
    question = ask(item, agent)
    item.refresh_from_db()
    assert item.is_claimed
    assert item.is_paused
    assert item.lease_expires_at == PAUSED
    match end:
        case "answer":
            question.answer_with(actor=owner, text="Yes")
        case "default":
            question.take_default()
        case "withdraw":
            question.withdraw(actor=agent)
        case "delete":
            question.soft_delete(actor=agent)
    assert_nearly_over(item)


def test_lease_goes_on_with_the_answer_to_the_last_question(make_item: MakeItem, agent: User, owner: User) -> None:
    item = make_item()
    begin(item, actor=agent)
    shorten(item)
    first, second = ask(item, agent), ask(item, agent)
    first.answer_with(actor=owner, text="Yes")
    item.refresh_from_db()
    assert item.is_paused
    second.answer_with(actor=owner, text="Yes")
    assert_nearly_over(item)


def test_renewal_while_a_question_is_open_stands_still_too(make_item: MakeItem, agent: User, owner: User) -> None:
    item = make_item()
    begin(item, actor=agent)
    question = ask(item, agent)
    item.refresh_from_db()
    begin(item, actor=agent, lease=10)
    assert item.is_paused
    question.answer_with(actor=owner, text="Yes")
    assert_nearly_over(item)


def test_claim_by_force_of_an_item_with_an_open_question_stands_still(make_item: MakeItem, agent: User) -> None:
    item = make_item()
    ask(item, agent)
    item.claim(actor=agent, force=True)
    assert item.is_paused
    item.release(actor=agent)
    item.refresh_from_db()
    assert (item.lease_expires_at, item.lease_left) == (None, None)


def test_refusal_of_a_paused_claim_says_what_it_waits_for(
    make_item: MakeItem, agent: User, make_agent: Callable[[str], User]
) -> None:
    item = make_item()
    begin(item, actor=agent)
    ask(item, agent)
    item.refresh_from_db()
    with pytest.raises(Claimed, match=r"PONE-1 is claimed by llm.*, who waits for the answer to a question$"):
        item.update(actor=make_agent("two"), status="todo")


def test_question_is_progress_so_that_its_lease_does_not_count_as_run_out(make_item: MakeItem, agent: User) -> None:
    item = make_item()
    WorkItem.objects.filter(pk=item.pk).update(idle_leases=2)
    item.refresh_from_db()
    item.claim(actor=agent)
    ask(item, agent)
    item.refresh_from_db()
    assert item.idle_leases == 0


def test_begin_leaves_an_item_that_waits_for_an_answer_alone(
    make_item: MakeItem, agent: User, owner: User, project: Project
) -> None:
    waiting = make_item("Waiting", priority="high")
    begin(waiting, actor=agent)
    question = ask(waiting, agent)
    make_item("Other")
    assert begin_next(project, actor=agent).title == "Other"
    question.answer_with(actor=owner, text="Yes")
    other = WorkItem.objects.get(title="Other")
    other.update(actor=agent, status="done")
    assert begin_next(project, actor=agent) == waiting


def test_begin_takes_up_the_answered_item_of_its_own_session_first(
    make_item: MakeItem, agent: User, make_agent: Callable[[str], User], owner: User, project: Project
) -> None:
    make_item("First", priority="critical")
    asked = make_item("Asked", priority="low")
    question = ask(asked, agent)
    assert begin_next(project, actor=make_agent("two")).title == "First"
    question.answer_with(actor=owner, text="Yes")
    make_item("Third", priority="critical")
    assert begin_next(project, actor=make_agent("three")).title == "Third"  # the asking session is live
    make_item("Fourth", priority="critical")
    assert begin_next(project, actor=agent).title == "Asked"


def test_begin_takes_up_an_answered_item_that_an_ended_session_asked_about(
    make_item: MakeItem, agent: User, make_agent: Callable[[str], User], owner: User, project: Project
) -> None:
    make_item("First", priority="critical")
    ask(make_item("Asked", priority="low"), agent).answer_with(actor=owner, text="Yes")
    Session.objects.get(pk=agent.session_id).end()
    assert begin_next(project, actor=make_agent("two")).title == "Asked"
