"""No page of the administration costs more queries for more rows, whatever is registered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from projects.models import Activity, Comment, Dependency, Project, Sprint, SwimLane, TimeEntry, User, WorkItem
from tests.projects.admin.test_work_item import change_url, form_of

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
DATES = {"start_date": date(2026, 1, 5), "end_date": date(2026, 1, 16)}
MODELS = [Activity, Comment, Dependency, Group, Project, Sprint, SwimLane, TimeEntry, User, WorkItem]
Make = Callable[..., Any]


class Board:
    """One of each kind, `first`, with `size` rows around it, each by another user."""

    def __init__(self, project: Project, make_item: Make, make_project: Make) -> None:
        self.project, self.make_item, self.make_project = project, make_item, make_project
        self.size = 0
        self.story = make_item("Story", item_type="story")
        self.first: dict[Any, Any] = {Project: project, WorkItem: self.story}

    def grow(self, size: int) -> None:
        for number in range(self.size, size):
            actor = User.objects.actor(f"user {number}")
            sprint = Sprint.objects.create(actor=actor, project=self.project, name=f"S{number}", **DATES)
            labels = [f"label {number}"]
            item = self.make_item(
                actor=actor.username, parent=self.story, assignee=actor, labels=labels, sprint_id=sprint.pk
            )
            other = self.make_item(actor=actor.username, sprint_id=self.first.get(Sprint, sprint).pk)
            item.claim(actor=actor)
            link = Dependency.objects.create(actor=actor, blocking_item=other, blocked_item=self.story)
            comment = Comment.objects.create(actor=actor, work_item=self.story, content=f"C{number}")
            ends = {"started_at": NINE, "ended_at": NINE + timedelta(hours=1)}
            entry = TimeEntry.objects.create(actor=actor, user=actor, work_item=self.story, **ends)
            self.story.update(actor=actor, title=f"T{number}", sprint_id=sprint.pk, assignee_id=actor.pk)
            elsewhere = self.make_project(f"KEY{number}", actor=actor.username)
            group = Group.objects.create(name=f"group {number}")
            lane = SwimLane.objects.filter(project=elsewhere).first()
            made = (sprint, link, comment, entry, group, lane, actor)
            for entity in made:
                self.first.setdefault(type(entity), entity)
        for model in (Comment, Sprint, TimeEntry, SwimLane):
            self.first[model] = model.objects.get(pk=self.first[model].pk)
        self.first[Activity] = Activity.objects.of(self.story).latest("id")
        self.size = size


@pytest.fixture
def board(project: Project, make_item: Make, make_project: Make) -> Board:
    return Board(project, make_item, make_project)


def test_every_registered_admin_is_asked() -> None:
    assert {model.__name__ for model in admin.site._registry} == {model.__name__ for model in MODELS}


PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "list": ("changelist", {}),
    "deleted": ("changelist", {"deleted": "yes"}),
    "search": ("changelist", {"q": "a"}),
    "add": ("add", {}),
    "change": ("change", {}),
    "delete": ("delete", {}),
}
ABSENT = {Activity: ("add", "deleted", "delete"), Group: ("deleted",), User: ("deleted",)}


def pages(board: Board) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name each page of each model, with its URL and query."""
    for model in MODELS:
        for page, (name, query) in PAGES.items():
            if page in ABSENT.get(model, ()):
                continue
            args = [board.first[model].pk] if name in ("change", "delete") else []
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)
            yield f"{model.__name__} {page}", url, query


def test_page_costs_the_same_for_3_and_for_60_rows(browser: Client, board: Board) -> None:
    counts: dict[int, dict[str, int]] = {3: {}, 60: {}}
    for size, found in counts.items():
        board.grow(size)
        for name, url, query in pages(board):
            browser.get(url, query)  # what is cached for good is loaded
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(url, query).status_code == 200, name
            found[name] = len(queries)
    assert len(counts[3]) == 55
    assert counts[3] == counts[60]
    assert max(counts[3].values()) <= 32, counts[3]


def test_chooser_costs_the_same_and_shows_a_page(browser: Client, board: Board) -> None:
    fields = [("workitem", "parent"), ("workitem", "sprint"), ("workitem", "assignee"), ("sprint", "project")]
    counts: dict[int, list[int]] = {3: [], 60: []}
    for size, found in counts.items():
        board.grow(size)
        for model_name, name in fields:
            query = {"app_label": "projects", "model_name": model_name, "field_name": name, "term": ""}
            with CaptureQueriesContext(connection) as queries:
                answer = browser.get(reverse("admin:autocomplete"), query).json()
            assert 0 < len(answer["results"]) <= 20
            found.append(len(queries))
    assert counts[3] == counts[60]


def test_no_page_offers_all_rows_of_a_table(browser: Client, board: Board) -> None:
    board.grow(20)
    for name, url, query in pages(board):
        content = browser.get(url, query).content.decode()
        for row in (board.story, User.objects.get(username="user 13"), Project.objects.get(key="KEY13")):
            assert f'<option value="{row.pk}">' not in content, name


def written(queries: CaptureQueriesContext) -> list[tuple[str, str]]:
    """Return the verb and table of each statement that writes to the board."""
    found = (re.match(r'(INSERT INTO|UPDATE) "?projects_(\w+)', query["sql"]) for query in queries.captured_queries)
    return [(match[1], match[2]) for match in found if match]


def test_saved_form_writes_once(browser: Client, make_item: Make) -> None:
    item = make_item("Before")
    with CaptureQueriesContext(connection) as queries:
        assert browser.post(change_url(item), form_of(item, title="After", comment="Hi")).status_code == 302
    log = ("INSERT INTO", "activity")
    assert written(queries) == [("UPDATE", "workitem"), log, ("INSERT INTO", "comment"), log]
    new = {"project": item.project_id, "item_type": "task", "title": "New", "status": "todo", "priority": "low"}
    with CaptureQueriesContext(connection) as queries:
        assert browser.post(reverse("admin:projects_workitem_add"), new).status_code == 302
    assert written(queries) == [("UPDATE", "project"), ("INSERT INTO", "workitem"), log]


def test_refused_form_writes_nothing(browser: Client, make_item: Make) -> None:
    item = make_item("Before")
    with CaptureQueriesContext(connection) as queries:
        assert browser.post(change_url(item), form_of(item, title="After", comment="a\x1bb")).status_code == 200
    assert written(queries) == []
