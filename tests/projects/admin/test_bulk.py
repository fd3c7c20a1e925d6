"""Bulk actions on work items: choose a value; each item changes by the rules, or its refusal is reported."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from projects.models import Activity, Dependency, Project, Sprint, User, WorkItem

pytestmark = pytest.mark.django_db
LIST = "/admin/projects/workitem/"
DATES = {"start_date": date(2026, 1, 5), "end_date": date(2026, 1, 16)}
Make = Callable[..., WorkItem]


def start(browser: Client, action: str, *items: WorkItem, query: str = "", **values: Any) -> Any:
    """Run an action; return the response, which may be a confirmation page."""
    data = {"action": action, "index": "0", "_selected_action": [str(item.pk) for item in items], **values}
    return browser.post(LIST + query, data)


def answer(browser: Client, action: str, *items: WorkItem, query: str = "", **values: Any) -> str:
    """Run an action, submit its confirmation page as a browser would, and return the messages."""
    asked = start(browser, action, *items, query=query)
    assert asked.status_code == 200
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', asked.content.decode())
    data: dict[str, Any] = {}
    for name, value in hidden:
        data.setdefault(name, []).append(value)
    done = browser.post(LIST + query, data | values)
    assert done.status_code == 302, done.content.decode()
    return messages(browser, done)


def messages(browser: Client, response: Any) -> str:
    page = browser.get(response["Location"]).content.decode()
    return " | ".join(re.findall(r'<li class="(?:success|error|warning|info)">(.*?)</li>', page, re.S))


@pytest.mark.parametrize(
    ("action", "name", "value", "stored"),
    [
        ("set_status", "status", "review", "review"),
        ("set_priority", "priority", "critical", "critical"),
        ("set_sprint", "sprint", "S1", "sprint"),
        ("set_assignee", "assignee", "ada", "user"),
    ],
)
def test_chosen_value_is_set(
    browser: Client, make_item: Make, user: User, owner: User, action: str, name: str, value: str, stored: str
) -> None:
    one, two = make_item(), make_item()
    make_item("untouched")
    sprint = Sprint.objects.create(actor=user, project=one.project, name="S1", **DATES)
    known: dict[str, Any] = {"sprint": sprint.pk, "user": user.pk}
    content = answer(browser, action, one, two, **{name: known.get(stored, value)})
    assert "2 set to" in content
    column = name if name in ("status", "priority") else f"{name}_id"
    assert [getattr(item, column) for item in WorkItem.objects.order_by("item_number")[:2]] == [
        known.get(stored, value)
    ] * 2
    latest = Activity.objects.filter(entity_type="work_item").order_by("-id")[:2]
    assert {(row.entity_id, row.actor) for row in latest} == {(one.pk, owner), (two.pk, owner)}
    assert "2 unchanged" in answer(browser, action, one, two, **{name: known.get(stored, value)})
    assert WorkItem.objects.get(title="untouched").version == 1


def test_reopened_item_is_not_completed(browser: Client, make_item: Make) -> None:
    item = make_item(status="done")
    assert "1 set to" in answer(browser, "set_status", item, status="todo")
    item.refresh_from_db()
    assert (item.status, item.completed_at) == ("todo", None)


@pytest.mark.parametrize(("action", "value"), [("set_status", {"status": "todo"}), ("set_assignee", {"assignee": ""})])
def test_claims_are_named_before_they_end(
    browser: Client, make_item: Make, user: User, action: str, value: dict[str, str]
) -> None:
    held, free = make_item(), make_item(status="review", assignee=user)
    held.claim(actor=user)
    page = start(browser, action, held, free).content.decode()
    assert "PONE-1 is claimed by ada for another 60 minutes" in page
    assert "2 set to" in answer(browser, action, held, free, **value)
    changes = Activity.objects.filter(entity_type="work_item").order_by("-id")
    assert [row.is_forced for row in changes[:2]] == [False, True]
    other = make_item()
    numbers = {"numbers": "1+0", **value}
    other.claim(actor=user)
    assert "have changed" in start(browser, action, other, **numbers).content.decode()


def test_live_claims_are_released_after_confirmation(browser: Client, make_item: Make, user: User) -> None:
    item = make_item()
    item.claim(actor=user)
    page = start(browser, "release_claims", item).content.decode()
    assert "PONE-1 is claimed by ada for another 60 minutes" in page
    assert WorkItem.objects.get().is_claimed
    assert "1 released" in answer(browser, "release_claims", item)
    assert not WorkItem.objects.get().is_claimed


def test_sprint_and_assignee_are_cleared(browser: Client, make_item: Make, user: User) -> None:
    item = make_item(assignee=user)
    assert "1 set to no assignee" in answer(browser, "set_assignee", item, assignee="")
    item.refresh_from_db()
    assert item.assignee_id is None


def test_nothing_changes_without_a_value(browser: Client, make_item: Make) -> None:
    item = make_item()
    asked = start(browser, "set_status", item)
    assert "Set the status of 1 work item" in asked.content.decode()
    again = start(browser, "set_status", item, numbers="1+0", status="")
    assert "This field is required" in again.content.decode()
    assert "valid choice" in start(browser, "set_status", item, numbers="1+0", status="gone").content.decode()
    assert "valid UUID" in start(browser, "set_sprint", item, numbers="1+0", sprint="junk").content.decode()
    item.refresh_from_db()
    assert item.version == 1


def test_refusals_are_reported_and_do_not_stop_the_others(browser: Client, make_item: Make, user: User) -> None:
    epic, task = make_item(item_type="epic"), make_item()
    sprint = Sprint.objects.create(actor=user, project=task.project, name="S1", **DATES)
    content = answer(browser, "set_sprint", epic, task, sprint=sprint.pk)
    assert escape("PONE-1: an epic can't be in a sprint") in content
    assert "1 set to S1, 1 refused." in content
    task.refresh_from_db()
    assert task.sprint_id == sprint.pk


def test_all_refusals_are_named_however_many(browser: Client, make_item: Make, user: User) -> None:
    stories = [make_item(item_type="story") for _ in range(30)]
    for story in stories:
        make_item(parent=story)
    content = answer(browser, "set_status", *stories, status="done")
    for story in stories:
        assert re.search(rf"\b{story.display_key}\b", content)
    assert "0 set to Done, 30 refused." in content


def test_dependent_items_of_the_selection_are_completed_last(browser: Client, make_item: Make, user: User) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    tasks = [make_item(parent=story) for _ in range(4)]
    for blocked, blocking in itertools.pairwise(tasks):
        Dependency.objects.create(actor=user, blocking_item=blocking, blocked_item=blocked)
    content = answer(browser, "set_status", epic, story, *tasks, status="done")
    assert "6 set to Done." in content
    assert not WorkItem.objects.unfinished().exists()


def test_action_applies_to_all_filtered_items(browser: Client, make_item: Make) -> None:
    for number in range(120):
        make_item(f"T{number}", priority="high" if number % 2 else "low")
    high = list(WorkItem.objects.filter(priority="high")[:50])
    asked = start(browser, "set_status", *high, query="?priority__exact=high", select_across="1")
    page = asked.content.decode()
    assert "Set the status of 60 work items" in page
    assert "and 40 more" in page
    values = {"select_across": "1", "numbers": "60+0", "status": "todo"}
    done = start(browser, "set_status", *high, query="?priority__exact=high", **values)
    assert "60 set to To do." in messages(browser, done)
    assert WorkItem.objects.filter(status="todo").count() == 60
    assert not WorkItem.objects.filter(status="todo", priority="low").exists()


def test_changed_selection_is_confirmed_again(browser: Client, make_item: Make) -> None:
    items = [make_item() for _ in range(3)]
    values = {"select_across": "1", "numbers": "2+0", "status": "todo"}
    response = start(browser, "set_status", *items, **values)
    assert "The affected objects have changed" in response.content.decode()
    assert not WorkItem.objects.filter(status="todo").exists()


def test_archived_project_is_reported_once(browser: Client, make_item: Make, project: Project) -> None:
    items = [make_item() for _ in range(3)]
    project.archive(actor=project.created_by)
    content = answer(browser, "set_priority", *items, priority="high")
    assert content.count("is archived and read-only") == 1
    assert "3 refused" in content


def test_children_are_deleted_only_after_confirmation(browser: Client, make_item: Make) -> None:
    epic = make_item("Top", item_type="epic")
    story = make_item("Middle", item_type="story", parent=epic)
    make_item("Below", parent=story)
    other = make_item("Other")
    asked = start(browser, "delete_selected", epic, other)
    page = asked.content.decode()
    assert "Delete PONE-1, PONE-4 and 2 descendants" in page
    assert "PONE-3 Below" in page
    assert WorkItem.objects.living().count() == 4
    assert "2 deleted." in answer(browser, "delete_selected", epic, other)
    assert not WorkItem.objects.living().exists()
    restored = start(browser, "restore", epic, query="?deleted=yes")
    assert "1 restored." in messages(browser, restored)
    assert WorkItem.objects.living().count() == 3


def test_items_deleted_together_are_restored_together(browser: Client, make_item: Make) -> None:
    epic = make_item(item_type="epic")
    story = make_item(item_type="story", parent=epic)
    task = make_item(parent=story)
    assert "3 deleted." in messages(browser, start(browser, "delete_selected", epic, story, task))
    restored = start(browser, "restore", epic, story, task, query="?deleted=yes")
    assert "3 restored." in messages(browser, restored)
    assert WorkItem.objects.living().count() == 3


def test_delete_page_lists_affected_objects(browser: Client, make_item: Make) -> None:
    story = make_item(item_type="story")
    make_item("Below", parent=story)
    url = f"{LIST}{story.pk}/delete/"
    page = browser.get(url).content.decode()
    assert "Also affected: 1" in page
    assert "PONE-2 Below" in page
    make_item("Late", parent=story)
    response = browser.post(url, {"post": "yes", "along": "1"}, follow=True)
    assert "The descendants of PONE-1 have changed" in response.content.decode()
    assert WorkItem.objects.living().count() == 3
    assert browser.post(url, {"post": "yes", "along": "2"}).status_code == 302
    assert not WorkItem.objects.living().exists()


def test_invalid_selection_is_reported(browser: Client, make_item: Make) -> None:
    make_item()
    for action in ("set_status", "delete_selected", "restore"):
        response = browser.post(LIST, {"action": action, "index": "0", "_selected_action": ["junk"]})
        assert "contains an invalid ID" in messages(browser, response)
