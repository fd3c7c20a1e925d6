"""Due dates: setting them, lists in their order, and what is overdue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import WorkItem
from projects.today import today
from tests.projects.api.test_projects import error
from tests.projects.api.test_work_item_lists import keys, numbers

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


def day(days: int) -> date:
    return today() + timedelta(days=days)


@pytest.fixture
def board(make_item: Make) -> None:
    """1 yesterday; 2 today; 3 no due date; 4 yesterday, but done; 5 last week."""
    for due, status in ((-1, "todo"), (0, "todo"), (None, "todo"), (-1, "done"), (-7, "review")):
        make_item(status=status, due_date=None if due is None else day(due))


def test_due_date_is_set_and_cleared(api: APIClient, make_item: Make) -> None:
    make_item()
    assert api.patch(f"{URL}PONE-1/", {"due_date": "2026-03-01"}, format="json").json()["due_date"] == "2026-03-01"
    assert api.patch(f"{URL}PONE-1/", {"due_date": None}, format="json").json()["due_date"] is None


@pytest.mark.parametrize("value", ["", "tomorrow", "2026-02-30", 20260301])
def test_invalid_due_date_is_refused(api: APIClient, make_item: Make, value: Any) -> None:
    make_item()
    error(api.patch(f"{URL}PONE-1/", {"due_date": value}, format="json"), 400, "VALIDATION_ERROR", "due_date")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"overdue": "true"}, [1, 5]),
        ({"overdue": "true", "include_done": "true"}, [1, 5]),
        ({"overdue": "false"}, [2, 3]),
        ({"overdue": "false", "include_done": "true"}, [2, 3, 4]),
        ({"overdue": "true", "status": "review"}, [5]),
    ],
    ids=str,
)
def test_overdue_is_open_and_due_before_today(
    api: APIClient, board: None, parameters: dict[str, str], expected: list[int]
) -> None:
    assert numbers(api.get(URL, parameters)) == expected


def test_pages_in_the_order_of_due_dates_end_with_items_that_have_none(api: APIClient, board: None) -> None:
    query = {"ordering": "due_date", "include_done": "true"}
    assert numbers(api.get(URL, query)) == [5, 1, 4, 2, 3]
    assert numbers(api.get(URL, {**query, "ordering": "-due_date"})) == [3, 2, 4, 1, 5]
    found, url = [], f"{URL}?ordering=due_date&include_done=true&limit=1"
    while url:
        page = api.get(url)
        found += keys(page)
        url = page.json()["next"]
    assert found == [f"PONE-{number}" for number in (5, 1, 4, 2, 3)]


def test_item_is_overdue_from_the_day_after(board: None) -> None:
    items = WorkItem.objects.order_by("item_number")
    assert [item.is_overdue for item in items] == [True, False, False, False, True]
