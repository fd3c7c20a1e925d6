"""Notes for agents: shown first by begin and news until they are acknowledged, to whom they are for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Comment, PendingNote, Session, User, WorkItem
from projects.models.exceptions import Conflict, NotYours
from projects.models.session import Run
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
ITEM = "/api/v1/work-items/PONE-1/"
NEWS = "/api/v1/news/"
Make = Callable[..., WorkItem]


def agent(name: str, actor: str = "claude") -> APIClient:
    return bearer(actor, HTTP_X_PM_SESSION=f"name={name}")


def session_of(name: str, actor: str = "claude") -> Session:
    return Session.objects.current(User.objects.actor(actor), Run(name=name))


def begin(client: APIClient) -> list[str]:
    """Begin PONE-1; return the texts of the notes, and check that they come before what is long."""
    answer = client.post(f"{ITEM}begin/", {}).json()
    assert "notes" not in answer or [*answer].index("notes") < [*answer].index("assignee")
    return [note["text"] for note in answer.get("notes", ())]


def acknowledge(client: APIClient) -> None:
    ids = [*PendingNote.objects.unread().values_list("pk", flat=True)]
    assert client.post(f"{NEWS}seen/", {"notes": ids}).status_code == 204


def test_note_is_shown_until_it_is_acknowledged(running: Any, make_item: Make, owner: User) -> None:
    item = make_item()
    PendingNote.objects.leave("Mind the tests.", session_of("one"), actor=owner, item=item)
    one = agent("one")
    assert [begin(one), begin(one)] == [["Mind the tests."]] * 2
    acknowledge(one)
    assert begin(one) == []
    assert (Comment.objects.get().kind, PendingNote.objects.get().read_by) == ("handover", session_of("one").pk)


def test_refused_begin_keeps_the_note(running: Any, make_item: Make, owner: User) -> None:
    item = make_item()
    assert begin(agent("one")) == []
    PendingNote.objects.leave("Hello", session_of("one"), actor=owner, item=item)
    error(agent("two").post(f"{ITEM}begin/", {}), 409, "CLAIMED")
    assert begin(agent("one")) == ["Hello"]


def test_handover_is_for_whoever_begins_the_item_next_but_not_for_its_author(running: Any, make_item: Make) -> None:
    make_item()
    one, two = agent("one"), agent("two")
    begin(one)
    assert one.post(f"{ITEM}note/", {"content": "Half of it works", "kind": "handover"}).status_code == 201
    assert begin(one) == []
    one.post(f"{ITEM}back/", {"note": "The rest is hard"})
    assert begin(two) == ["Half of it works", "The rest is hard"]


def test_deleted_comment_is_no_note(running: Any, make_item: Make, owner: User) -> None:
    PendingNote.objects.leave("Hello", session_of("one"), actor=owner, item=make_item())
    Comment.objects.get().soft_delete(actor=owner)
    assert begin(agent("one")) == []


def test_session_without_an_item_is_in_news_and_by_its_next_begin(running: Any, make_item: Make, owner: User) -> None:
    make_item()
    PendingNote.objects.leave("Take the bugs first", session_of("one"), actor=owner)
    one = agent("one")
    (note,) = one.get(NEWS).json()["notes"]
    assert (note["by"], note["text"], "key" in note) == (owner.username, "Take the bugs first", False)
    assert "notes" not in agent("two").get(NEWS).json()
    assert begin(one) == ["Take the bugs first"]
    agent("two").post(f"{NEWS}seen/", {"notes": [note["id"]]})
    assert begin(one) == ["Take the bugs first"]
    acknowledge(one)
    assert "notes" not in one.get(NEWS).json()


def test_news_names_the_item_of_a_note(running: Any, make_item: Make, owner: User) -> None:
    item = make_item()
    begin(agent("one"))
    comment = Comment(work_item=item, content="Look at the log", kind="handover")
    comment.insert(actor=owner)
    (note,) = agent("one").get(NEWS).json()["notes"]
    assert (note["key"], note["text"]) == ("PONE-1", "Look at the log")


def test_only_people_leave_notes_and_only_for_live_sessions(owner: User, make_item: Make) -> None:
    session = session_of("one")
    with pytest.raises(NotYours):
        PendingNote.objects.leave("x", session, actor=User.objects.actor("claude"))
    with pytest.raises(ValidationError):
        PendingNote.objects.leave(" ", session, actor=owner)
    session.end()
    with pytest.raises(Conflict, match="no longer live"):
        PendingNote.objects.leave("x", session, actor=owner)


def test_hand_over_moves_the_claim_with_a_whole_lease(running: Any, make_item: Make, owner: User) -> None:
    item = make_item()
    agent("one").post(f"{ITEM}begin/", {"lease": 5})
    two = session_of("two", "codex")
    item.refresh_from_db()
    item.hand_over(two, actor=owner)
    item.refresh_from_db()
    assert item.lease_expires_at is not None
    left = item.lease_expires_at - timezone.now()
    assert (item.claim_session, item.assignee, 59 < left.total_seconds() / 60 <= 60) == (two.pk, two.actor, True)
    error(agent("one").post(f"{ITEM}begin/", {}), 409, "CLAIMED")
    assert agent("two", "codex").post("/api/v1/work-items/begin/", {}).json()["key"] == "PONE-1"
    with pytest.raises(Conflict, match="already"):
        item.hand_over(two, actor=owner)
    with pytest.raises(NotYours):
        item.hand_over(session_of("three"), actor=User.objects.actor("claude"))


def test_hand_over_of_an_item_whose_question_is_open_keeps_its_lease_paused(
    running: Any, make_item: Make, owner: User
) -> None:
    item = make_item()
    one = agent("one")
    begin(one)
    asked = one.post("/api/v1/questions/", {"work_item": "PONE-1", "text": "Which?"})
    assert asked.status_code == 201, asked.content
    item.refresh_from_db()
    item.hand_over(session_of("two"), actor=owner)
    assert item.is_paused
    item.refresh_from_db()
    assert item.is_paused


def test_hand_over_of_what_nobody_can_work_on_is_refused(make_item: Make, owner: User) -> None:
    item, session = make_item(), session_of("one")
    for status in ("review", "blocked", "cancelled", "done"):
        item.update(actor=owner, status=status)
        with pytest.raises(Conflict, match="can't be handed over"):
            item.hand_over(session, actor=owner)
