"""GET inbox/: what waits for a person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from projects.models import Comment, User, WorkItem

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
URL = "/api/v1/inbox/"


def test_inbox_is_paged_and_counted(api: APIClient, make_item: Make) -> None:
    for number in range(3):
        make_item(f"Item {number}", status="blocked")
    Comment(work_item=make_item("Other"), content="So be it", kind="decision").insert(
        actor=User.objects.actor("claude")
    )
    found, url = [], f"{URL}?limit=3"
    while url:
        page = api.get(url).json()
        assert (page["total"], page["total_is_exact"]) == (4, True)
        found += page["results"]
        url = page["next"]
    assert [(row["kind"], row["key"], row.get("title"), row["by"]) for row in found] == [
        *(("blocked", f"PONE-{number + 1}", f"Item {number}", "ada") for number in range(3)),
        ("decision", "PONE-4", "Other", "claude"),
    ]
    assert set(found[0]) == {"kind", "key", "title", "text", "by", "since"}


@pytest.mark.parametrize(
    "cursor", ["x", "WyJibG9ja2VkIiwgIngiLCAieSIsIGZhbHNlXQ", "WyJub25lIiwgIngiLCAieSIsIGZhbHNlXQ"]
)
def test_cursor_of_another_list_is_refused(api: APIClient, cursor: str) -> None:
    answer = api.get(URL, {"cursor": cursor})
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "cursor")


def test_empty_inbox_is_empty(api: APIClient, db: None) -> None:
    assert api.get(URL).json() == {"results": [], "total": 0, "total_is_exact": True, "next": None}
