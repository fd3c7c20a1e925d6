"""Full-text filters for common terms: both query strategies return the same rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from projects.api.text_scan import LONGEST_TEXT, MOST_TEXT
from projects.models import Project, User, WorkItem
from projects.models.fts import RANKED, TOKENIZER
from projects.ordering_keys import keys_between
from tests.projects.api.test_work_item_lists import URL, keys

pytestmark = pytest.mark.django_db
SILENT = 100  # items without a description


@pytest.fixture
def grow(project: Project, user: User) -> Callable[..., None]:
    """Create enough items that their words are common terms; items without a description come first."""

    def grow(text: str = "") -> None:
        now = timezone.now()
        stamps = {"created_at": now, "updated_at": now, "created_by": user, "updated_by": user}
        said = {7: "silent", 5: "sagt es so: Größe", 3: "says SO, size"}
        WorkItem.objects.bulk_create(
            WorkItem(
                project=project,
                item_number=number,
                item_type="task",
                title=f"Item {number % 50}",
                description=next((text for part, text in said.items() if number % part == 0), f"say so {text}")
                if number > SILENT
                else "",
                position=position,
                **stamps,
            )
            for number, position in enumerate(keys_between(None, None, RANKED * 5 // 4 - 1), 1)
        )

    return grow


def walk(api: APIClient, **query: Any) -> list[str]:
    """Return the keys on all pages; check that paging backward gives the same pages."""
    pages, response = [], api.get(URL, {"project": "PONE", **query})
    while response.json()["next"]:
        pages.append(keys(response))
        response = api.get(response.json()["next"])
    last = keys(response)
    for page in reversed(pages):
        response = api.get(response.json()["previous"])
        assert keys(response) == page
    assert response.json()["previous"] is None
    return [key for page in [*pages, last] for key in page]


def asks_index(api: APIClient, **query: Any) -> bool:
    """Return True if the first page collects all matches from the index."""
    with CaptureQueriesContext(connection) as queries:
        assert keys(api.get(URL, {"project": "PONE", **query}))
    return any("entry.entity_id" in query["sql"] for query in queries)


@pytest.mark.slow
def test_scan_returns_the_rows_of_the_index(api: APIClient, grow: Callable[..., None]) -> None:
    grow()
    words_ = ("so", "S", "item", "so grosse", "so größe", "so 7", "PONE-7", "size says")
    for order, words in itertools.product(("position", "-position", "title", "-updated_at"), words_):
        found = WorkItem.objects.containing(words, is_rare=False).order_by(order, "-pk" if order[0] == "-" else "pk")
        walked = walk(api, search=words, ordering=order, limit=900, fields="display_key")
        assert walked == [f"PONE-{number}" for number in found.values_list("item_number", flat=True)], (order, words)


def test_index_is_used_if_few_of_the_next_rows_match(api: APIClient, grow: Callable[..., None]) -> None:
    grow()
    assert not asks_index(api, search="so", limit=20, ordering="-position")
    assert asks_index(api, search="so", limit=20, ordering="position")
    assert not asks_index(api, search="item", limit=20, ordering="position")


def test_index_is_used_for_long_texts(api: APIClient, grow: Callable[..., None]) -> None:
    grow("long " * (MOST_TEXT // 500))
    assert not asks_index(api, search="so", limit=20, ordering="-position")
    assert asks_index(api, search="so", limit=400, ordering="-position")


def test_index_is_used_if_a_text_was_cut(api: APIClient, grow: Callable[..., None]) -> None:
    grow()
    last = WorkItem.objects.order_by("-position")[0]
    for length, is_asked in ((LONGEST_TEXT - 1, False), (LONGEST_TEXT + 9, True)):
        WorkItem.objects.filter(pk=last.pk).update(description=f"{'x' * (length - 3)} so")
        query = {"search": "so", "limit": 20, "ordering": "-position"}
        assert asks_index(api, **query) is is_asked
        assert keys(api.get(URL, {"project": "PONE", **query}))[0] == last.display_key


def test_scan_tokenizes_as_the_index_does(project: Project) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'projects_search'")
        assert f"tokenize = '{TOKENIZER}'" in cursor.fetchone()[0]
