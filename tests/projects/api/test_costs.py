"""The cost of lists: a constant number of queries, each driven by an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Comment, Sprint, TimeEntry, User
from projects.models.base import Entity
from tests.projects.plans import steps, unindexed

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
DATES = {"start_date": "2026-01-05", "end_date": "2026-01-16"}
SPAN = {"started_at": "2026-01-05T09:00:00Z", "ended_at": "2026-01-05T10:00:00Z"}
# path, number of queries; a filter by the key or name of anything but a project adds a lookup
LISTS = [
    ("sprints/", 1),
    ("sprints/?fields=*", 1),
    ("sprints/?ordering=-start_date&limit=2", 1),
    ("sprints/?project=PONE", 1),
    ("sprints/?project=PONE&status=planned", 1),
    ("sprints/?status=planned", 1),
    ("sprints/?deleted=true", 1),
    ("comments/", 1),
    ("comments/?work_item=PONE-1&fields=*", 2),
    ("comments/?project=PONE&ordering=-created_at", 1),
    ("comments/?deleted=true", 1),
    ("time-entries/", 1),
    ("time-entries/?fields=*", 1),
    ("time-entries/?work_item=PONE-1", 2),
    ("time-entries/?project=PONE", 1),
    ("time-entries/?user=ada", 2),
    ("time-entries/?running=true", 1),
    ("time-entries/?running=true&user=ada", 2),
    ("time-entries/?running=false&user=ada&ordering=-started_at", 2),
    ("time-entries/?deleted=true", 1),
]


@pytest.fixture
def fill(make_item: Make) -> Callable[[int], None]:
    """A function that adds `count` sprints, comments and time entries, each by another user on another item."""

    def add(count: int) -> None:
        for number in range(count):
            actor = User.objects.actor(f"user {number}")
            item = make_item(f"T{number}")
            Sprint.objects.create(actor=actor, project=item.project, name=f"S{number}", **DATES)
            Comment.objects.create(actor=actor, work_item=item, content="long")
            TimeEntry.objects.create(actor=actor, work_item=item, user=actor, **SPAN)

    return add


def test_lists_cost_the_same_for_any_number(api: APIClient, fill: Callable[[int], None]) -> None:
    for more in (3, 27):
        fill(more)
        for path, expected in LISTS:
            with CaptureQueriesContext(connection) as queries:
                assert api.get(f"/api/v1/{path}").status_code == 200
            assert len(queries) == expected, path


@pytest.mark.parametrize("path", [path for path, _ in LISTS])
def test_list_uses_an_index(api: APIClient, fill: Callable[[int], None], path: str) -> None:
    fill(1)
    with CaptureQueriesContext(connection) as queries:
        api.get(f"/api/v1/{path}")
    assert unindexed(queries) == []
    # Only the lookup of a key may sort (one row); the list itself sorts nothing.
    assert sum("USE TEMP B-TREE" in step for step in steps(queries)) <= len(queries) - 1


def test_slim_list_does_not_load_contents(api: APIClient, fill: Callable[[int], None]) -> None:
    fill(1)
    for path, text in (("sprints/", "goal"), ("time-entries/", '"description"')):
        with CaptureQueriesContext(connection) as queries:
            api.get(f"/api/v1/{path}")
        assert text not in queries[0]["sql"]


@pytest.mark.parametrize("noun", ["sprints", "comments", "time-entries"])
def test_retrieve_costs_one_query(
    api: APIClient, fill: Callable[[int], None], noun: str, django_assert_num_queries: Any
) -> None:
    fill(1)
    model: type[Entity] = {"sprints": Sprint, "comments": Comment, "time-entries": TimeEntry}[noun]
    pk = model._default_manager.get().pk
    with django_assert_num_queries(1):
        assert api.get(f"/api/v1/{noun}/{pk}/").status_code == 200
