"""What the command palette offers: items, projects, views, and values of the item in focus."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from projects.models import Project, SavedView, User, WorkItem
from projects.web.named_lists import lists_named
from tests.projects.plans import plan

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>"


def ask(browser: Client, **query: str) -> Any:
    answer = browser.get("/palette/", query)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def keys(answer: Any) -> list[str]:
    return [item["key"] for item in answer["items"]]


def test_items_are_found_by_key_number_and_words(browser: Client, project: Project, user: User) -> None:
    for title in ("Read files", "Write files", HOSTILE):
        WorkItem.objects.create(actor=user, project=project, item_type="task", title=title)
    assert keys(ask(browser, q="pone-2"))[0] == "PONE-2"
    assert keys(ask(browser, q="2", project="PONE"))[0] == "PONE-2"
    assert sorted(keys(ask(browser, q="fil"))) == ["PONE-1", "PONE-2"]
    assert ask(browser, q="onerror")["items"][0]["title"] == HOSTILE
    assert keys(ask(browser, q="x" * 5000)) == []


def test_labels_and_people_are_found_by_how_they_begin(browser: Client, project: Project, user: User) -> None:
    for labels in (["offline"], ["offline", "official"], []):
        WorkItem.objects.create(
            actor=user, project=project, item_type="task", title="One", labels=labels, assignee=user
        )
    assert [(one["title"], one["note"], one["url"]) for one in ask(browser, q="OFF", project="PONE")["lists"]] == [
        ("Label official", "1 item of PONE", "/board/PONE/?label=official"),
        ("Label offline", "2 items of PONE", "/board/PONE/?label=offline"),
    ]
    assert [one["title"] for one in ask(browser, q=user.username[:2])["lists"]] == [f"Assignee {user.username}"]
    assert ask(browser, q="line")["lists"] == ask(browser, q="%")["lists"] == []


def test_items_of_the_project_come_first(browser: Client, make_project: Any, user: User) -> None:
    for key in ("ONE", "TWO"):
        WorkItem.objects.create(actor=user, project=make_project(key), item_type="task", title="Read files")
    assert keys(ask(browser, q="read", project="TWO")) == ["TWO-1", "ONE-1"]
    assert keys(ask(browser, q="read", project="ONE")) == ["ONE-1", "TWO-1"]


def test_empty_palette_has_recent_items_projects_and_views(
    browser: Client, project: Project, user: User, owner: User
) -> None:
    mine = WorkItem.objects.create(actor=owner, project=project, item_type="task", title="Mine")
    for title in ("Two", "Three", "Four"):
        last = WorkItem.objects.create(actor=user, project=project, item_type="task", title=title)
    last.soft_delete(actor=user)
    view = SavedView.objects.create(actor=owner, project=project, name="Bugs", scope="project", filters="type=bug")
    found = ask(browser, places="")
    assert keys(found) == [mine.display_key, "PONE-3", "PONE-2"]
    assert found["projects"] == [{"key": "PONE", "title": project.title, "url": "/board/PONE/"}]
    assert found["views"] == [{"title": "Bugs", "note": "PONE", "url": f"/list/PONE/?view={view.pk}"}]


def test_values_of_the_item_in_focus_are_offered(browser: Client, project: Project, user: User, owner: User) -> None:
    item = WorkItem.objects.create(actor=user, project=project, item_type="task", title="One")
    found = ask(browser, item="PONE-1")["item"]
    texts = {choice["text"]: choice for choice in found["choices"]}
    assert texts["Assign to me"] == {"name": "assignee", "text": "Assign to me", "value": owner.username}
    assert texts["Status: Done"]["value"] == "done"
    assert "Status: Backlog" not in texts
    assert found["version"] == item.version
    assert ask(browser, item="PONE-9")["item"] == {}
    project.archive(actor=user)
    assert ask(browser, item="PONE-1")["item"] == {}


def test_queries_stay_constant(
    browser: Client, project: Project, user: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        WorkItem.objects.create(actor=user, project=project, item_type="task", title=f"Read files {number}")
    ask(browser)
    with django_assert_max_num_queries(9):
        ask(browser, q="read", project="PONE")
    with django_assert_max_num_queries(9):
        ask(browser, project="PONE", item="PONE-1")


def test_palette_is_for_people(client: Client) -> None:
    assert client.get("/palette/").status_code == 401


def test_parts_of_the_settings_are_pages(browser: Client, project: Project) -> None:
    found = ask(browser, q="exp", project="PONE", places="")
    pages = {page["title"]: page for page in found["pages"]}
    assert pages["Export"] == {"title": "Export", "note": "Settings", "url": "/settings/#s-files"}
    assert pages["Columns"]["note"] == "Settings of PONE"
    for row in found["pages"]:
        path, _, part = row["url"].partition("#")
        shown = browser.get(path, follow=True).content.decode()
        assert not part or f'id="{part}"' in shown, row
    assert "pages" not in ask(browser, q="exp")


def test_labels_are_counted_from_their_index(project: Project, user: User) -> None:
    """Else SQLite asks for each item of the project whether it has one of the labels: 10,000,000 look-ups."""
    WorkItem.objects.create(actor=user, project=project, item_type="task", title="One", labels=["offline", "old"])
    with CaptureQueriesContext(connection) as queries:
        found = lists_named("o", project)
    assert [one.name for one in found] == ["offline", "old"]
    [counting] = [query["sql"] for query in queries if "COUNT" in query["sql"] and "itemlabel" in query["sql"]]
    if connection.vendor == "sqlite":  # PostgreSQL knows how many rows there are
        assert "label" in plan(counting)[0]
