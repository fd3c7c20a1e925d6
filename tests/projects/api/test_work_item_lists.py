from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Dependency, Project, Sprint, User, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.plans import steps, unindexed

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


def keys(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["display_key"] for row in response.json()["results"]]


def numbers(response: Any) -> list[int]:
    return [int(key.partition("-")[2]) for key in keys(response)]


@pytest.fixture
def board(make_item: Make, user: User, project: Project) -> dict[str, Any]:
    """1 epic > 2 story > 3 task (done); 4 task blocked by 5; 6 story in a sprint, high; 7 task deleted."""
    dates = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 15)}
    sprint = Sprint.objects.create(actor=user, project=project, name="S", **dates)
    epic = make_item("Alpha", item_type="epic")
    story = make_item("Beta", item_type="story", parent=epic, labels=["ui", "api"])
    make_item("Gamma 100%", parent=story, status="done", labels=["ui"])
    blocked = make_item("Delta", description="see OTHER_thing", assignee=User.objects.actor("bob"))
    blocker = make_item("Epsilon", status="todo", priority="critical")
    make_item("Zeta", item_type="story", priority="high", sprint=sprint, story_points=5)
    gone = make_item("Eta")
    gone.soft_delete(actor=user)
    Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=blocked)
    return {"sprint": str(sprint.pk), "epic": str(epic.pk)}


def test_list_is_slim_and_leaves_out_what_is_done(api: APIClient, board: dict[str, Any]) -> None:
    response = api.get(URL, {"project": "PONE"})
    assert numbers(response) == [1, 2, 4, 5, 6]
    assert response.json()["results"][1] == {
        **{"display_key": "PONE-2", "item_type": "story", "title": "Beta", "status": "backlog", "priority": "medium"},
        **{"parent": "PONE-1", "assignee": None, "story_points": None, "version": 1},
    }


def test_fields_picks(api: APIClient, board: dict[str, Any]) -> None:
    rows = api.get(URL, {"fields": "parent,assignee,created_by,labels", "search": "beta"}).json()["results"]
    assert rows == [{"parent": "PONE-1", "assignee": None, "created_by": "ada", "labels": ["ui", "api"]}]
    assert api.get(URL, {"fields": "*", "search": "delta"}).json()["results"] == [api.get(f"{URL}PONE-4/").json()]
    for name in ("project", "sprint", "force", "lease_id", "deleted_at"):
        error(api.get(URL, {"fields": name}), 400, "VALIDATION_ERROR", "fields")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"project": "pone"}, [1, 2, 4, 5, 6]),
        ({"type": "epic"}, [1]),
        ({"type": ["epic", "story"]}, [1, 2, 6]),
        ({"type": "epic, story"}, [1, 2, 6]),
        ({"type": "epic,story", "priority": "high"}, [6]),
        ({"status": "done"}, [3]),
        ({"status": ["done,todo"]}, [3, 5]),
        ({"status": "backlog", "include_done": "true"}, [1, 2, 4, 6]),
        ({"include_done": "true"}, [1, 2, 3, 4, 5, 6]),
        ({"include_done": "false"}, [1, 2, 4, 5, 6]),
        ({"priority": "critical,high"}, [5, 6]),
        ({"assignee": "bob"}, [4]),
        ({"assignee": "nobody"}, []),
        ({"label": "ui"}, [2]),
        ({"label": "ui", "include_done": "true"}, [2, 3]),
        ({"label": "u"}, []),
        ({"sprint": "the sprint"}, [6]),
        ({"parent": "pone-1"}, [2]),
        ({"parent": "the epic"}, [2]),
        ({"parent": "PONE-2", "status": "done"}, [3]),
        ({"orphaned": "true"}, [4, 5, 6]),
        ({"orphaned": "false"}, [1, 2]),
        ({"descendants_of": "PONE-1", "include_done": "true"}, [2, 3]),
        ({"descendants_of": "PONE-4"}, []),
        ({"ancestors_of": "pone-3"}, [1, 2]),
        ({"ancestors_of": "PONE-1"}, []),
        ({"blocked": "true"}, [4]),
        ({"blocked": "false"}, [1, 2, 5, 6]),
        ({"updated_since": "2020-01-01"}, [1, 2, 4, 5, 6]),
        ({"updated_since": "1577836800"}, [1, 2, 4, 5, 6]),
        ({"updated_since": "9999-01-01T00:00:00Z"}, []),
        ({"search": "ALPH"}, [1]),
        ({"search": "one-2"}, [2]),
        ({"search": "PONE-"}, [1, 2, 4, 5, 6]),
        ({"search": "_"}, [4]),
        ({"search": "%"}, []),
        ({"search": "0%", "include_done": "true"}, [3]),
        ({"deleted": "true"}, [7]),
    ],
)
def test_filters_narrow(api: APIClient, board: dict[str, Any], parameters: dict[str, Any], expected: list[int]) -> None:
    named = {"the sprint": board["sprint"], "the epic": board["epic"]}
    query = {name: named.get(value, value) if isinstance(value, str) else value for name, value in parameters.items()}
    assert numbers(api.get(URL, query)) == expected


def test_updated_since_takes_the_moment_itself(api: APIClient, board: dict[str, Any]) -> None:
    api.patch(f"{URL}PONE-4/", {"title": "New"})
    time = WorkItem.objects.get(item_number=4).updated_at
    assert numbers(api.get(URL, {"updated_since": time.isoformat()})) == [4]
    assert numbers(api.get(URL, {"updated_since": (time + timedelta(microseconds=1)).isoformat()})) == []
    seconds = int(datetime.now(UTC).timestamp()) + 2
    assert numbers(api.get(URL, {"updated_since": seconds})) == []


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("project", "NONE"),
        ("project", "\x00"),
        ("type", "bug"),
        ("status", "done,gone"),
        ("priority", "urgent"),
        ("sprint", "S"),
        ("parent", "PONE-99"),
        ("descendants_of", "x"),
        ("ancestors_of", "PONE"),
        ("orphaned", "maybe"),
        ("blocked", "1"),
        ("include_done", "yes"),
        ("updated_since", "yesterday"),
        ("updated_since", "9999999999999999999"),
        ("updated_since", "9999-12-31T23:59:59-23:59"),
        ("search", "s" * 1001),
        ("label", "l" * 51),
        ("ordering", "urgency"),
        ("ordering", "description"),
        ("colour", "red"),
    ],
)
def test_wrong_parameter_is_refused(api: APIClient, make_item: Make, parameter: str, value: str) -> None:
    make_item()
    error(api.get(URL, {parameter: value}), 400, "VALIDATION_ERROR", parameter)


def test_items_of_a_deleted_project_are_gone(api: APIClient, board: dict[str, Any], project: Project) -> None:
    project.soft_delete(actor=project.created_by)
    assert numbers(api.get(URL)) == []
    error(api.get(f"{URL}PONE-1/"), 404, "NOT_FOUND")


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
def test_pages_lead_through_all_and_back(api: APIClient, make_item: Make, name: str, sign: str) -> None:
    for number in range(11):
        make_item(f"T{number % 3}", priority=("low", "critical", "medium", "high")[number % 4])
    WorkItem.objects.filter(item_number=2).update(position=7.0)
    WorkItem.objects.filter(item_number=9).update(position=0.1 + 0.2)
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
        Cursor("position", "1.0", pk, more=("2.0",)),
        Cursor("priority", "1", pk),
        Cursor("priority", "high", pk, more=("1.0",)),
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
    """Grow the board by many items that are all like each other."""
    first = make_item("First", item_type="epic")
    sprint = Sprint.objects.create(
        actor=user, project=project, name="S", start_date=date(2026, 1, 1), end_date=date(2026, 1, 15)
    )

    def grow(count: int) -> None:
        now = timezone.now()
        stamps = {"created_at": now, "updated_at": now, "created_by": user, "updated_by": user}
        last = WorkItem.objects.latest("item_number").item_number
        items = [
            WorkItem(
                **{"project": project, "item_number": number, "item_type": "task", "title": f"T{number}"},
                **{"parent": first, "sprint": sprint, "assignee": user, "labels": ["ui"], "position": number},
                **stamps,
            )
            for number in range(last + 1, last + 1 + count)
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
    {"updated_since": "2020-01-01"},
    {"search": "T"},
    {"deleted": "true"},
    *({"ordering": sign + name} for name in ORDERS for sign in ("", "-")),
)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *((URL, query) for query in QUERIES),
        *((f"{URL}ready/", query) for query in QUERIES if "ordering" not in query),  # it has its own
    ],
    ids=str,
)
def test_list_costs_the_same_for_any_number_of_rows_and_reads_by_an_index(
    api: APIClient, grown: Callable[[int], None], path: str, query: dict[str, str]
) -> None:
    if "sprint" in query:
        query = {"sprint": str(Sprint.objects.get().pk)}
    counts = []
    for more in (0, 27, 270):
        if more:
            grown(more)
        for project in ({"project": "PONE"}, {}):
            with CaptureQueriesContext(connection) as queries:
                assert api.get(path, {**project, **query}).status_code == 200
            counts.append(len(queries) - len(project))
            scans = [step for step in unindexed(queries) if "projects_workitem" in step or step.startswith("SCAN U")]
            assert scans == [], steps(queries)
    assert len(set(counts)) == 1
    assert counts[0] <= 2


@pytest.mark.parametrize("name", ORDERS)
def test_page_in_any_order_is_not_sorted(api: APIClient, grown: Callable[[int], None], name: str) -> None:
    grown(300)
    query = {"project": "PONE", "ordering": name, "include_done": "true", "limit": 5}
    following = api.get(URL, query).json()["next"]
    with CaptureQueriesContext(connection) as queries:
        assert len(numbers(api.get(following))) == 5
    plan = steps(queries)[2:]  # the first finds the project
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan
    column = {"priority": "urgency"}.get(name, name)
    assert [step for step in plan if "projects_workitem" in step and f"(project_id=? AND {column}>?)" in step], plan


def test_slim_list_does_not_load_descriptions(api: APIClient, make_item: Make) -> None:
    make_item()
    with CaptureQueriesContext(connection) as queries:
        api.get(URL)
    assert "description" not in queries[0]["sql"]


def test_ready_is_in_its_own_order(api: APIClient, make_item: Make, user: User) -> None:
    make_item("low", priority="low")
    make_item("waits")
    blocker = make_item("unblocks two")
    make_item("medium")
    make_item("critical", priority="critical")
    make_item("started", status="in_progress")
    make_item("done", status="done")
    epic = make_item("epic with open children", item_type="epic")
    make_item("child", parent=epic)
    make_item("empty epic", item_type="epic", status="todo")
    for number in (2, 9):
        blocked = WorkItem.objects.get(item_number=number)
        Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=blocked)
    response = api.get(f"{URL}ready/", {"project": "PONE"})
    assert numbers(response) == [5, 3, 4, 10, 1]
    assert set(response.json()) == {"results", "next", "previous"}
    assert response.json()["results"][0]["title"] == "critical"
    assert numbers(api.get(f"{URL}ready/", {"project": "PONE", "limit": 2})) == [5, 3]
    assert numbers(api.get(f"{URL}ready/", {"project": "PONE", "type": "epic"})) == [10]
    assert api.get(f"{URL}ready/", {"fields": "title", "limit": 1}).json()["results"] == [{"title": "critical"}]
    error(api.get(f"{URL}ready/", {"project": "NONE"}), 400, "VALIDATION_ERROR", "project")
    error(api.get(f"{URL}ready/", {"cursor": "x"}), 400, "VALIDATION_ERROR", "cursor")
    api.patch(f"{URL}PONE-3/", {"status": "done"})
    assert numbers(api.get(f"{URL}ready/", {"project": "PONE"})) == [5, 2, 4, 9, 10, 1]


def test_ready_is_nothing_of_an_archived_project(api: APIClient, make_item: Make, project: Project) -> None:
    make_item()
    project.archive(actor=project.created_by)
    assert numbers(api.get(f"{URL}ready/")) == []
