"""The search page, without a browser."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import Comment, Project, User, WorkItem
from projects.models.fts import RANKED
from projects.models.search import COUNTED, LAST_ENTRY

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.fixture
def person(browser: Client) -> Client:
    browser.defaults["HTTP_ACCEPT"] = "text/html"
    return browser


def keys(page: str) -> list[str]:
    return re.findall(r'<li><a href="[^"]*"><span class="key">([^<]*)<', page)


def following(page: str) -> str:
    """Return the URL of the next page, or ""."""
    found = re.search(r'href="([^"]*)" rel="next"', page)
    return html.unescape(found[1]) if found else ""


def test_search_finds_words_and_redirects_for_a_key(person: Client, make_item: Make) -> None:
    make_item("Find the <b>needle</b>")
    page = person.get("/search/", {"q": "need"}).content.decode()
    assert "1 found" in page
    assert "<mark>needle</mark>" in page
    assert "<b>needle" not in page
    assert person.get("/search/", {"q": "pone-1"})["Location"] == "/items/PONE-1/"
    assert (
        "Nothing contains all of these words"
        in person.get("/search/", {"q": "haystack", "project": "PONE"}).content.decode()
    )
    assert person.get("/search/").status_code == 200
    for odd in ('"', "*", "NEAR(", "a" * 5000, "col:x"):
        assert person.get("/search/", {"q": odd}).status_code == 200


def test_search_shows_total_and_pages(person: Client, make_item: Make) -> None:
    for number in range(120):
        make_item(f"Haystack {number}")
    page = person.get("/search/", {"q": "haystack", "project": "PONE"}).content.decode()
    assert "120 found for “haystack” in PONE" in page
    assert "Results 1 to 50 of 120" in page
    assert "First page" not in page
    shown = keys(page)
    assert len(shown) == 50
    page = person.get(f"/search/{following(page)}").content.decode()
    assert "120 found for “haystack” in PONE" in page
    assert "Results 51 to 100 of 120" in page
    assert '<a class="button" href="?q=haystack&amp;project=PONE">First page</a>' in page
    shown += keys(page)
    page = person.get(f"/search/{following(page)}").content.decode()
    assert "Results 101 to 120 of 120" in page
    assert following(page) == ""
    shown += keys(page)
    assert sorted(shown) == sorted(f"PONE-{number}" for number in range(1, 121))


def test_few_results_have_one_page(person: Client, make_item: Make) -> None:
    for number in range(50):
        make_item(f"Haystack {number}")
    page = person.get("/search/", {"q": "haystack"}).content.decode()
    assert "50 found" in page
    assert "Results 1" not in page
    assert "Next page" not in page


@pytest.mark.slow
def test_pages_of_more_than_can_be_ranked_show_each_once(
    person: Client, project: Project, user: User, make_item: Make
) -> None:
    item = make_item("Haystack")
    texts = [f"haystack {number}" for number in range(RANKED + 100)]
    for text in texts:
        Comment(work_item=item, content=text).insert(actor=user)
    address, seen = "?q=haystack", 0
    found: list[str] = []
    while address:
        page = person.get(f"/search/{address}").content.decode()
        assert f"More than {COUNTED:,} found" in page
        found += re.findall(r"<mark>haystack</mark> \d+|Haystack</a>", page)
        seen, address = seen + len(keys(page)), following(page)
    assert seen == RANKED + 101 == len(set(found))


@pytest.mark.parametrize(
    "start", ["x", "best", "best-", "best-x", "texts--1", "worst-1", f"texts-{LAST_ENTRY + 1}", "titles-²"]
)
def test_invalid_cursor_shows_the_first_page(start: str, person: Client, make_item: Make) -> None:
    make_item("Haystack")
    page = person.get("/search/", {"q": "haystack", "start": start, "before": "50"}).content.decode()
    assert keys(page) == ["PONE-1"]
    assert "Results" not in page


def test_results_are_named_for_people(person: Client, make_item: Make, user: User) -> None:
    item = make_item("Haystack", status="in_progress")
    Comment(work_item=item, content="Haystack").insert(actor=user)
    page = person.get("/search/", {"q": "haystack"}).content.decode()
    assert '<span class="meta">item, In progress</span>' in page
    assert '<span class="meta">comment, In progress</span>' in page
    assert "in_progress" not in page


def test_label_and_assignee_lead_to_their_items(person: Client, make_item: Make, user: User) -> None:
    for values in ({"labels": ["Offline"]}, {"labels": ["offline", "ui"], "status": "done"}, {"assignee": user}):
        make_item("Item", **values)
    for text, words, url, shown in (
        ("offline", "2 items of PONE with the label offline", "/board/PONE/?label=offline", {"PONE-1", "PONE-2"}),
        ("offl", "2 items of PONE with the label offline", "/board/PONE/?label=offline", {"PONE-1", "PONE-2"}),
        ("ADA", "1 item of PONE with the assignee ada", "/board/PONE/?assignee=ada", {"PONE-3"}),
        ("a", "1 item of PONE with the assignee ada", "/board/PONE/?assignee=ada", {"PONE-3"}),
    ):
        page = person.get("/search/", {"q": text}).content.decode()
        assert f'<a href="{url}">{words}</a>' in page
        assert set(re.findall(r'data-key="(PONE-\d+)"', person.get(url).content.decode())) == shown
    assert "/board/PONE/?" not in person.get("/search/", {"q": "nobody"}).content.decode()


def test_query_count_does_not_grow_with_results(person: Client, make_item: Make) -> None:
    counts = []
    for more in (2, 60):
        for number in range(more):
            make_item(f"Haystack {number}")
        with CaptureQueriesContext(connection) as queries:
            person.get("/search/", {"q": "haystack"})
        counts.append(len(queries))
    assert counts[0] == counts[1], queries.captured_queries
