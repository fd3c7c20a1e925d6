"""No list scans a whole table or sorts many rows, for any filter and ordering."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.api.work_items.views import WorkItemViewSet
from projects.models import Dependency, Project, Sprint, User, WorkItem
from tests.projects.plans import is_unindexed, steps

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
# Filters that walk the index of the ordering until the page is full.
WALKING = {
    "type": "task",
    "status": "todo",
    "priority": "low,high",
    "assignee": "ada",
    "unassigned": "true",
    "label": "ui",
    "orphaned": "true",
    "blocked": "true",
    "overdue": "true",
    "updated_since": "2020-01-01",
    "include_done": "true",
}
# Filters with few matches, which may be sorted.
RARE = {
    "stuck": "true",
    "parent": "PONE-1",
    "descendants_of": "PONE-1",
    "ancestors_of": "PONE-2",
    "sprint": "",
    "deleted": "true",
}

# The indexes that a list may walk, by its ordering.
INDEXES = {
    "position": {"item_by_position", "item_open_by_position", "item_orphaned"},
    "created_at": {"item_by_creation"},
    "updated_at": {"item_by_update"},
    "priority": {"item_by_urgency"},
    "title": {"item_by_title"},
    "due_date": {"item_by_due"},
    "item_number": {"sqlite_autoindex_projects_workitem_2"},
}

# Scans of recursive CTEs, not of tables.
FOUND_SO_FAR = ("SCAN below", "SCAN above", "SCAN known")


@pytest.fixture
def board(make_item: Callable[..., WorkItem], project: Project, user: User) -> str:
    """The sprint ID of a board on which every filter has matches."""
    sprint = Sprint.objects.create(
        actor=user, project=project, name="S", start_date=date(2026, 1, 1), end_date=date(2026, 1, 15)
    )
    epic = make_item("Epic", item_type="epic")
    make_item("Story", item_type="story", parent=epic, labels=["ui"], sprint=sprint, assignee=user)
    blocker = make_item("Blocker", status="todo")
    Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=make_item("Blocked", priority="low"))
    return str(sprint.pk)


@dataclass
class Plan:
    """Full table scans, sorts, and the indexes by which the items of the list are found."""

    scans: list[str]
    sorts: list[str]
    entered: set[str]


def plan(api: APIClient, path: str, query: dict[str, Any]) -> Plan:
    with CaptureQueriesContext(connection) as queries:
        assert api.get(path, query).status_code == 200
    found = steps(queries)
    indexes = {re.search(r"^SEARCH projects_workitem USING (?:COVERING )?INDEX (\w+)", step) for step in found}
    return Plan(
        scans=[step for step in found if is_unindexed(step) and step not in FOUND_SO_FAR],
        sorts=[step for step in found if "USE TEMP B-TREE" in step],
        entered={match[1] for match in indexes if match},
    )


@pytest.mark.slow
@pytest.mark.parametrize("ordering", WorkItemViewSet.ordering_fields)
def test_list_walks_the_index_of_its_ordering(api: APIClient, board: str, ordering: str) -> None:
    alone = itertools.product(([name] for name in WALKING), ("", "-"))
    # Each pair with every other ordering, half of them in either direction.
    first = WorkItemViewSet.ordering_fields.index(ordering) % 2
    others = itertools.islice(itertools.combinations(WALKING, 2), first, None, 2)
    pairs = zip(others, itertools.cycle(("", "-")), strict=False)
    for names, sign in (*alone, *pairs):
        query = {"project": "PONE", "ordering": sign + ordering} | {name: WALKING[name] for name in names}
        found = plan(api, URL, query)
        assert (found.scans, found.sorts) == ([], []), query
        assert len(found.entered) == 1, query
        assert found.entered <= INDEXES[ordering], query
    for (name, value), sign in itertools.product(RARE.items(), ("", "-")):
        query = {"project": "PONE", "ordering": sign + ordering, name: value or board}
        assert plan(api, URL, query).scans == [], query


@pytest.mark.parametrize("query", [{}, {"include_done": "true"}])
def test_orphans_have_an_index_of_their_own(api: APIClient, board: str, query: dict[str, str]) -> None:
    found = plan(api, URL, {"project": "PONE", "orphaned": "true", **query})
    assert (found.scans, found.sorts, found.entered) == ([], [], {"item_orphaned"})


@pytest.mark.parametrize("ordering", sorted({*WorkItemViewSet.ordering_fields} - {"item_number"}))
def test_filter_is_checked_in_the_index(api: APIClient, board: str, ordering: str) -> None:
    """A selective filter must not fetch the rows it rejects (covering index)."""
    with CaptureQueriesContext(connection) as queries:
        api.get(URL, {"project": "PONE", "ordering": ordering, "assignee": "ada", "type": "epic"})
    (entered,) = [step for step in steps(queries) if step.startswith("SEARCH projects_workitem")]
    index = entered.split("INDEX ")[1].split(" ")[0]
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA index_info({index})")
        columns = {row[2] for row in cursor.fetchall()}
    filtered = {"status", "item_type", "urgency", "assignee_id", "parent_id", "open_blockers", "updated_at", "due_date"}
    assert columns >= filtered


def test_ready_uses_its_own_index(api: APIClient, board: str) -> None:
    User.objects.actor("llm")
    for query in ({}, *({name: value} for name, value in WALKING.items() if name != "include_done")):
        found = plan(api, f"{URL}ready/", {"project": "PONE", **query})
        assert (found.scans, found.sorts, found.entered) == ([], [], {"item_ready"}), query
