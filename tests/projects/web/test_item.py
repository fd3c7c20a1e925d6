"""The item's page and the search page, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from projects.models import Comment, Dependency, Project, User, WorkItem
from projects.web.markdown import to_html

HOSTILE = [
    "<script>x</script>",
    "<img src=x onerror=x>",
    "[a](javascript:x)",
    "[a](data:text/html,x)",
    "<svg onload=x>",
    '"><b onclick=x>',
    "![a](javascript:x)",
    "<a href='javascript:x'>a</a>",
    "[a]( jAvAsCrIpT:x)",
    "```\n<script>\n```",
]


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


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_does_nothing(text: str) -> None:
    html = to_html(text).lower()
    for harm in ("<script", "<img", "<svg", "<b ", 'href="javascript', 'href="data', 'href=" java'):
        assert harm not in html, html


def test_markdown_is_rendered_and_keys_become_links() -> None:
    tasks = to_html("- [x] tiles\n- [ ] resume\n- [y] no task\n\n[x] nor this\n")
    assert "<li>☑ tiles</li>" in tasks
    assert "<li>☐ resume</li>" in tasks
    assert "[y] no task" in tasks
    assert "<p>[x] nor this</p>" in tasks
    html = to_html("# Title\n\nSee **pone-12**, `PONE-3` and [PONE-4](https://example.org/PONE-5).\n\n    PONE-6\n")
    assert "<h1>Title</h1>" in html
    assert '<strong><a href="/items/PONE-12/">pone-12</a></strong>' in html
    assert html.count('href="/items/') == 2
    assert "/items/PONE-5/" not in html
    assert "/items/PONE-6/" not in html


def test_page_shows_all_around_an_item(person: Client, make: Callable[..., WorkItem]) -> None:
    actor = User.objects.actor("llm")
    epic = make("The epic", item_type="epic")
    story = make("The story", item_type="story", parent=epic, description="About *PONE-1*")
    others = [make(f"Task {number}", parent=story, story_points=2) for number in range(12)]
    others[0].update(actor=actor, status="done")
    for other in others[:6]:
        Dependency(blocking_item=other, blocked_item=story).insert(actor=actor)
        Comment(work_item=story, content=f"On {other.display_key}").insert(actor=actor)
    page = person.get("/items/pone-2/").content.decode()
    for text in ("The epic", "Task 11", "1 of 12 done, 2 of 24 points", "Blocked by", "On <a", "History"):
        assert text in page
    assert person.get("/items/PONE-99/").status_code == 404


def test_search_finds_words_and_leads_straight_to_a_key(person: Client, make: Callable[..., WorkItem]) -> None:
    make("Find the <b>needle</b>")
    page = person.get("/search/", {"q": "need"}).content.decode()
    assert "1 found" in page
    assert "<mark>needle</mark>" in page
    assert "<b>needle" not in page
    assert person.get("/search/", {"q": "pone-1"})["Location"] == "/items/PONE-1/"
    assert "Nothing has all of these" in person.get("/search/", {"q": "haystack", "project": "PONE"}).content.decode()
    assert person.get("/search/").status_code == 200
    for odd in ('"', "*", "NEAR(", "a" * 5000, "col:x"):
        assert person.get("/search/", {"q": odd}).status_code == 200


def test_stranger_is_led_to_the_login(client: Client, make: Callable[..., WorkItem]) -> None:
    make()
    for path in ("/items/PONE-1/", "/search/?q=a"):
        assert client.get(path, headers={"accept": "text/html"}).status_code == 302
