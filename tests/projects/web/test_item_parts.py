"""Comments, children, dependencies, time and history on an item's page, without a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Comment, Dependency, Sprint, TimeEntry, User, WorkItem
from projects.web.durations import parse, spell
from projects.web.history_lines import MAX_LINES, SHOWN, difference, history
from tests.projects.plans import plan
from tests.projects.web.test_item_edit import again, days, error, post

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def fresh() -> str:
    return uuid.uuid4().hex


@pytest.mark.slow
def test_query_count_does_not_grow_with_related_objects(browser: Client, owner: User, make_item: Make) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    counts = []
    for more in (2, 20):
        for number in range(more):
            worker = User.objects.actor(f"worker {number}")
            other = make_item(f"Task {number}", parent=story, labels=[f"label {number}"], assignee=worker)
            Dependency.objects.create(actor=owner, blocking_item=make_item("Blocker"), blocked_item=story)
            Dependency.objects.create(actor=owner, blocking_item=make_item("Blocker"), blocked_item=other)
            Comment.objects.create(actor=worker, work_item=story, content="Text")
            Comment.objects.create(actor=owner, work_item=story, content="Text")
            TimeEntry.objects.start(story, actor=worker)
            sprint = Sprint.objects.create(actor=owner, project=story.project, name=f"Sprint {number}", **days())
            again(story).update(actor=worker, assignee_id=worker.pk, sprint_id=sprint.pk)
            make_item(item_type="epic")
        for path in ("/items/PONE-2/", "/items/PONE-2/?before=9999999"):
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(path).status_code == 200
            counts.append(len(queries))
    assert len(set(counts)) == 1, queries.captured_queries
    assert counts[0] <= 30


def test_history_uses_the_index(make_item: Make) -> None:
    item = make_item()
    with CaptureQueriesContext(connection) as queries:
        history(item)
    [sql] = [query["sql"] for query in queries.captured_queries if 'FROM "projects_activity"' in query["sql"]]
    found = plan(sql)
    assert any("activity_by_entity" in step for step in found)
    assert "SCAN projects_activity" not in found


def test_comment_is_created_once_and_edited_and_deleted_by_its_author(browser: Client, make_item: Make) -> None:
    item, data = make_item(), {"id": fresh(), "content": "<script>x</script>"}
    for _ in range(2):
        assert post(browser, item, "comment", **data).status_code == 204
    comment = Comment.objects.get()
    assert "<script>x" not in browser.get("/items/PONE-1/").content.decode()
    assert "no ID" in error(post(browser, item, "comment", id="x", content="x"), 400)
    assert "must not be blank" in error(post(browser, item, "comment", id=fresh(), content=" "), 400)
    url = f"/items/comments/{comment.pk}/"
    for _ in range(2):
        assert browser.post(url, {"version": "1", "content": "Better"}).status_code == 200
    assert "changed text to “Better”" in error(browser.post(url, {"version": "1", "content": "Other"}), 409)
    assert browser.post(url, {"version": "1", "content": "Other", "anyway": "2"}).status_code == 200
    assert browser.post(url, {"delete": "yes"}).status_code == 200
    assert not Comment.objects.living().exists()
    assert "deleted" in error(browser.post(url, {"delete": "yes"}), 409)
    assert browser.post(f"/items/comments/{fresh()}/", {"delete": "yes"}).status_code == 404


def test_comment_of_another_user_is_not_edited(client: Client, make_item: Make) -> None:
    comment = Comment.objects.create(actor=User.objects.actor("llm"), work_item=make_item(), content="Of llm")
    client.force_login(User.objects.actor("bob"))
    assert "its author llm" in error(
        client.post(f"/items/comments/{comment.pk}/", {"version": "1", "content": "x"}), 403
    )
    assert f'"/items/comments/{comment.pk}/"' not in client.get("/items/PONE-1/").content.decode()


def test_child_is_created_once(browser: Client, make_item: Make) -> None:
    epic, data = make_item(item_type="epic"), {"id": fresh(), "title": "Below", "type": "story"}
    for _ in range(2):
        assert post(browser, epic, "child", **data).status_code in (200, 204)
    child = WorkItem.objects.get(title="Below")
    assert (child.parent_id, child.item_type) == (epic.pk, "story")
    assert post(browser, child, "child", id=fresh(), title="A task").status_code == 200
    task = WorkItem.objects.get(title="A task")
    assert "parent" in error(post(browser, task, "child", id=fresh(), title="No"), 400).lower()
    assert "Add a child" not in browser.get(f"/items/{task.display_key}/").content.decode()
    assert "must not be blank" in error(post(browser, epic, "child", id=fresh(), title=" "), 400)


@pytest.mark.parametrize("typed", ["PONE-2", "pone-2", "2", "parsing of gpx", "gpx pars"])
def test_dependency_is_created_by_key_or_words(browser: Client, make_item: Make, typed: str) -> None:
    item, other = make_item("Item"), make_item("Parsing of GPX files")
    data = {"id": fresh(), "kind": "blocked_by", "other": typed}
    for _ in range(2):
        assert post(browser, item, "link", **data).status_code == 200
    link = Dependency.objects.get()
    assert (link.blocking_item_id, link.blocked_item_id, link.dependency_type) == (other.pk, item.pk, "blocks")
    assert browser.post(f"/items/dependencies/{link.pk}/").status_code == 200
    assert not Dependency.objects.living().exists()


def test_dependency_of_each_kind_and_refusals(
    browser: Client, make_item: Make, make_project: Callable[..., Any]
) -> None:
    one, two = make_item("Map of trails"), make_item("List of trails")
    for kind in ("blocks", "relates_to"):
        post(browser, one, "link", id=fresh(), kind=kind, other="PONE-2" if kind == "blocks" else "PONE-3", pick="")
    assert Dependency.objects.get().blocking_item_id == one.pk
    three = make_item("Trails in a row")
    assert post(browser, one, "link", id=fresh(), kind="relates_to", other="x", pick="PONE-3").status_code == 200
    assert Dependency.objects.get(dependency_type="relates_to").blocked_item_id == three.pk
    post(browser, two, "link", id=fresh(), kind="blocks", other="PONE-3")
    circle = error(post(browser, three, "link", id=fresh(), kind="blocks", other="PONE-1"), 409)
    assert circle == "That would create a cycle: PONE-3 blocks PONE-1 blocks PONE-2 blocks PONE-3."
    make_item("Other", project=make_project("PTWO"))
    for typed, said in [
        ("", "enter a key or words"),
        ("PONE-1", "can't depend on itself"),
        ("PONE-77", "PONE-77 does not exist"),
        ("PTWO-1", "belongs to another project"),
        ("nothing like it", "no item in PONE contains all of these words"),
        ("trails", "several items match; enter one of these keys: PONE-"),
        ("PONE-2", "already"),
    ]:
        answer = post(browser, one, "link", id=fresh(), kind="blocks", other=typed)
        assert answer.status_code in (400, 409)
        assert said in answer.json()["error"]["message"]
    assert "kind" in error(post(browser, one, "link", id=fresh(), kind="eats", other="PONE-2"), 400).lower()


def test_suggestions_are_other_items_of_the_project(browser: Client, make_item: Make) -> None:
    one = make_item("Map of <b>trails</b>")
    two = make_item("List of <b>trails</b>")
    Comment.objects.create(actor=one.created_by, work_item=two, content="More about trails")
    html = browser.get("/items/PONE-1/offer/", {"other": "trail"}).content.decode()
    assert html.count('value="PONE-2"') == 1
    assert "PONE-1" not in html
    assert "<b>" not in html
    assert "No item matches all" in browser.get("/items/PONE-1/offer/", {"other": "x" * 2000}).content.decode()
    assert browser.get("/items/PONE-1/offer/").content.strip() == b""
    assert 'value="PONE-2"' in browser.get("/items/PONE-1/offer/", {"other": "2"}).content.decode()


def test_timer_starts_stops_the_other_and_stops(browser: Client, owner: User, make_item: Make) -> None:
    one, two = make_item(), make_item()
    assert post(browser, one, "timer").content == b"Timer started on PONE-1."
    assert b"already" in post(browser, one, "timer").content
    assert b"stopped the one on PONE-1" in post(browser, two, "timer").content
    entry = TimeEntry.objects.running(owner).get()
    assert "Stop the timer" in browser.get("/items/PONE-2/").content.decode()
    assert "stops your timer on" in browser.get("/items/PONE-1/").content.decode()
    assert browser.post(f"/items/time-entries/{entry.pk}/", {"stop": "yes"}).status_code == 200
    assert "was stopped at" in error(browser.post(f"/items/time-entries/{entry.pk}/", {"stop": "yes"}), 409)
    assert browser.post(f"/items/time-entries/{entry.pk}/", {"delete": "yes"}).status_code == 200
    assert browser.post(f"/items/time-entries/{entry.pk}/", {"stop": "yes"}).status_code == 404


def test_manual_time_is_added_once_in_the_users_zone(browser: Client, make_item: Make) -> None:
    item, data = make_item(), {"id": fresh(), "spent": "1h 30m", "description": "Thinking", "zone": "Europe/Berlin"}
    for _ in range(2):
        assert post(browser, item, "time", **data, ended_at="2026-07-01T12:00").status_code == 200
    entry = TimeEntry.objects.get()
    assert (entry.started_at.isoformat(), entry.duration_seconds) == ("2026-07-01T08:30:00+00:00", 5400)
    assert post(browser, item, "time", id=fresh(), spent="45m").status_code == 200
    assert timezone.now() - TimeEntry.objects.latest("ended_at").ended_at < timedelta(minutes=1)
    assert "2 h 15 min" in browser.get("/items/PONE-1/").content.decode()
    for wrong, said in [
        ({"spent": "soon"}, "“soon” is not a duration; write it like 1h 30m"),
        ({"spent": ""}, "Enter a duration"),
        ({"spent": "25h"}, "Until: must be at most 24 hours after the start."),
        ({"spent": "1h", "ended_at": "2999-01-01T00:00"}, "future"),
        ({"spent": "1h", "ended_at": "yesterday"}, "must be a date and time"),
        ({"spent": "1h", "ended_at": "2026-01-01T00:00", "zone": "../etc/passwd"}, "must be a date and time"),
        ({"spent": "1h", "description": "d" * 1001}, "1001 characters"),
    ]:
        assert said in error(post(browser, item, "time", id=fresh(), **wrong), 400)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("1h 30m", 90), ("90m", 90), ("1:30", 90), ("1.5h", 90), ("1,5 H", 90), ("2 hours", 120), ("5 min", 5)],
)
def test_duration_is_parsed(text: str, minutes: int) -> None:
    assert parse(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0m", "90", "-1h", "1h-30m", "1:75", "h", "1h 30m x", "²h"])
def test_invalid_duration_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="1h 30m"):
        parse(text)


def test_duration_is_formatted_in_hours_and_minutes() -> None:
    assert [spell(seconds) for seconds in (None, 59, 61, 3600, 90061)] == [
        *("0 min", "0 min", "1 min"),
        *("1 h 00 min", "25 h 01 min"),
    ]


def test_history_has_names_and_differences_and_older_pages(browser: Client, owner: User, make_item: Make) -> None:
    epic, item = make_item("The epic", item_type="epic"), make_item(description="one\ntwo\nthree")
    text = "one\n2 <b>two</b>\nthree"
    item.update(actor=owner, parent_id=epic.pk, assignee_id=owner.pk, description=text, status="in_progress")
    item.update(actor=owner, position="b00")
    link = Dependency.objects.create(actor=owner, blocking_item=make_item("The blocker"), blocked_item=item)
    link.soft_delete(actor=owner)
    page = browser.get("/items/PONE-2/").content.decode()
    for shown in (
        "<ins>PONE-1 The epic</ins>",
        f"<ins>{owner.username}</ins>",
        "<del>− two</del>",
        "<ins>+ 2 &lt;b&gt;two&lt;/b&gt;</ins>",
        "<del>Backlog</del>",
        "changed its position",
        "recorded that PONE-3 The blocker blocks it",
        "deleted the dependency PONE-3 → PONE-2",
    ):
        assert shown in page
    assert str(epic.pk) not in page.split('id="i-history"')[1]
    for number in range(SHOWN):
        item.update(actor=owner, title=f"Title {number}")
    newest, before = history(item)
    older, none = history(item, before)
    assert (len(newest), none) == (SHOWN, None)
    assert [line.row.pk for line in newest + older] == sorted((line.row.pk for line in newest + older), reverse=True)
    assert older[-1].text == "created it"
    page = browser.get(f"/items/PONE-2/?before={before}").content.decode()
    assert "created it" in page
    assert "Newest" in page
    for odd in ("x", "-1", "9" * 40, ""):
        assert browser.get("/items/PONE-2/", {"before": odd}).status_code == 200


def test_diff_of_huge_texts_is_bounded() -> None:
    old = "\n".join(f"line {number}" for number in range(70_000))
    assert list(difference(old, old.replace("line 5\n", "line five\n"))) != []
    assert list(difference(old, "\n".join(f"other {number}" for number in range(70_000)))) == []
    shown = list(difference("", "\n".join(str(number) for number in range(500))))
    assert len(shown) == MAX_LINES + 1
    assert shown[-1][0] == "…"


def test_person_confirms_the_decision_of_an_agent(browser: Client, make_item: Make) -> None:
    item, llm = make_item(), User.objects.actor("llm")
    decision = Comment.objects.create(actor=llm, work_item=item, content="Use SQLite", kind="decision")
    page = browser.get("/items/PONE-1/").content.decode()
    assert "unconfirmed" in page
    url = f"/items/comments/{decision.pk}/"
    error(browser.post(url, {"confirm": "yes", "version": "9"}), 409)
    assert browser.post(url, {"confirm": "yes", "version": "1"}).status_code == 200
    page = browser.get("/items/PONE-1/").content.decode()
    assert "unconfirmed" not in page
    assert "confirmed by" in page


def test_person_writes_a_decision(browser: Client, make_item: Make) -> None:
    item = make_item()
    assert post(browser, item, "comment", id=fresh(), content="Use SQLite", kind="decision").status_code == 204
    assert not Comment.objects.get(kind="decision").is_unconfirmed
    assert "Kind" in error(post(browser, item, "comment", id=fresh(), content="x", kind="poem"), 400)
