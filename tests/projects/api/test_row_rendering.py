"""Compiled reads return exactly the same bytes as the serializers."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIClient

from projects.api import list_queries
from projects.api.urls import VIEWS
from projects.entities.work_item import STATUSES
from projects.models import Activity, Comment, Dependency, Project, Sprint, SwimLane, TimeEntry, User, WorkItem
from projects.models.work_items.choices import Priority, Status
from projects.ordering_keys import key_between

pytestmark = pytest.mark.django_db
EXAMPLES = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from('\u2028<&"\\é🔥\n'), max_size=20
)
LINE = TEXT.map(lambda text: f"x{text}"[:100])
MOMENT = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
MAYBE = st.none() | MOMENT
DAY = st.dates(date(1971, 1, 1), date(2200, 1, 1))


@st.composite
def boards(draw: Any) -> dict[str, Any]:
    """Draw the field values for the rows of a board."""
    return {
        "title": draw(LINE),
        "text": draw(TEXT),
        "status": draw(st.sampled_from(Status.values)),
        "priority": draw(st.sampled_from(Priority.values)),
        "labels": draw(st.lists(LINE, max_size=3)),
        "points": draw(st.none() | st.integers(0, 100)),
        "position": key_between(None, draw(st.sampled_from(["Zz", "a0", "a0a0", "c000"]))),
        "moment": draw(MOMENT),
        "started_at": draw(MAYBE),
        "completed_at": draw(MAYBE),
        "lease": draw(MAYBE),
        "day": draw(DAY),
        "seconds": draw(st.none() | st.integers(0, 10**6)),
        "assigned": draw(st.booleans()),
        "version": draw(st.integers(1, 2**31 - 1)),
        "limit": draw(st.none() | st.integers(1, 10_000)),
    }


def build(values: dict[str, Any], user: User) -> None:
    """Insert rows with these values, bypassing the model rules."""
    moment = values["moment"]
    stamps = {
        "version": values["version"],
        **{"created_at": moment, "updated_at": moment, "created_by": user, "updated_by": user},
    }
    project = Project(key="PONE", title=values["title"], description=values["text"], **stamps)
    sprint = Sprint(
        **{"project": project, "name": values["title"], "goal": values["text"], "started_at": values["started_at"]},
        **{"start_date": values["day"], "end_date": values["day"] + timedelta(days=1)},
        **{"completed_at": values["completed_at"], **stamps},
    )
    claim = {"claimed_by": user, "lease_id": uuid.uuid4(), "lease_expires_at": values["lease"]}
    common = {"project": project, "title": values["title"], "status": values["status"], **stamps}
    epic = WorkItem(item_number=1, item_type="epic", **common)
    task = WorkItem(
        **{"item_number": 2, "item_type": "task", "parent": epic, "sprint": sprint, "labels": values["labels"]},
        **{"description": values["text"], "priority": values["priority"], "story_points": values["points"]},
        **{"position": values["position"], "assignee": user if values["assigned"] else None},
        **{"started_at": values["started_at"], "completed_at": values["completed_at"]},
        **(claim if values["lease"] else {}),
        **common,
    )
    ended_at = None if values["seconds"] is None else moment + timedelta(seconds=values["seconds"])
    for row in (
        project,
        sprint,
        epic,
        task,
        SwimLane(
            project=project,
            name=values["title"],
            status_value=next(iter(STATUSES)),
            wip_limit=values["limit"],
            **stamps,
        ),
        Comment(work_item=task, content=values["title"], **stamps),
        Dependency(blocking_item=epic, blocked_item=task, **stamps),
        TimeEntry(
            work_item=task, user=user, started_at=moment, ended_at=ended_at, description=values["text"], **stamps
        ),
    ):
        row.save_base(force_insert=True)
    changes = [
        {"field": "title", "old": values["text"], "new": values["labels"]},
        {"field": "day", "old": None, "new": values["day"]},
    ]
    Activity.objects.record(task, "updated", user, changes)


def serialized(serializer: Any, rows: Any) -> list[bytes]:
    return [JSONRenderer().render(row) for row in serializer(rows, many=True).data]


@pytest.mark.slow
@EXAMPLES
@given(values=boards())
def test_rendered_rows_equal_serialized_rows(api: APIClient, user: User, values: dict[str, Any]) -> None:
    with transaction.atomic():
        build(values, user)
        for noun, view in VIEWS.items():
            name = view.ordering
            rows = view.queryset.all().order_by(name, "pk")
            expected = serialized(view.row_serializer_class, rows)
            response = api.get(
                f"/api/v1/{noun}/", {"fields": "*", **({"include_done": "true"} if noun == "work-items" else {})}
            )
            assert response.content == b'{"results":[%s],"next":null,"previous":null}' % b",".join(expected), noun
            for row in () if noun == "activity" else rows:
                (whole,) = serialized(view.serializer_class, [row])
                one = api.get(f"/api/v1/{noun}/{row.pk}/")
                assert (one.content, one["ETag"]) == (whole, f'"{row.version}"')
        transaction.set_rollback(True)


@pytest.mark.slow
@EXAMPLES
@given(values=boards(), data=st.data())
def test_any_selection_of_fields_equals_the_serializer(
    api: APIClient, user: User, values: dict[str, Any], data: st.DataObject
) -> None:
    with transaction.atomic():
        build(values, user)
        for noun, view in VIEWS.items():
            names = [name for name, field in view.row_serializer_class().fields.items() if not field.write_only]
            pick = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
            ordering = data.draw(st.sampled_from(view.ordering_fields))
            first = view.ordering_columns.get(ordering, (ordering,))
            rows = view.queryset.all().order_by(*first, "pk")
            found = view.row_serializer_class(rows, many=True, pick=pick).data
            query = {"fields": ",".join(pick), "ordering": ordering}
            if noun == "work-items":
                query["include_done"] = "true"
            response = api.get(f"/api/v1/{noun}/", query)
            assert response.content == JSONRenderer().render({"results": found, "next": None, "previous": None}), noun
        transaction.set_rollback(True)


def test_indented_response_is_the_same(api: APIClient, project: Project) -> None:
    plain = api.get("/api/v1/projects/")
    indented = api.get("/api/v1/projects/", HTTP_ACCEPT="application/json; indent=4")
    assert indented.json() == plain.json()
    assert b'\n    "results"' in indented.content


def test_cached_query_returns_current_rows(api: APIClient, project: Project, make_item: Any, user: User) -> None:
    url = "/api/v1/work-items/?project=PONE"
    make_item("First")
    assert len(api.get(url).json()["results"]) == 1
    make_item("Second")
    assert [row["title"] for row in api.get(url).json()["results"]] == ["First", "Second"]
    project.soft_delete(actor=user)
    assert api.get(url).status_code == 400
    again = Project.objects.create(actor=user, key="PONE", title="Again")
    assert api.get(url).json()["results"] == []
    make_item("Third", project=again)
    assert [row["title"] for row in api.get(url).json()["results"]] == ["Third"]


def test_cached_query_follows_the_number_of_projects(
    api: APIClient, project: Project, make_item: Any, user: User
) -> None:
    def titles() -> list[str]:
        return [row["title"] for row in api.get("/api/v1/work-items/").json()["results"]]

    make_item("First")
    assert titles() == ["First"]
    other = Project.objects.create(actor=user, key="OTHER", title="Other")
    make_item("Second", project=other)
    assert sorted(titles()) == ["First", "Second"]
    project.soft_delete(actor=user)
    assert titles() == ["Second"]


@pytest.mark.parametrize("path", ["", "ready/"])
def test_list_of_the_only_project_is_compiled_once(api: APIClient, make_item: Any, path: str) -> None:
    make_item("First")
    before = {**list_queries._kept}
    url = f"/api/v1/work-items/{path}?fields=display_key,title&limit=7"
    first = api.get(url).json()["results"]
    (made,) = (query for key, query in list_queries._kept.items() if before.get(key) is not query)
    assert api.get(url).json()["results"] == first == [{"display_key": "PONE-1", "title": "First"}]
    assert made in list_queries._kept.values()
