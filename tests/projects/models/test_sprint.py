from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from projects.models import Activity, Project, Sprint, User, WorkItem
from projects.models.exceptions import Conflict, StaleVersion
from projects.models.sprints.report import report
from projects.models.sprints.velocity import completed
from tests.projects.threads import at_once

Make = Callable[..., Any]


def make(project: Project, user: User, name: str = "S1") -> Sprint:
    return Sprint.objects.create(
        actor=user, project=project, name=name, start_date=date(2026, 1, 5), end_date=date(2026, 1, 16)
    )


@pytest.mark.django_db
def test_snapshots_keep_what_was_then(project: Project, user: User, make_item: Make) -> None:
    sprint = make(project, user)
    item = make_item("A", sprint_id=sprint.pk, story_points=3)
    sprint.start(actor=user)
    row = {"id": str(item.pk), "display_key": "PONE-1", "story_points": 3, "status": "backlog"}
    item.update(actor=user, story_points=5, status="todo")
    assert sprint.complete(actor=user) == [item]
    sprint.refresh_from_db()
    assert sprint.committed == [row]
    assert sprint.outcome == [row | {"story_points": 5, "status": "todo"}]
    item.refresh_from_db()
    assert item.sprint_id is None


@pytest.mark.django_db
def test_every_move_is_activity(project: Project, user: User) -> None:
    sprint = make(project, user)
    sprint.start(actor=user)
    sprint.cancel(actor=user)
    rows = Activity.objects.of(sprint).order_by("id")[1:]
    assert [row.changes for row in rows] == [
        [{"field": "status", "old": "planned", "new": "active"}],
        [{"field": "status", "old": "active", "new": "cancelled"}],
    ]
    assert [row.version for row in rows] == [2, 3]


@pytest.mark.django_db
def test_reopen_brings_back_what_left_and_is_in_no_sprint(project: Project, user: User, make_item: Make) -> None:
    sprint, other = make(project, user), make(project, user, "S2")
    left, moved, deleted, taken_out, done = (
        make_item(title, sprint_id=sprint.pk) for title in ("left", "moved", "deleted", "taken out", "done")
    )
    sprint.start(actor=user)
    taken_out.update(actor=user, sprint_id=None)
    done.update(actor=user, status="done")
    sprint.cancel(actor=user)
    for item in (left, moved, deleted):
        item.refresh_from_db()
    moved.update(actor=user, sprint_id=other.pk)
    deleted.soft_delete(actor=user)
    assert sprint.reopen(actor=user) == [left]
    sprints = dict(WorkItem.objects.values_list("title", "sprint__name"))
    assert sprints == {"left": "S1", "done": "S1", "moved": "S2", "deleted": None, "taken out": None}
    latest = Activity.objects.latest("id")
    assert (latest.display_key, latest.changes[0]["new"]) == (left.display_key, str(sprint.pk))


@pytest.mark.django_db
def test_reopened_sprint_is_as_planned_and_starts_again(project: Project, user: User, make_item: Make) -> None:
    sprint = make(project, user)
    item = make_item(sprint_id=sprint.pk, story_points=3)
    sprint.start(actor=user)
    sprint.cancel(actor=user)
    sprint.reopen(actor=user)
    sprint.refresh_from_db()
    assert (sprint.status, sprint.version) == ("planned", 4)
    assert sprint.started_at is sprint.completed_at is sprint.committed is sprint.outcome is None
    assert report(sprint)["committed"]["points"] == 3
    assert report(sprint)["burndown"] == []
    item.refresh_from_db()
    item.update(actor=user, story_points=5)
    sprint.start(actor=user)
    assert [row["story_points"] for row in sprint.committed or ()] == [5]
    assert completed(project) == []


@pytest.mark.django_db
def test_reopen_of_a_stale_or_deleted_sprint_is_refused(project: Project, user: User) -> None:
    sprint = make(project, user)
    sprint.cancel(actor=user)
    with pytest.raises(StaleVersion):
        sprint.reopen(actor=user, expected_version=1)
    sprint.soft_delete(actor=user)
    with pytest.raises(Conflict, match="is deleted"):
        sprint.reopen(actor=user)


@pytest.mark.django_db
def test_stale_sprint_is_not_started(project: Project, user: User) -> None:
    sprint = make(project, user)
    stale = Sprint.objects.select_related("project").get()
    sprint.update(actor=user, name="S2")
    with pytest.raises(StaleVersion):
        stale.start(actor=user)
    assert Sprint.objects.get().status == "planned"


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"status": "gone"}, {"end_date": date(2026, 1, 5)}, {"end_date": date(2025, 1, 1)}])
def test_database_refuses_what_the_rules_do(project: Project, user: User, values: dict[str, Any]) -> None:
    make(project, user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Sprint.objects.update(**values)


@pytest.mark.django_db
def test_database_refuses_a_second_active_sprint(project: Project, user: User) -> None:
    make(project, user).start(actor=user)
    second = make(project, user, "S2")
    with pytest.raises(IntegrityError), transaction.atomic():
        Sprint.objects.filter(pk=second.pk).update(status="active")
    Sprint.objects.filter(name="S1").update(status="completed")
    Sprint.objects.filter(pk=second.pk).update(status="active")


@pytest.mark.django_db(transaction=True)
def test_of_starts_at_once_one_wins(project: Project, user: User) -> None:
    for number in range(6):
        make(project, user, f"S{number}")

    def start(number: int) -> str:
        with transaction.atomic():
            try:
                Sprint.objects.select_related("project").get(name=f"S{number}").start(actor=user)
            except Conflict as refusal:
                return refusal.message
            return "started"

    answers = at_once(6, start)
    assert answers.count("started") == 1
    assert sum("is active; complete or cancel it first" in answer for answer in answers) == 5
    assert Sprint.objects.active().count() == 1
