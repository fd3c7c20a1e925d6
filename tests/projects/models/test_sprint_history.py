"""The history of imported items, whose own timestamps replace activity dated at the import."""

from __future__ import annotations

import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.models import Sprint, User, WorkItem
from projects.models.sprints.history import Standing, histories
from projects.models.sprints.report import report
from projects.models.work_items.history import Event, Stamps, dated
from projects.transfer import importer

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")


def day(days: int) -> str:
    return (NOW - timedelta(days=days)).date().isoformat()


def ident(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def stamps(made: float, changed: float) -> dict[str, Any]:
    who = {"created_by": ident("ada"), "updated_by": ident("ada"), "version": 1}
    return {"created_at": ago(made), "updated_at": ago(changed), **who}


def row(number: int, status: str, points: int | None) -> dict[str, Any]:
    return {"id": ident(f"i{number}"), "display_key": f"PONE-{number}", "story_points": points, "status": status}


def item(
    number: int, status: str, points: int | None, made: float, *, begun: float | None = None, done: float | None = None
) -> dict[str, Any]:
    changed = min(moment for moment in (made, begun, done) if moment is not None)
    return {
        **{"id": ident(f"i{number}"), "project_id": ident("p"), "item_number": number, "item_type": "task"},
        **{"title": "An item", "description": "", "status": status, "priority": "medium", "parent_id": None},
        **{"sprint_id": ident("s"), "assignee_id": None, "labels": [], "story_points": points, "position": number},
        "started_at": None if begun is None else ago(begun),
        "completed_at": None if done is None else ago(done),
        **stamps(made, changed),
    }


def board(*items: dict[str, Any], committed: list[dict[str, Any]], outcome: Any = None, ended: int = 0) -> bytes:
    sprint = {
        **{"id": ident("s"), "project_id": ident("p"), "name": "S1", "goal": "", "committed": committed},
        **{"status": "completed" if outcome else "active", "outcome": outcome, "started_at": ago(10)},
        **{"start_date": day(10), "end_date": day(-4), "completed_at": ago(ended) if outcome else None},
        **stamps(11, 10),
    }
    project = {"id": ident("p"), "key": "PONE", "title": "First", "description": "", "status": "active"}
    return json.dumps(
        {
            "schema_version": 1,
            "projects": [{**project, "next_work_item_number": 99, **stamps(30, 30)}],
            "work_items": items,
            "sprints": [sprint],
            "users": [{"id": ident("ada"), "username": "ada", "is_agent": False}],
        }
    ).encode()


def read(data: bytes) -> list[Standing]:
    importer.read(io.BytesIO(data), actor=User.objects.owner())
    sprint = Sprint.objects.get()
    [history] = histories([sprint]).values()
    return history


@pytest.mark.django_db
def test_imported_sprint_burns_down_by_completion_dates() -> None:
    items = [
        item(1, "done", 5, 20, begun=9, done=8),
        item(2, "done", 3, 20, begun=7, done=5),
        item(3, "review", 2, 20, begun=3),
        item(4, "todo", 1, 4),  # added during the sprint
        item(5, "todo", 2, 20),  # added at a time that the file does not record
    ]
    history = read(board(*items, committed=[row(1, "todo", 5), row(2, "todo", 3), row(3, "todo", 2)]))
    assert [then.points for then in history] == [12, 12, 7, 7, 7, 4, 5, 5, 5, 5, 5]
    assert [then.all_items for then in history] == [4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5]
    assert [then.statuses["in_progress"] for then in history] == [0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert history[-1].statuses == {
        **{"backlog": 0, "todo": 2, "in_progress": 0, "review": 1, "done": 2, "blocked": 0},
    }
    result = report(Sprint.objects.select_related("project").get())
    assert [(then.points, then.items) for then in result["burndown"]] == [(then.points, then.items) for then in history]
    assert result["burndown"][0].ideal_points == 10  # the committed points


@pytest.mark.django_db
def test_imported_sprint_ends_with_its_snapshot() -> None:
    outcome = [row(1, "done", 5), row(2, "todo", 3), row(4, "done", 1)]
    items = [
        item(1, "done", 5, 20, begun=9, done=8),
        item(2, "done", 3, 20, begun=7, done=1),  # done after the end
        item(4, "done", 1, 5, done=4),
    ]
    data = board(*items, committed=[row(1, "todo", 5), row(2, "todo", 3), row(9, "todo", 8)], outcome=outcome, ended=2)
    history = read(data)
    assert [then.points for then in history] == [16, 16, 11, 11, 11, 12, 11, 11, 3]
    assert history[-1].all_points == 9  # the file does not record when the item was removed


@pytest.mark.django_db
def test_changes_after_an_import_use_activity_timestamps() -> None:
    data = board(item(1, "todo", 5, 20), item(2, "todo", 3, 20), committed=[row(1, "todo", 5), row(2, "todo", 3)])
    assert read(data)[-1].points == 8
    ada = User.objects.get(username="ada")
    WorkItem.objects.get(item_number=1).update(actor=ada, status="done")
    [history] = histories([Sprint.objects.get()]).values()
    assert [then.points for then in history] == [8] * 10 + [3]
    done = item(2, "done", 3, 20, begun=4, done=3) | {"updated_at": ago(-0.1), "version": 2}
    assert [then.points for then in read(board(done, committed=[]))][-5:] == [8, 5, 5, 5, 0]


@pytest.mark.django_db
def test_histories_of_many_sprints_run_three_queries(user: User, make_project: Any) -> None:
    counts = []
    for number in range(4):
        project = make_project(f"P{number}")
        sprint = Sprint.objects.create(
            actor=user, project=project, name="S", start_date="2026-01-01", end_date="2026-01-09"
        )
        WorkItem.objects.create(actor=user, project=project, item_type="task", title="x", sprint=sprint)
        sprint.start(actor=user)
        with CaptureQueriesContext(connection) as queries:
            found = histories(list(Sprint.objects.all()))
        counts.append(len(queries) - 1)
    assert counts == [3] * 4
    assert [len(history) for history in found.values()] == [9] * 4
    assert histories([]) == {}


def moment(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def test_events_of_an_item_keep_their_order() -> None:
    def status(day: int, old: str | None, new: str, action: str = "updated") -> Event:
        return Event(moment(day), "1", action, [{"field": "status", "old": old, "new": new}])

    events = [
        status(5, None, "review", "created"),
        status(7, "review", "done"),
        status(9, "done", "todo"),
        status(11, "todo", "done"),
    ]
    stamps = Stamps(moment(1), moment(11), moment(2), moment(10))
    result = [(event.moment.day, event.changes[-1]["new"]) for event in dated(events, stamps)]
    assert result == [(1, "todo"), (2, "in_progress"), (5, "review"), (7, "done"), (9, "todo"), (10, "done")]
    stamps = stamps._replace(completed_at=moment(3))  # impossible times; the order of events is kept
    assert [event.moment.day for event in dated(events, stamps)] == [1, 2, 5, 7, 9, 9]
