from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from projects.models import Activity, Project, Sprint, User, WorkItem
from projects.models.edits import undo
from projects.models.exceptions import Conflict, StaleVersion
from projects.models.sprints.report import report
from projects.models.sprints.sprint import NEXT, Status
from projects.models.sprints.velocity import completed
from tests.projects.threads import at_once

Make = Callable[..., Any]


def make(project: Project, user: User, name: str = "S1") -> Sprint:
    return Sprint.objects.create(
        actor=user, project=project, name=name, start_date=date(2026, 1, 5), end_date=date(2026, 1, 16)
    )


@pytest.mark.django_db
def test_snapshots_keep_the_items_as_they_were(project: Project, user: User, make_item: Make) -> None:
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
def test_every_status_change_is_logged(project: Project, user: User) -> None:
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
def test_reopen_takes_back_released_items_that_are_in_no_sprint(project: Project, user: User, make_item: Make) -> None:
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
def test_reopened_sprint_is_planned_and_can_start_again(project: Project, user: User, make_item: Make) -> None:
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
def test_undone_start_makes_the_sprint_planned(project: Project, user: User, make_item: Make) -> None:
    sprint = make(project, user)
    item = make_item(sprint_id=sprint.pk)
    sprint.start(actor=user)
    started = Activity.objects.of(sprint).latest("id")
    undo(started, actor=user)
    sprint.refresh_from_db()
    assert (sprint.status, sprint.started_at, sprint.committed) == ("planned", None, None)
    assert list(sprint.items()) == [item]
    with pytest.raises(StaleVersion):
        undo(started, actor=user)
    sprint.start(actor=user)
    sprint.complete(actor=user)
    with pytest.raises(Conflict, match="the sprint S1 is completed; only its start can be undone like this"):
        undo(Activity.objects.of(sprint).latest("id"), actor=user)


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
def test_database_refuses_wrong_values(project: Project, user: User, values: dict[str, Any]) -> None:
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


@pytest.mark.django_db
@pytest.mark.parametrize("end", [date(2026, 1, 5), date(2026, 1, 4)])
def test_end_must_be_after_the_start(project: Project, user: User, end: date) -> None:
    sprint = make(project, user)
    new = Sprint(project=project, name="S2", start_date=sprint.start_date, end_date=end)
    for write in (lambda: new.insert(actor=user), lambda: sprint.update(actor=user, end_date=end)):
        with pytest.raises(ValidationError) as caught:
            write()
        assert caught.value.message_dict == {"end_date": ["must be after start_date"]}


@pytest.mark.django_db
def test_status_is_not_set_directly(project: Project, user: User) -> None:
    with pytest.raises(ValidationError) as caught:
        make(project, user).update(actor=user, status="active")
    assert caught.value.message_dict == {"status": ["can't be set directly; use start, complete, cancel or reopen"]}


@pytest.mark.django_db
def test_second_active_sprint_is_refused(project: Project, user: User) -> None:
    first, second = make(project, user), make(project, user, "S2")
    first.start(actor=user)
    with pytest.raises(Conflict, match="the sprint S1 is active; complete or cancel it first"):
        second.start(actor=user)
    first.complete(actor=user)
    second.start(actor=user)
    assert Sprint.objects.active().get() == second


VERBS: dict[Status, Callable[..., Any]] = {
    Status.ACTIVE: Sprint.start,
    Status.COMPLETED: Sprint.complete,
    Status.CANCELLED: Sprint.cancel,
    Status.PLANNED: Sprint.reopen,
}


@pytest.mark.django_db
@pytest.mark.parametrize("new", VERBS)
@pytest.mark.parametrize("old", Status)
def test_status_follows_the_lifecycle(project: Project, user: User, old: Status, new: Status) -> None:
    make(project, user)
    Sprint.objects.update(status=old)
    sprint = Sprint.objects.select_related("project").get()
    if new in NEXT.get(old, ()):
        VERBS[new](sprint, actor=user)
        assert Sprint.objects.get().status == new
        return
    with pytest.raises(Conflict, match=f"the sprint S1 is {old}; it can't become {new}"):
        VERBS[new](sprint, actor=user)
    assert Sprint.objects.get().status == old


@pytest.mark.django_db
def test_completed_sprint_is_neither_edited_nor_deleted(project: Project, user: User) -> None:
    sprint = make(project, user)
    sprint.start(actor=user)
    sprint.complete(actor=user)
    with pytest.raises(Conflict, match="is completed; it can't be edited"):
        sprint.update(actor=user, name="New")
    with pytest.raises(Conflict, match="is completed; it can't be deleted"):
        sprint.soft_delete(actor=user)


def refused_by_sprint(write: Callable[[], object], reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        write()
    assert caught.value.message_dict == {"sprint_id": [reason]}


@pytest.mark.django_db
def test_epic_is_not_in_a_sprint(project: Project, user: User, make_item: Make) -> None:
    sprint, epic = make(project, user), make_item(item_type="epic")
    reason = "an epic can't be in a sprint"
    refused_by_sprint(lambda: make_item(item_type="epic", sprint=sprint), reason)
    refused_by_sprint(lambda: epic.update(actor=user, sprint_id=sprint.pk), reason)


@pytest.mark.django_db
def test_item_of_another_project_is_not_in_a_sprint(
    project: Project, make_project: Make, user: User, make_item: Make
) -> None:
    sprint, item = make(project, user), make_item(project=make_project("TWO"))
    reason = "the sprint S1 belongs to another project"
    refused_by_sprint(lambda: make_item(project=item.project, sprint=sprint), reason)
    refused_by_sprint(lambda: item.update(actor=user, sprint_id=sprint.pk), reason)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_ended_sprint_takes_no_items(project: Project, user: User, make_item: Make, status: str) -> None:
    sprint = make(project, user)
    Sprint.objects.update(status=status)
    with pytest.raises(Conflict, match=f"the sprint S1 is {status}; it can't take more items"):
        make_item(sprint_id=sprint.pk)


@pytest.mark.django_db
def test_deleted_sprint_takes_no_items(project: Project, user: User, make_item: Make) -> None:
    sprint = make(project, user)
    sprint.soft_delete(actor=user)
    with pytest.raises(Conflict, match="is deleted"):
        make_item(sprint_id=sprint.pk)


@pytest.mark.django_db
def test_unfinished_items_move_to_the_given_sprint(project: Project, user: User, make_item: Make) -> None:
    sprint, following = make(project, user), make(project, user, "S2")
    done, unfinished = (make_item(sprint=sprint, status=status) for status in ("done", "review"))
    sprint.start(actor=user)
    assert sprint.complete(actor=user, move_to=following) == [unfinished]
    assert [item.sprint_id for item in WorkItem.objects.order_by("item_number")] == [sprint.pk, following.pk]
    assert done.sprint_id == sprint.pk


@pytest.mark.django_db
def test_unfinished_items_move_only_to_another_open_sprint_of_the_project(
    project: Project, make_project: Make, user: User
) -> None:
    sprint, ended = make(project, user), make(project, user, "S2")
    sprint.start(actor=user)
    for other in (sprint, make(make_project("TWO"), user)):
        with pytest.raises(ValidationError) as caught:
            sprint.complete(actor=user, move_to=other)
        assert caught.value.message_dict == {"move_to": ["must be another sprint of the same project"]}
    ended.cancel(actor=user)
    with pytest.raises(Conflict, match="it can't take more items"):
        sprint.complete(actor=user, move_to=ended)
    assert Sprint.objects.active().get() == sprint


@pytest.mark.django_db
def test_deleted_sprint_releases_its_items_and_restored_takes_them_back(
    project: Project, user: User, make_item: Make
) -> None:
    sprint = make(project, user)
    item = make_item(sprint=sprint)
    sprint.soft_delete(actor=user)
    assert WorkItem.objects.get().sprint_id is None
    Sprint.objects.select_related("project").get().restore(actor=user)
    assert WorkItem.objects.get() == item
    assert WorkItem.objects.get().sprint_id == sprint.pk


@pytest.mark.django_db(transaction=True)
def test_concurrent_starts_activate_one_sprint(project: Project, user: User) -> None:
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
