"""Edits of many items at once: all or none, by the rules of single edits, with one undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from projects.models import Activity, Dependency, Project, Sprint, User, WorkItem
from projects.web.bulk_edits import MOST
from tests.projects.conftest import begin_group

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def post(browser: Client, items: list[Any], name: str, value: str = "", **agreed: str) -> Any:
    keys = [item if isinstance(item, str) else item.display_key for item in items]
    begin_group()
    return browser.post("/items/bulk/", {"item": keys, "name": name, "value": value, **agreed})


def undo(browser: Client, url: str) -> Any:
    begin_group()
    return browser.post(url)


def said(response: Any, status: int = 409) -> str:
    assert response.status_code == status, response.content
    return str(response.json()["error"]["message"])


def values(*items: WorkItem, of: str = "status") -> list[Any]:
    for item in items:
        item.refresh_from_db()
    return [getattr(item, of) for item in items]


@pytest.fixture
def sprint(project: Project, user: User) -> Sprint:
    dates = {"start_date": "2026-01-01", "end_date": "2026-01-14"}
    return Sprint.objects.create(actor=user, project=project, name="Über", **dates)


def test_each_field_is_set_on_all_items_and_undone_at_once(
    browser: Client, make_item: Make, sprint: Sprint, user: User
) -> None:
    epic, items = make_item(item_type="epic"), [make_item(labels=["old"]), make_item(labels=["old", "kept"])]
    for name, value, attribute, stored, text in (
        ("status", "review", "status", "review", "status set to Review"),
        ("priority", "high", "priority", "high", "priority set to High"),
        ("assignee", "ada", "assignee_id", user.pk, "assignee set to ada"),
        ("sprint", str(sprint.pk), "sprint_id", sprint.pk, "sprint set to Über"),
        ("parent", epic.display_key, "parent_id", epic.pk, f"parent set to {epic.display_key}"),
        ("story_points", "3", "story_points", 3, "points set to 3"),
    ):
        before = values(*items, of=attribute)
        answer = post(browser, items, name, value)
        assert answer.content.decode() == f"2 items: {text}."
        assert values(*items, of=attribute) == [stored] * 2
        assert undo(browser, answer["PM-Undo"]).content == b"Undone: 2 changes."
        assert values(*items, of=attribute) == before
    assert post(browser, items, "add_label", "new").content == b"2 items: label new added."
    assert values(*items, of="labels") == [["old", "new"], ["old", "kept", "new"]]
    answer = post(browser, items, "remove_label", "OLD")
    assert values(*items, of="labels") == [["new"], ["kept", "new"]]
    undo(browser, answer["PM-Undo"])
    assert values(*items, of="labels") == [["old", "new"], ["old", "kept", "new"]]


def test_story_closes_with_its_tasks_and_reopens_before_them(browser: Client, make_item: Make) -> None:
    story = make_item(item_type="story")
    task = make_item(parent=story)
    answer = post(browser, [story, task], "status", "done")
    assert values(story, task) == ["done", "done"]
    undo(browser, answer["PM-Undo"])
    assert values(story, task) == ["backlog", "backlog"]


def test_one_refusal_changes_nothing_and_names_the_item(browser: Client, make_item: Make, user: User) -> None:
    free, story = make_item(), make_item(item_type="story")
    child, blocker, blocked = make_item(parent=story), make_item(), make_item()
    Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=blocked)
    before = Activity.objects.count()
    answer = post(browser, [free, story, blocked], "status", "done")
    assert said(answer).startswith("Nothing was changed.")
    for text in (f"{story.display_key} has open children: {child.display_key}", f"{blocked.display_key} is blocked"):
        assert text in said(answer)
    assert (answer["PM-Again"], values(free, story, blocked)) == ("force=yes", ["backlog"] * 3)
    assert Activity.objects.count() == before
    assert post(browser, [free, story, blocked], "status", "done", force="yes").status_code == 200
    assert values(free, story, blocked) == ["done"] * 3


def test_live_claim_ends_only_after_asking(browser: Client, make_item: Make) -> None:
    free, held = make_item(), make_item()
    held.claim(actor=User.objects.actor("claude"))
    answer = post(browser, [free, held], "status", "todo")
    assert f"{held.display_key} is claimed by claude for another 60 minutes" in said(answer)
    assert (answer["PM-Again"], values(free, held)) == ("unclaim=yes", ["backlog", "in_progress"])
    assert post(browser, [free, held], "priority", "low").status_code == 200  # a claim does not protect it
    assert post(browser, [free, held], "status", "todo", unclaim="yes").status_code == 200
    assert values(free, held) == ["todo", "todo"]
    assert held.claimed_by_id is None


def test_change_that_the_page_did_not_show_is_not_overwritten(browser: Client, make_item: Make, user: User) -> None:
    one, other = make_item(), make_item()
    other.update(actor=user, priority="critical")
    shown = [f"{one.display_key}:1", f"{other.display_key}:1"]
    answer = post(browser, shown, "priority", "low")
    assert f"{other.display_key}: Changed in the meantime: ada changed priority to “critical”" in said(answer)
    assert (answer["PM-Again"], values(one, other, of="priority")) == ("anyway=yes", ["medium", "critical"])
    assert post(browser, shown, "priority", "low", anyway="yes").status_code == 200
    assert values(one, other, of="priority") == ["low", "low"]


def test_delete_asks_for_what_is_below_and_is_undone_with_it(browser: Client, make_item: Make) -> None:
    story, other = make_item(item_type="story"), make_item()
    tasks = [make_item(parent=story), make_item(parent=story)]
    answer = post(browser, [story, other, tasks[0]], "delete", "yes")
    assert answer.json()["error"]["message"] == "Delete 3 items and the 1 item below? You can undo this."
    assert (answer["PM-Again"], values(other, of="deleted_at")) == ("sure=4", [None])
    assert post(browser, [story, other, tasks[0]], "delete", "yes", sure="3").status_code == 409
    answer = post(browser, [story, other, tasks[0]], "delete", "yes", sure="4")
    assert (answer.content, answer["PM-Deleted"]) == (b"4 items deleted.", "/settings/deleted/PONE/")
    assert None not in values(story, other, *tasks, of="deleted_at")
    undo(browser, answer["PM-Undo"])
    assert values(story, other, *tasks, of="deleted_at") == [None] * 4
    undo(browser, post(browser, [story, *tasks], "delete", "yes", sure="3")["PM-Undo"])
    assert values(story, *tasks, of="deleted_at") == [None] * 3


def test_undo_of_what_a_person_changed_since_changes_nothing(browser: Client, make_item: Make, user: User) -> None:
    items = [make_item(), make_item()]
    answer = post(browser, items, "status", "todo")
    begin_group()
    items[0].refresh_from_db()
    items[0].update(actor=user, status="review")
    assert "ada changed status to “review”" in said(undo(browser, answer["PM-Undo"]))
    assert values(*items) == ["review", "todo"]
    assert "nothing to undo" in said(undo(browser, "/items/bulk/undo/5f0c7a50-8b0c-4a7e-9f44-0d3a1c0d9a01/"))


@pytest.mark.parametrize(
    ("items", "name", "value", "text"),
    [
        ([], "status", "done", "No item is selected."),
        (["PONE-1"] * (MOST + 1), "status", "done", "At most 500 items"),
        (["<b>"], "status", "done", "<b> is not the key of an item"),
        (["PONE-1:x"], "status", "done", "reload the page"),
        (["PONE-1", "PONE-99"], "status", "todo", "PONE-99: deleted in the meantime"),
        (["PONE-1"], "title", "x", "choose one of status,"),
        (["PONE-1"], "assignee", "nobody-knows", "there is no user nobody-knows"),
    ],
)
def test_bad_request_is_refused_with_the_reason(
    items: list[str], name: str, value: str, text: str, browser: Client, make_item: Make
) -> None:
    make_item()
    assert text.lower() in said(post(browser, items, name, value), 400).lower()


@pytest.mark.parametrize(
    ("name", "value"), [("status", "gone"), ("sprint", "x"), ("parent", "PONE-9"), ("parent", "PONE-1")]
)
def test_value_that_an_item_can_not_have_is_refused(name: str, value: str, browser: Client, make_item: Make) -> None:
    item = make_item()
    assert said(post(browser, [item], name, value)).startswith("Nothing was changed. PONE-1: ")
    assert values(item, of="version") == [1]


def test_bar_offers_the_choices_of_the_project(browser: Client, make_item: Make, sprint: Sprint) -> None:
    make_item(labels=["<b>bold"], assignee=User.objects.actor("<i>"))
    page = browser.get("/items/bulk/", {"project": "PONE"}).content.decode()
    for text in ("&lt;b&gt;bold", "&lt;i&gt;", sprint.name, "In progress", "Critical"):
        assert text in page
    assert "<b>" not in page
    assert browser.get("/items/bulk/", {"project": "X"}).status_code == 404
    everywhere = browser.get("/items/bulk/").content.decode()
    assert [name in everywhere for name in ("Status", sprint.name)] == [True, False]
