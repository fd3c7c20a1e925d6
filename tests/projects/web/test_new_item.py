"""The form of a new item: its fields, defaults, errors, and what it creates."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client

from projects.entities.work_item import WORK_ITEM
from projects.models import Criterion, Dependency, Project, User, WorkItem

pytestmark = pytest.mark.django_db


def form(browser: Client, query: str = "", path: str = "/items/new/dialog/") -> str:
    answer = browser.get(f"{path}{query}", HTTP_ACCEPT="text/html")
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


def send(browser: Client, **data: Any) -> Any:
    return browser.post("/items/new/", {"id": str(uuid.uuid4()), "project": "PONE", "title": "One"} | data)


def value(page: str, name: str) -> str:
    """Return what a control of the form has."""
    select = re.search(rf'<select name="{name}".*?</select>', page, re.S)
    if select:
        chosen = re.search(r'<option value="([^"]*)" selected', select[0])
        return chosen[1] if chosen else ""
    area = re.search(rf'<textarea name="{name}"[^>]*>\n(.*?)</textarea>', page, re.S)
    field = re.search(rf'<input name="{name}"[^>]*? value="([^"]*)"', page)
    found = area or field
    assert found, name
    return found[1]


def test_form_has_every_field_of_a_creation(browser: Client, project: Project) -> None:
    page = form(browser)
    names = {field.name for field in WORK_ITEM.fields if field.create} | {"project", "criteria", "blocked_by", "blocks"}
    assert names <= set(re.findall(r' name="(\w+)"', page))


def test_filters_of_the_page_are_defaults(browser: Client, project: Project, user: User, owner: User) -> None:
    WorkItem.objects.create(actor=user, project=project, item_type="epic", title="Epic")
    query = "?project=PONE&type=bug&descendants_of=PONE-1&label=ui&label=api&assignee=@me&status=todo&priority=low,high"
    page = form(browser, f"{query}&due_date=2026-01-31")
    shown = {name: value(page, name) for name in ("item_type", "parent", "labels", "assignee", "status", "priority")}
    assert shown == {
        "item_type": "bug",
        "parent": "PONE-1",
        "labels": "ui, api",
        "assignee": owner.username,
        "status": "todo",
        "priority": "medium",
    }
    assert value(page, "due_date") == "2026-01-31"
    page = form(browser, "?status=not:todo&assignee=none&sprint=active&epic=PONE-1&view=x")
    assert [value(page, name) for name in ("status", "assignee", "sprint", "parent")] == ["backlog", "", "", "PONE-1"]


def test_template_fills_type_outline_and_criteria(browser: Client, project: Project) -> None:
    page = form(browser, "?template=bug&title=It+crashes", "/items/new/")
    assert (value(page, "item_type"), value(page, "title")) == ("bug", "It crashes")
    assert value(page, "description").startswith("## What happens")
    assert "test fails without the fix" in value(page, "criteria")
    assert 'data-template="bug"' in page
    assert value(form(browser, "?template=nothing"), "description") == ""


def test_item_is_created_whole_once_and_undone(browser: Client, project: Project, user: User, owner: User) -> None:
    for title in ("Parser", "Writer"):
        WorkItem.objects.create(actor=user, project=project, item_type="story", title=title)
    sent = {
        "id": str(uuid.uuid4()),
        "title": "Read <b>files</b>",
        "item_type": "bug",
        "description": "All of them",
        "labels": "ui, api",
        "parent": "parser",
        "assignee": owner.username,
        "story_points": "3",
        "due_date": "2026-01-31",
        "criteria": "It reads\r\n\r\n It writes ",
        "blocked_by": "pone-1 PONE-2",
        "blocks": "",
    }
    sent["parent"] = "PONE-1"
    sent["blocked_by"] = "PONE-2"
    for _ in range(2):
        answer = send(browser, **sent)
        assert answer.status_code == 200, answer.content
    assert unquote(answer.headers["PM-Toast"]) == "PONE-3 created"
    assert answer.headers["PM-Created"] == "PONE-3"
    item = WorkItem.objects.get(item_number=3)
    found = (item.title, item.item_type, item.labels, item.story_points)
    assert found == ("Read <b>files</b>", "bug", ["ui", "api"], 3)
    assert (item.parent_key, item.assignee, str(item.due_date)) == ("PONE-1", owner, "2026-01-31")
    assert [one.text for one in Criterion.objects.of(item)] == ["It reads", "It writes"]
    assert [str(one) for one in Dependency.objects.living()] == ["PONE-2 blocks PONE-3"]
    assert browser.post(answer.headers["PM-Undo"]).content == b"PONE-3 deleted."
    assert not WorkItem.objects.living().filter(item_number=3).exists()


def test_errors_stand_beside_their_fields_and_nothing_is_created(browser: Client, project: Project) -> None:
    for data, field, said in (
        ({"title": " "}, "title", "blank"),
        ({"story_points": "many"}, "story_points", "whole number"),
        ({"parent": "PONE-9"}, "parent", "does not exist"),
        ({"blocked_by": "PONE-9"}, "blocked_by", "does not exist"),
        ({"criteria": "x" * 501}, "criteria", "500"),
        ({"item_type": "wish"}, "item_type", "epic, story"),
        ({"project": "NONE"}, "project", "choose"),
        ({"due_date": "soon"}, "due_date", "date"),
    ):
        answer = send(browser, **data)
        assert answer.status_code == 400
        fields = answer.json()["error"]["fields"]
        assert list(fields) == [field]
        assert said in fields[field]
    assert not WorkItem.objects.exists()


def test_page_works_without_a_script(browser: Client, project: Project) -> None:
    page = form(browser, path="/items/new/")
    assert '<form class="new-form" id="new-item-page" method="post" action="/items/new/"' in page
    data = {"project": "PONE", "title": "One", "story_points": "x", "labels": "<i>"}
    wrong = browser.post("/items/new/", data, HTTP_ACCEPT="text/html")
    text = wrong.content.decode()
    assert (wrong.status_code, value(text, "title"), value(text, "labels")) == (400, "One", "&lt;i&gt;")
    assert re.search(r'data-error-of="story_points">must be empty or a whole number', text)
    answer = browser.post("/items/new/", data | {"story_points": "", "labels": ""}, HTTP_ACCEPT="text/html")
    assert answer.headers["Location"] == "/items/PONE-1/"


def test_form_needs_a_project_that_takes_items(browser: Client, project: Project, user: User) -> None:
    project.archive(actor=user)
    answer = browser.get("/items/new/", HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_form_takes_any_query(browser: Client, project: Project) -> None:
    names = ("project", "template", "status", "sprint", "epic", "parent", "assignee", "label", "view", "type")
    for text in ("", "'", "not:todo", "a,b", "PONE-0", "9" * 40, "<b>"):
        answer = browser.get("/items/new/dialog/", dict.fromkeys(names, text), HTTP_ACCEPT="text/html")
        assert answer.status_code == 200
        assert browser.get("/palette/", {"q": text, "project": text, "item": text}).status_code == 200
        answer = send(browser, **dict.fromkeys((*names, "blocked_by", "criteria", "labels", "item_type"), text))
        assert answer.status_code == 400
