"""Work item lists: ordering, pagination and query costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Dependency, Project, Sprint, User, WorkItem
from projects.models.fts import RANKED
from projects.ordering_keys import keys_between
from tests.projects.api.test_projects import error
from tests.projects.api.test_work_item_lists import URL, keys, numbers
from tests.projects.plans import steps, unindexed

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


ORDERS: dict[str, Callable[[WorkItem], Any]] = {
    "position": lambda item: (item.position, item.pk),
    "created_at": lambda item: (item.created_at, item.pk),
    "updated_at": lambda item: (item.updated_at, item.pk),
    "priority": lambda item: (item.urgency, item.position, item.pk),
    "title": lambda item: (item.title, item.pk),
    "item_number": lambda item: (item.item_number, item.pk),
}


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("name", ORDERS)
def test_pages_lead_through_all_rows_and_back(api: APIClient, make_item: Make, name: str, sign: str) -> None:
    for number in range(11):
        make_item(f"T{number % 3}", priority=("low", "critical", "medium", "high")[number % 4])
    WorkItem.objects.filter(item_number=2).update(position="a6")
    WorkItem.objects.filter(item_number=9).update(position="Zza0")
    ordered = sorted(WorkItem.objects.all(), key=ORDERS[name], reverse=sign == "-")
    query = {"project": "PONE", "type": ["task", "story"], "ordering": sign + name, "limit": 3}
    response = api.get(URL, query)
    pages = [numbers(response)]
    while response.json()["next"]:
        response = api.get(response.json()["next"])
        pages.append(numbers(response))
    assert [number for page in pages for number in page] == [item.item_number for item in ordered]
    back = [numbers(response)]
    while response.json()["previous"]:
        response = api.get(response.json()["previous"])
        back.insert(0, numbers(response))
    assert back == pages


def test_forged_cursor_is_refused(api: APIClient, make_item: Make) -> None:
    from projects.api.pagination import Cursor

    pk = str(make_item().pk)
    for cursor in (
        Cursor("position", "here", pk),
        Cursor("position", "1.0", pk),
        Cursor("position", "a0", pk, more=("a1",)),
        Cursor("priority", "1", pk),
        Cursor("priority", "high", pk, more=("a0",)),
        Cursor("priority", "1", pk, more=("there",)),
    ):
        query = {"ordering": cursor.ordering, "cursor": cursor.encode()}
        error(api.get(URL, query), 400, "VALIDATION_ERROR", "cursor")


def test_list_of_two_hundred_is_small(api: APIClient, make_item: Make) -> None:
    epic = make_item("An epic with a title of a usual length, as people write them", item_type="epic")
    for number in range(199):
        make_item(f"Item {number} with a title of a usual length, as people write them", parent=epic, story_points=3)
    response = api.get(URL, {"project": "PONE", "limit": 200})
    assert len(keys(response)) == 200
    assert len(response.content) < 60 * 1024


@pytest.fixture
def grown(make_item: Make, user: User, project: Project) -> Callable[[int], None]:
    """A function that adds many similar items to the board."""
    first = make_item("First", item_type="epic")
    sprint = Sprint.objects.create(
        actor=user, project=project, name="S", start_date=date(2026, 1, 1), end_date=date(2026, 1, 15)
    )

    def grow(count: int) -> None:
        now = timezone.now()
        stamps = {"created_at": now, "updated_at": now, "created_by": user, "updated_by": user}
        last = WorkItem.objects.latest("item_number").item_number
        positions = keys_between(WorkItem.objects.last_position(project.pk), None, count)
        items = [
            WorkItem(
                **{"project": project, "item_number": number, "item_type": "task", "title": f"T{number}"},
                **{"parent": first, "sprint": sprint, "assignee": user, "labels": ["ui"], "position": position},
                **stamps,
            )
            for number, position in enumerate(positions, last + 1)
        ]
        WorkItem.objects.bulk_create(items)
        Dependency.objects.bulk_create(
            Dependency(blocking_item=one, blocked_item=other, **stamps)
            for one, other in zip(items[::2], items[1::2], strict=False)
        )

    grow(3)
    return grow


QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"fields": "*"},
    {"fields": "*", "include_done": "true"},
    {"type": "task,story"},
    {"status": "done"},
    {"status": "backlog"},
    {"priority": "medium,high"},
    {"assignee": "ada"},
    {"label": "ui"},
    {"sprint": "S"},
    {"parent": "PONE-1"},
    {"orphaned": "true"},
    {"orphaned": "false"},
    {"descendants_of": "PONE-1"},
    {"ancestors_of": "PONE-2"},
    {"blocked": "true"},
    {"blocked": "false"},
    {"blocked": "any"},
    {"deadline": "overdue,week,none"},
    {"agent": "claimed,worked"},
    {"asked": "true"},
    {"updated_since": "2020-01-01"},
    {"search": "T"},
    {"deleted": "true"},
    *({"ordering": sign + name} for name in ORDERS for sign in ("", "-")),
)


@pytest.mark.slow
@pytest.mark.parametrize("path", [URL, f"{URL}ready/"])
def test_lists_cost_the_same_for_any_number_of_rows_and_read_by_an_index(
    api: APIClient, grown: Callable[[int], None], path: str
) -> None:
    User.objects.actor("llm")
    api.get(f"{URL}ready/")  # the server learns who asks
    sprint = {"sprint": str(Sprint.objects.get().pk)}
    lists = [
        {**project, **(sprint if "sprint" in query else query)}
        for query in QUERIES
        for project in ({"project": "PONE"}, {})
        if path == URL or "ordering" not in query  # `ready` has a fixed ordering
    ]
    counts = []
    for more in (0, 270):
        if more:
            grown(more)
        for query in lists:
            with CaptureQueriesContext(connection) as queries:
                assert api.get(path, query).status_code == 200
            counts.append(len(queries))
            scans = [step for step in unindexed(queries) if "projects_workitem" in step or step.startswith("SCAN U")]
            assert scans == [], (query, steps(queries))
    # One extra query looks up the given project or item, or checks if there is only one project. A search adds one that
    # checks whether its words are common.
    for query, few, many in zip(lists, counts[: len(lists)], counts[len(lists) :], strict=True):
        assert few == many <= 3 - ("ordering" in query), query


@pytest.mark.parametrize("name", ORDERS)
def test_page_in_any_order_is_not_sorted(api: APIClient, grown: Callable[[int], None], name: str) -> None:
    grown(100)
    query = {"project": "PONE", "ordering": name, "include_done": "true", "limit": 5}
    following = api.get(URL, query).json()["next"]
    with CaptureQueriesContext(connection) as queries:
        assert len(numbers(api.get(following))) == 5
    plan = steps(queries)[2:]  # the first query finds the project
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan
    column = {"priority": "urgency"}.get(name, name)
    assert [step for step in plan if "projects_workitem" in step and f"(project_id=? AND {column}>?)" in step], plan


def test_slim_list_does_not_load_descriptions(api: APIClient, make_item: Make) -> None:
    make_item()
    with CaptureQueriesContext(connection) as queries:
        api.get(URL)
    assert "description" not in queries[0]["sql"]


def test_display_key_leads_to_its_item_though_many_begin_so(api: APIClient, grown: Callable[[int], None]) -> None:
    grown(RANKED)
    WorkItem.objects.filter(item_number__gt=1).update(description="as PONE-12 says")
    with CaptureQueriesContext(connection) as queries:
        rows = api.get(URL, {"project": "PONE", "search": "PONE-1"}).json()["results"]
    assert [row["display_key"] for row in rows] == ["PONE-1"]
    assert [step for step in steps(queries) if step.startswith("SEARCH projects_workitem") and "(id=?)" in step]
