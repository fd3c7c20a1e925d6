"""The activity page, without a browser: blocks by session and item, batches in one line, filters and pages."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Activity, Comment, Project, Session, User, WorkItem
from projects.models.activity import SYNCED, Standing
from projects.models.session import Run
from projects.transfer import tracker_import
from projects.web import activity_feed
from projects.web.activity_feed import Batch, Block
from projects.web.deeds import deeds
from tests.projects.conftest import begin_group

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
HTML = {"HTTP_ACCEPT": "text/html"}
EVIL = "<script>alert(1)</script>"


def agent(name: str = "one", actor: str = "claude", **values: str) -> User:
    """Return an agent in its session."""
    user = User.objects.actor(actor)
    user.session_id = Session.objects.current(user, Run(**{"name": name, "program": actor, **values})).pk
    return user


def blocks(browser: Client, query: str = "", path: str = "/activity/") -> list[Block]:
    answer = browser.get(f"{path}{query}", **HTML)
    assert answer.status_code == 200
    found: list[Block] = answer.context["activity"].feed.blocks
    return found


def summaries(found: list[Block]) -> list[str]:
    """Return each block in words."""
    return [
        block.words if isinstance(block, Batch) else f"{block.key}: {', '.join(deed.words for deed in block.deeds)}"
        for block in found
    ]


def make_many(number: int, project: Project, actor: User) -> list[WorkItem]:
    with transaction.atomic():
        return [
            WorkItem.objects.create(actor=actor, project=project, item_type="task", title=f"Item {each}")
            for each in range(number)
        ]


def as_commands(project: Project) -> None:
    """Give each row a group of its own: all of a test is one transaction."""
    Activity.objects.update(group_id=None)


def test_changes_are_grouped_by_session_and_item(browser: Client, make_item: Make, owner: User) -> None:
    one, two, item, other = agent("one"), agent("two"), make_item("The item"), make_item("Other")
    item.claim(actor=one)
    Comment(work_item=item, content="Half").insert(actor=one)
    other.update(actor=two, title="Else", priority="high")
    item.update(actor=one, status="done")
    item.update(actor=owner, title="New")
    as_commands(item.project)
    found = blocks(browser, "?kind=work_item,comment")
    assert summaries(found)[:3] == [
        "PONE-1: changed title",
        "PONE-1: began, noted “Half”, finished",
        "PONE-2: changed title, priority",
    ]
    assert found[1].session == Session.objects.get(name="one")
    page = browser.get("/activity/", **HTML).content.decode()
    assert "3 changes</summary>" in page
    assert page.count(f'data-post="/items/undo/{found[0].latest.pk}/"') == 1


def test_what_one_command_did_to_many_items_is_one_line(browser: Client, project: Project, owner: User) -> None:
    as_commands(project)
    make_many(12, project, owner)
    (first, *_) = blocks(browser, "?kind=work_item")
    assert isinstance(first, Batch)
    assert (first.words, len(first.things), first.undo) == ("created 12 items", 12, None)
    assert len(blocks(browser, f"?batch={first.range}")) == 12


def test_edit_of_many_items_can_be_undone(browser: Client, project: Project, owner: User) -> None:
    items = make_many(4, project, owner)
    as_commands(project)
    begin_group()
    answer = browser.post(
        "/items/bulk/", {"item": [one.display_key for one in items], "name": "priority", "value": "high"}
    )
    assert answer.status_code == 200
    (first, *_) = blocks(browser)
    assert isinstance(first, Batch)
    assert (first.words, first.undo) == ("changed 4 items", first.latest.group_id)
    assert browser.post(f"/items/bulk/undo/{first.undo}/").status_code == 200


def test_batch_beyond_a_page_is_one_line_and_the_next_page_begins_after_it(
    browser: Client, project: Project, make_item: Make, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_feed, "ROWS", 6)
    as_commands(project)
    make_item("Earlier")
    as_commands(project)
    begin_group()
    make_many(20, project, owner)
    found = blocks(browser, "?kind=work_item")
    assert summaries(found) == ["created 20 items", "PONE-1: created"]
    assert isinstance(found[0], Batch)
    assert found[0].rest == 14


def test_import_and_sync_are_one_line_each(browser: Client, project: Project, owner: User) -> None:
    as_commands(project)
    make_many(5, project, owner)
    Activity.objects.filter(entity_type="work_item").update(source="import")
    assert summaries(blocks(browser, "?kind=work_item")) == ["imported 5 items"]
    Activity.objects.filter(entity_type="work_item").update(source=SYNCED, group_id=None)
    (found,) = blocks(browser, "?kind=work_item")
    assert isinstance(found, Batch)
    assert (found.words, found.authors, found.is_sync) == ("brought 5 changes", [owner.username], True)


def test_import_of_another_tracker_names_it(browser: Client, project: Project, owner: User) -> None:
    rows = "".join(f"X-{number},{number} of many,Task,Open\n" for number in range(1, 6))
    as_commands(project)
    for source, text in (
        ("jira", "Issue key,Summary,Issue Type,Status\n" + rows),
        ("csv", "id,title,type,status\n" + rows.replace("X", "Y")),
    ):
        begin_group()
        tracker_import.read(source, io.BytesIO(text.encode()), project, actor=owner)
    assert summaries(blocks(browser, "?kind=work_item")) == ["imported 5 items from CSV", "imported 5 items from Jira"]
    Activity.objects.update(extra=None)  # as an export of the board comes, with the items of whichever tracker
    assert summaries(blocks(browser, "?kind=work_item")) == ["imported 5 items", "imported 5 items"]


@pytest.mark.parametrize(
    ("entity", "number", "source", "words"),
    [
        ("dependency", 12, "import", "imported 12 links"),
        ("dependency", 1, "", "created a link"),
        ("criterion", 3, "", "added 3 criteria"),
        ("time_entry", 2, "", "created 2 time entries"),
        ("check_run", 2, "", "ran 2 checks, the last passed"),
    ],
)
def test_things_of_one_kind_are_counted(entity: str, number: int, source: str, words: str) -> None:
    changes = [{"field": "outcome", "old": None, "new": "passed"}]
    row = Activity(entity_type=entity, action="created", display_key="PONE-1", changes=changes, source=source)
    assert [deed.words for deed in deeds([row] * number, about="PONE-1")] == [words]


def test_what_does_not_count_is_seen_with_the_reason(browser: Client, make_item: Make) -> None:
    make_item()
    Activity.objects.filter(entity_type="work_item").update(standing=Standing.VOID, reason="a circle")
    page = browser.get("/activity/?standing=void", **HTML).content.decode()
    assert "1 change does not count" in re.sub(r"<[^>]+>", "", page)
    assert "void: a circle" in page
    assert len(blocks(browser, "?standing=superseded")) == 0


def test_filters_by_project_person_session_kind_and_day(browser: Client, make_item: Make, make_project: Any) -> None:
    one, item = agent("one"), make_item()
    item.update(actor=one, title="By an agent")
    two = make_project("PTWO")
    Comment(work_item=item, content="Text").insert(actor=User.objects.actor("ada"))
    as_commands(two)
    assert {block.key for block in blocks(browser, "?project=PTWO")} == {
        block.key for block in blocks(browser, path="/activity/PTWO/")
    }
    assert summaries(blocks(browser, "?actor=claude")) == ["PONE-1: changed title"]
    assert summaries(blocks(browser, f"?session={one.session_id}")) == ["PONE-1: changed title"]
    assert summaries(blocks(browser, "?kind=comment&actor=ada")) == ["PONE-1: noted “Text”"]
    Activity.objects.filter(entity_type="comment").update(created_at=timezone.now() - timedelta(days=9))
    today = timezone.now().date()
    assert [block.latest.entity_type for block in blocks(browser, f"?until={today - timedelta(days=5)}")] == ["comment"]
    assert blocks(browser, f"?kind=comment&since={today - timedelta(days=5)}") == []
    assert "2026-02-31 is not a date" in browser.get("/activity/?since=2026-02-31", **HTML).content.decode()


def test_days_are_those_of_the_person(browser: Client, make_item: Make) -> None:
    make_item()
    Activity.objects.update(created_at="2026-03-01T23:30:00Z")
    assert len(blocks(browser, "?since=2026-03-02&kind=work_item")) == 0
    browser.cookies["pm_zone"] = "Europe/Berlin"
    assert len(blocks(browser, "?since=2026-03-02&kind=work_item")) == 1


def test_pages_follow_each_other(
    browser: Client, make_item: Make, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_feed, "ROWS", 4)
    for _ in range(8):
        make_item()
    as_commands(make_item().project)
    seen, query = [], "?kind=work_item"
    while query:
        page = browser.get(f"/activity/{query}", **HTML).context["activity"]
        seen += [block.key for block in page.feed.blocks]
        query = f"?{page.older}" if page.older else ""
    assert seen == [f"PONE-{number}" for number in range(9, 0, -1)]


def test_number_of_queries_does_not_grow_with_rows(browser: Client, make_item: Make, owner: User) -> None:
    numbers = []
    for more in (1, 5):
        for number in range(more):
            user, item = agent(f"{more} {number}"), make_item()
            item.claim(actor=user)
            Comment(work_item=item, content="x").insert(actor=user)
        as_commands(item.project)
        with CaptureQueriesContext(connection) as queries:
            browser.get("/activity/", **HTML)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_page_takes_any_query(browser: Client, make_item: Make) -> None:
    make_item()
    for query in ["before=x", "before=99999999999999999999", "batch=x", "batch=9-1", "session=%25", "kind=a,b"]:
        blocks(browser, f"?{query}")


def test_hostile_texts_are_escaped(browser: Client, make_item: Make) -> None:
    user = agent(EVIL, EVIL, branch=EVIL)
    item = make_item(EVIL)
    item.update(actor=user, title=f"{EVIL} again")
    Comment(work_item=item, content=EVIL).insert(actor=user)
    for path in ("/activity/", "/?overview", f"/activity/?actor={EVIL}&since={EVIL}&kind={EVIL}"):
        page = browser.get(path, **HTML).content.decode()
        assert page.count("alert(1)") > 3, path
        assert EVIL not in page, path


@pytest.mark.parametrize("section", ["sprints", "insights"])
def test_pages_without_a_project_lead_to_one(browser: Client, make_project: Any, section: str) -> None:
    assert browser.get(f"/{section}/", **HTML).headers["Location"] == "/"
    make_project("PONE")
    assert browser.get(f"/{section}/?a=b", **HTML).headers["Location"] == f"/{section}/PONE/?a=b"
    make_project("PTWO")
    page = browser.get(f"/{section}/", **HTML).content.decode().partition('id="choose"')[2]
    assert page.count(f'href="/{section}/PTWO/"') == 1
    browser.cookies["pm_project"] = "PTWO"
    assert browser.get(f"/{section}/", **HTML).headers["Location"] == f"/{section}/PTWO/"
    browser.cookies["pm_project"] = "GONE"
    assert browser.get(f"/{section}/", **HTML).status_code == 200
