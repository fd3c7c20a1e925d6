"""Editing one field of an item, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client

from projects.entities.work_item import WORK_ITEM
from projects.models import Activity, Project, User, WorkItem

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
NAMES = [field.name for field in WORK_ITEM.fields if field.update]


def save(browser: Client, item: WorkItem, name: str, **data: Any) -> Any:
    data = {"version": item.version} | data
    return browser.post(f"/items/{item.display_key}/field/{name}/", data)


def again(item: WorkItem) -> WorkItem:
    return WorkItem.objects.select_related("assignee", "parent").get(pk=item.pk)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_an_editor_with_its_value(browser: Client, make_item: Make, name: str) -> None:
    item = make_item("A title", labels=["old"], story_points=5)
    page = browser.get(f"/items/{item.display_key}/field/{name}/").content.decode()
    assert f'data-post="/items/{item.display_key}/field/{name}/"' in page
    shown = {"title": 'value="A title"', "labels": 'value="old" checked', "story_points": 'value="5"'}
    assert shown.get(name, 'name="value"') in page


@pytest.mark.parametrize(
    ("name", "value", "stored", "said"),
    [
        ("status", "in_progress", "in_progress", "Status of PONE-2: In progress"),
        ("priority", "high", "high", "Priority of PONE-2: High"),
        ("assignee", "BOB", "bob", "Assignee of PONE-2: bob"),
        ("labels", ["b", "ä"], ["b", "ä"], "Labels of PONE-2: b, ä"),
        ("labels", [], [], "Labels of PONE-2: none"),
        ("story_points", "8", 8, "Points of PONE-2: 8"),
        ("due_date", "2027-01-31", "2027-01-31", "Due of PONE-2: 2027-01-31"),
        ("parent", "epic", "PONE-1", "Parent of PONE-2: PONE-1"),
        ("title", " New ", "New", "Title of PONE-2: New"),
        ("description", "Text\r\nof two", "Text\nof two", "Description of PONE-2 saved"),
    ],
)
def test_saved_value_is_reported_and_can_be_undone(
    browser: Client, owner: User, make_item: Make, name: str, value: Any, stored: Any, said: str
) -> None:
    User.objects.actor("bob")
    make_item("An epic", item_type="epic")
    item = make_item("Item", labels=["old"])
    before = again(item)
    answer = save(browser, item, name, value=value)
    assert answer.content.decode() == said
    assert unquote(answer.headers["PM-Toast"]) == said
    now = again(item)
    read = {"assignee": lambda one: one.assignee and one.assignee.username, "parent": lambda one: one.parent_key}
    value_of = read.get(name, lambda one: str(one.due_date) if name == "due_date" else getattr(one, name))
    assert value_of(now) == stored
    assert now.updated_by == owner
    assert browser.post(answer.headers["PM-Undo"]).content == b"Undone."
    assert value_of(again(item)) == value_of(before)


def test_stored_value_is_no_change(browser: Client, make_item: Make) -> None:
    item = make_item()
    answer = save(browser, item, "priority", value=item.priority)
    assert (answer.content, "PM-Undo" in answer.headers) == (b"No changes.", False)
    assert again(item).version == item.version


def test_single_labels_change_without_a_conflict(browser: Client, make_item: Make) -> None:
    item = make_item(labels=["one", "two"])
    old = item.version
    again(item).update(actor=item.created_by, labels=["one", "two", "three"])
    assert save(browser, item, "labels", version=old, remove="ONE").status_code == 200
    assert save(browser, item, "labels", version=old, add="four").status_code == 200
    assert again(item).labels == ["two", "three", "four"]


def test_unknown_person_is_created_only_after_asking(browser: Client, make_item: Make) -> None:
    item = make_item(title="Item")
    User.objects.actor("marta")
    answer = save(browser, item, "assignee", value="mrta")
    assert answer.json()["error"]["message"] == "Assignee: there is no user mrta; similar names: marta."
    assert (answer.status_code, answer.headers["PM-Again"]) == (400, "new_user=person")
    assert not User.objects.filter(username="mrta").exists()
    assert save(browser, item, "assignee", value="mrta", new_user="person").status_code == 200
    assert again(item).assignee == User.objects.get(username="mrta", is_agent=False)


def test_conflict_claim_and_children_ask_before_they_are_overridden(browser: Client, make_item: Make) -> None:
    item = make_item("Item")
    old = item.version
    again(item).update(actor=item.created_by, priority="critical")
    answer = save(browser, item, "priority", version=old, value="low")
    assert (answer.status_code, answer.headers["PM-Again"]) == (409, f"anyway={old + 1}")
    assert "Nothing was overwritten" in answer.json()["error"]["message"]
    assert save(browser, item, "priority", version=old, value="low", anyway=old + 1).status_code == 200
    claimed = again(item)
    claimed.claim(actor=User.objects.actor("codex"))
    answer = save(browser, claimed, "status", value="todo")
    assert (answer.status_code, answer.headers["PM-Again"]) == (409, f"unclaim={claimed.version}")
    assert save(browser, claimed, "status", value="todo", unclaim=claimed.version).status_code == 200
    assert not again(item).is_claimed
    story = make_item("Story", item_type="story")
    make_item("Child", parent=story)
    answer = save(browser, story, "status", value="done")
    assert (answer.status_code, answer.headers["PM-Again"]) == (409, f"force={story.version}")


def test_bad_requests_are_refused_in_words(browser: Client, client: Client, make_item: Make, project: Project) -> None:
    item = make_item()
    assert save(browser, item, "position", value="x").status_code == 404
    assert save(browser, item, "priority", value="urgent").json()["error"]["message"].startswith("Priority: ")
    assert save(browser, item, "priority").status_code == 400
    assert save(browser, item, "story_points", value="many").status_code == 400
    assert save(client, item, "priority", value="low").status_code == 401
    project.update(actor=item.created_by, status="archived")
    assert "read-only" in browser.get(f"/items/{item.display_key}/field/status/").json()["error"]["message"]
    assert save(browser, item, "priority", value="low").status_code == 409
    assert Activity.objects.of(item).count() == 1
