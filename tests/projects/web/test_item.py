"""The item's page and the search page, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from projects.models import Comment, Dependency, Project, User, WorkItem
from projects.models.sync import FormerKey


@pytest.fixture
def person(db: None, client: Client) -> Client:
    client.force_login(User.objects.owner())
    client.defaults["HTTP_ACCEPT"] = "text/html"
    return client


@pytest.fixture
def make(db: None) -> Callable[..., WorkItem]:
    actor = User.objects.actor("llm")
    project = Project(key="PONE", title="One")
    project.insert(actor=actor)

    def make(title: str = "Title", **values: Any) -> WorkItem:
        item = WorkItem(project=project, title=title, item_type=values.pop("item_type", "task"), **values)
        item.insert(actor=actor)
        return item

    return make


def test_page_shows_everything_about_an_item(person: Client, make: Callable[..., WorkItem]) -> None:
    actor = User.objects.actor("llm")
    epic = make("The epic", item_type="epic")
    story = make("The story", item_type="story", parent=epic, description="About *PONE-1*")
    others = [make(f"Task {number}", parent=story, story_points=2) for number in range(12)]
    others[0].update(actor=actor, status="done")
    for other in others[:6]:
        Dependency(blocking_item=make("Blocker"), blocked_item=story).insert(actor=actor)
        Comment(work_item=story, content=f"On {other.display_key}").insert(actor=actor)
    page = person.get("/items/pone-2/").content.decode()
    for text in ("The epic", "Task 11", "1 of 12 done, 2 of 24 points", "Blocked by", "On <a", "History"):
        assert text in page
    assert '<a href="/insights/PONE/?descendants_of=PONE-2" data-hotkey="w"' in page
    assert ">When will it be done?</a>" in page
    assert "When will it be done?" not in person.get("/items/PONE-3/").content.decode()
    assert person.get("/items/PONE-99/").status_code == 404


def test_page_names_statuses_as_the_board_does(person: Client, make: Callable[..., WorkItem]) -> None:
    actor = User.objects.actor("llm")
    story = make("The story", item_type="story")
    make("Below", parent=story, status="in_progress")
    Dependency(blocking_item=make("Before", status="todo"), blocked_item=story).insert(actor=actor)
    page = person.get("/items/PONE-1/").content.decode()
    assert '<span class="state in_progress">In progress</span>' in page
    assert '<span class="state todo">To do</span>' in page


def test_only_keys_of_living_projects_become_links(person: Client, make: Callable[..., WorkItem]) -> None:
    actor = User.objects.actor("llm")
    make("Seen", description="UTF-8, SHA-256, GPT-4, ISO-8601, pone-1 and PTWO-1, PTEN-1")
    for key in ("PTWO", "PTEN"):
        Project(key=key, title="Other").insert(actor=actor)
    Project.objects.get(key="PTEN").soft_delete(actor=actor)
    Comment(work_item=WorkItem.objects.get(), content="RFC-2119, PTWO-2").insert(actor=actor)
    page = person.get("/items/PONE-1/").content.decode()
    assert re.findall(r'<a href="(/items/[^"]+)">', page) == ["/items/PONE-1/", "/items/PTWO-1/", "/items/PTWO-2/"]
    preview = person.post("/items/preview/", {"description": "PONE-1 UTF-8"}).content.decode()
    assert preview == '<p><a href="/items/PONE-1/">PONE-1</a> UTF-8</p>\n'
    Project.objects.get(key="PTEN").restore(actor=actor)
    assert '<a href="/items/PTEN-1/">PTEN-1</a>' in person.get("/items/PONE-1/").content.decode()


def test_anonymous_user_is_redirected_to_login(client: Client, make: Callable[..., WorkItem]) -> None:
    make()
    for path in ("/items/PONE-1/", "/search/?q=a"):
        assert client.get(path, headers={"accept": "text/html"}).status_code == 302


def test_former_key_leads_to_its_item_and_a_key_of_two_names_both(
    person: Client, make: Callable[..., WorkItem]
) -> None:
    mine, theirs = make("Mine"), make("Theirs")
    FormerKey.objects.create(key="PONE-77", item_id=mine.pk)
    FormerKey.objects.create(key=theirs.display_key, item_id=mine.pk)
    assert "<title>PONE-1 Mine" in person.get("/items/pone-77/").content.decode()
    page = person.get(f"/items/{theirs.display_key}/").content.decode()
    assert 'In this clone, PONE-2 used to mean <a href="/items/PONE-1/">PONE-1 Mine</a>.' in page
    assert "i-former" not in person.get(f"/items/{mine.display_key}/").content.decode()


def test_panel_is_beside_each_page_whose_address_names_an_item(
    person: Client, make: Callable[..., WorkItem], django_assert_max_num_queries: Any
) -> None:
    item = make("Beside")
    for page in ("/board/PONE/?q=x&item=pone-1", "/sprints/PONE/?item=PONE-1", "/search/?q=beside&item=PONE-1"):
        shown = person.get(page).content.decode()
        assert '<aside class="panel item" id="panel" data-live' in shown
        assert shown.count('id="i-comment"') == 1
    assert 'data-panel-close href="/board/PONE/?q=x"' in person.get("/board/PONE/?q=x&item=PONE-1").content.decode()
    for page in ("/board/PONE/", "/board/PONE/?item=PONE-9", "/board/PONE/?item=%00", "/items/PONE-1/?item=PONE-1"):
        assert "<aside" not in person.get(page).content.decode()
    with django_assert_max_num_queries(40):
        fragment = person.get("/items/PONE-1/panel/").content.decode()
    assert fragment.startswith("<aside")
    assert f'data-item="{item.display_key}"' in fragment


def test_long_texts_and_many_comments_are_folded(person: Client, make: Callable[..., WorkItem]) -> None:
    item = make("Long", description="A line\n\n" * 40)
    Comment(work_item=item, content="Short").insert(actor=item.created_by)
    page = person.get("/items/PONE-1/").content.decode()
    assert page.count("data-unfold") == 1
    assert "earlier comment" not in page
    for number in range(8):
        Comment(work_item=item, content=f"Comment {number}").insert(actor=item.created_by)
    assert "Show 4 earlier comments" in person.get("/items/PONE-1/").content.decode()
