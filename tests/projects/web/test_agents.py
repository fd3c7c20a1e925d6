"""The agents page, without a browser: its lanes, their order and words, and what people do there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Comment, Criterion, PendingNote, Question, Session, User, WorkItem
from projects.models.session import Run
from projects.web.agents_page import SIGNS, STATES

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
HTML = {"HTTP_ACCEPT": "text/html"}
EVIL = "<script>alert(1)</script>"
HOST = os.uname().nodename


def agent(name: str = "one", actor: str = "claude", **values: str) -> User:
    """Return an agent in its session."""
    user = User.objects.actor(actor)
    user.session_id = Session.objects.current(user, Run(**{"name": name, "program": actor, "host": HOST, **values})).pk
    return user


def shown(browser: Client, query: str = "") -> str:
    answer = browser.get(f"/agents/{query}", **HTML)
    assert answer.status_code == 200
    return str(answer.content.decode())


def lanes(browser: Client, query: str = "") -> list[tuple[str, str]]:
    """Return the name and the state of each session, in the order of the page."""
    page = shown(browser, query)
    return re.findall(r'class="run-name">(.*?)</span>.*?class="tag run-state"><svg.*?</svg> (.*?)</span>', page, re.S)


def words(browser: Client) -> str:
    """Return the page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", shown(browser).partition("<main")[2]))


def test_empty_page_says_how_an_agent_is_let_work(browser: Client) -> None:
    assert 'data-copy="pm setup claude"' in shown(browser)


def test_lanes_are_in_the_order_of_who_needs_a_person(browser: Client, make_item: Make, owner: User) -> None:
    for name in ("idle", "works", "stale", "asks", "hands in", "ended", "elsewhere"):
        user = agent(name, host="far" if name == "elsewhere" else HOST)
        if name in ("works", "stale", "asks", "hands in"):
            item = make_item(f"Item of {name}")
            item.claim(actor=user)
        if name == "asks":
            Question(work_item=item, text="Which?").insert(actor=user)
        elif name == "hands in":
            item.update(actor=user, status="review")
        elif name == "stale":
            Session.objects.filter(pk=user.session_id).update(last_seen_at=timezone.now() - timedelta(minutes=40))
        elif name == "ended":
            Session.objects.get(pk=user.session_id).end()
    assert lanes(browser) == [
        *(("hands in", STATES[0]), ("asks", STATES[0])),
        *(("elsewhere", STATES[1]), ("stale", STATES[1])),
        *(("works", STATES[2]), ("idle", STATES[3]), ("ended", STATES[4])),
    ]
    text = words(browser)
    assert "2 need a person, 2 stale, 1 working, 1 idle" in text
    assert "Stale: no activity for more than 15 minutes." in text
    assert "Stale: it ran on another machine, far." in text
    assert "claim paused while a question waits, 60 min left" in text
    assert len(STATES) == len(SIGNS)


def test_lease_that_ran_out_is_seen_after_the_session_has_ended(browser: Client, make_item: Make) -> None:
    user, item = agent(), make_item()
    item.claim(actor=user)
    WorkItem.objects.update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    Session.objects.update(last_seen_at=timezone.now() - timedelta(days=3))
    assert lanes(browser) == [("one", STATES[1])]
    assert "the claim of PONE-1 expired" in words(browser)


def test_story_reports_what_the_session_did(browser: Client, make_item: Make, owner: User) -> None:
    user, item = agent(branch="fix-it", worktree="/home/ada/pone"), make_item("The item")
    made = [Criterion(work_item=item, text=text) for text in ("A", "B", "C")]
    for criterion in made:
        criterion.insert(actor=owner)
    item.claim(actor=user)
    for criterion in made[:2]:
        criterion.tick(actor=user)
    Comment(work_item=item, content="Latin-1\nworks").insert(actor=user)
    for title in ("Found", "Also found"):
        make_item(title).update(actor=user, priority="high")
    WorkItem.objects.create(actor=user, project=item.project, title="New", item_type="bug")
    story = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "now", words(browser))
    assert (
        "Began PONE-1 now, ticked 2 of 3 criteria, noted “Latin-1 works”, changed priority of PONE-2, "
        "changed priority of PONE-3, created PONE-4." in story
    )
    assert "branch fix-it worktree pone" in story
    assert "2 of 3 criteria" in story


def test_project_filter_leaves_the_sessions_that_work_there(
    browser: Client, make_item: Make, make_project: Any
) -> None:
    make_item().claim(actor=agent("one"))
    two = make_project("PTWO")
    WorkItem.objects.create(actor=agent("two"), project=two, title="There", item_type="task")
    agent("three")
    assert [name for name, _ in lanes(browser, "?project=PTWO")] == ["two"]
    assert [name for name, _ in lanes(browser, "?project=PONE&project=ptwo")] == ["one", "two"]


def test_number_of_queries_does_not_grow_with_sessions(browser: Client, make_item: Make) -> None:
    numbers = []
    for more in (1, 4):
        for _ in range(more):
            number = Session.objects.count()
            user, item = agent(f"session {number}"), make_item()
            item.claim(actor=user)
            Question(work_item=item, text="Which?").insert(actor=user)
            other = make_item()
            other.claim(actor=user)
            other.update(actor=user, status="review")
        with CaptureQueriesContext(connection) as queries:
            shown(browser)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_hostile_texts_are_escaped(browser: Client, make_item: Make) -> None:
    user = agent(EVIL, EVIL, branch=EVIL, worktree=f"/x/{EVIL.replace('/', '')}", host=EVIL)
    item = make_item(EVIL)
    item.claim(actor=user)
    Comment(work_item=item, content=EVIL).insert(actor=user)
    Question(work_item=item, text=EVIL).insert(actor=user)
    page = shown(browser)
    assert page.count("alert(1)") > 5
    assert EVIL not in page


def post(browser: Client, user: User, rest: str, **values: str) -> Any:
    return browser.post(f"/agents/{user.session_id}/{rest}/", values)


def test_item_is_handed_over_to_another_session_and_given_back(browser: Client, make_item: Make) -> None:
    one, two, item = agent("one"), agent("two"), make_item()
    item.claim(actor=one)
    answer = post(browser, one, "PONE-1/hand-over", to=f"session:{two.session_id}", text="Tests are missing")
    assert answer.status_code == 200, answer.content
    item.refresh_from_db()
    assert item.claim_session == two.session_id
    assert [note.text for note in PendingNote.objects.for_session(two.session_id)] == ["Tests are missing"]
    stale = post(browser, one, "PONE-1/hand-over", to=f"session:{two.session_id}")
    assert (stale.status_code, "no longer holds PONE-1" in stale.json()["error"]["message"]) == (409, True)
    assert browser.post(answer.headers["PM-Undo"]).status_code == 200
    item.refresh_from_db()
    assert item.claim_session == one.session_id


def test_item_is_handed_over_to_a_person(browser: Client, make_item: Make, owner: User) -> None:
    one, item = agent("one"), make_item(status="todo")
    item.claim(actor=one)
    answer = post(browser, one, "PONE-1/hand-over", to=f"person:{owner.username}", text="Half done")
    assert answer.status_code == 200, answer.content
    item.refresh_from_db()
    assert (item.status, item.assignee, item.claimed_by) == ("todo", owner, None)
    assert [note.text for note in PendingNote.objects.for_begin(item, agent("two"))] == ["Half done"]


def test_item_is_handed_over_to_nobody_else(browser: Client, make_item: Make) -> None:
    one, item = agent("one"), make_item()
    item.claim(actor=one)
    for to in ["", "person:claude", "person:nobody", "session:none", "x:y"]:
        assert post(browser, one, "PONE-1/hand-over", to=to).status_code in (400, 404), to
    item.refresh_from_db()
    assert item.claim_session == one.session_id


def test_claim_ends_after_asking_once_and_comes_back(browser: Client, make_item: Make) -> None:
    one, item = agent("one"), make_item(status="todo")
    item.claim(actor=one)
    asked = post(browser, one, "PONE-1/end")
    name, _, version = asked.headers["PM-Again"].partition("=")
    assert (asked.status_code, name) == (409, "unclaim")
    ended = post(browser, one, "PONE-1/end", unclaim=version)
    assert ended.status_code == 200
    item.refresh_from_db()
    assert (item.status, item.claimed_by) == ("todo", None)
    assert browser.post(ended.headers["PM-Undo"]).status_code == 200
    item.refresh_from_db()
    assert (item.status, item.claim_session) == ("in_progress", one.session_id)


def test_note_is_left_for_a_session(browser: Client, make_item: Make) -> None:
    one, item = agent("one"), make_item()
    assert post(browser, one, "note", text="Take the bugs").status_code == 200
    item.claim(actor=one)
    assert post(browser, one, "PONE-1/note", text="Mind the tests").status_code == 200
    assert post(browser, one, "note", text=" ").status_code == 400
    texts = [note.text for note in PendingNote.objects.for_session(one.session_id)]
    assert (texts, Comment.objects.get().content) == (["Take the bugs", "Mind the tests"], "Mind the tests")
    assert "2 unread notes" in words(browser)


def test_browser_of_an_agents_link_is_refused_politely(browser: Client, make_item: Make, owner: User) -> None:
    one, item = agent("one"), make_item()
    item.claim(actor=one)
    session = browser.session
    session["agent"] = "claude"
    session.save()
    page = shown(browser)
    assert ("data-asks" in page, "Only people can hand over items" in page) == (False, True)
    for rest in ("note", "PONE-1/note", "PONE-1/end", "PONE-1/give-back", "PONE-1/hand-over"):
        answer = post(browser, one, rest, text="x", to=f"person:{owner.username}", unclaim=str(item.version))
        assert (answer.status_code, "only a person can" in answer.json()["error"]["message"].lower()) == (403, True)
    item.refresh_from_db()
    assert (item.claim_session, Comment.objects.count()) == (one.session_id, 0)
