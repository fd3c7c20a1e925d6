from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from projects.models import Activity, Comment, Project, User, WorkItem
from projects.models.exceptions import Archived, Claimed, Conflict, NothingReady, NotReady
from projects.models.work_items.choices import MAX_LEASE
from projects.models.work_items.claims import claim_next

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.fixture
def agent() -> User:
    return User.objects.actor("bot")


def ready() -> list[str]:
    return [item.title for item in WorkItem.objects.ready()]


def expire(item: WorkItem) -> WorkItem:
    WorkItem.objects.filter(pk=item.pk).update(lease_expires_at=timezone.now() - dt.timedelta(seconds=1))
    return WorkItem.objects.select_related("project").get(pk=item.pk)


def test_claim_starts_and_assigns_the_item(make_item: Make, user: User) -> None:
    item = make_item()
    lease_id = item.claim(actor=user, lease=5)
    found = WorkItem.objects.get()
    assert (found.status, found.assignee, found.claimed_by, found.lease_id) == ("in_progress", user, user, lease_id)
    assert found.started_at is not None
    assert dt.timedelta(minutes=4) < found.lease_expires_at - timezone.now() <= dt.timedelta(minutes=5)


def test_expired_claim_gives_way_to_another(make_item: Make, user: User) -> None:
    item = make_item()
    first = item.claim(actor=user)
    eve = User.objects.actor("eve")
    item = expire(item)
    assert item.claim(actor=eve) != first
    assert WorkItem.objects.get().claimed_by == eve


def test_done_item_is_not_claimed(make_item: Make, user: User) -> None:
    with pytest.raises(Conflict, match="PONE-1 is done and can't be claimed"):
        make_item(status="done").claim(actor=user)


@pytest.mark.parametrize("lease", [0, MAX_LEASE + 1])
def test_lease_outside_its_limits_is_refused(make_item: Make, user: User, lease: int) -> None:
    item = make_item()
    lease_id = item.claim(actor=user)
    for write in (
        lambda: item.renew(lease_id=lease_id, lease=lease),
        lambda: make_item().claim(actor=user, lease=lease),
    ):
        with pytest.raises(ValidationError) as caught:
            write()
        assert set(caught.value.message_dict) == {"lease"}


def test_renewal_extends_the_lease_and_leaves_the_version(make_item: Make, user: User) -> None:
    item = make_item()
    lease_id = item.claim(actor=user, lease=1)
    before, version = item.lease_expires_at, item.version
    item.renew(lease_id=lease_id, lease=60)
    found = WorkItem.objects.get()
    assert found.version == version
    assert before is not None
    assert found.lease_expires_at > before


def test_renewal_needs_the_lease_id(make_item: Make, user: User) -> None:
    item = make_item()
    with pytest.raises(Conflict, match="is not claimed"):
        item.renew(lease_id=uuid.uuid4())
    item.claim(actor=user)
    with pytest.raises(Claimed, match="PONE-1 is claimed by ada until"):
        item.renew(lease_id=uuid.uuid4())


def test_release_needs_the_lease_id_or_force(make_item: Make, user: User) -> None:
    item = make_item()
    lease_id = item.claim(actor=user)
    item.update(actor=user, title="Still the holder's")
    with pytest.raises(Claimed):
        item.release(actor=user, lease_id=uuid.uuid4())
    with pytest.raises(Claimed):
        item.release(actor=User.objects.actor("eve"))
    item.release(actor=user, lease_id=lease_id)
    found = WorkItem.objects.get()
    assert (found.status, found.assignee, found.claimed_by, found.lease_id) == ("backlog", None, None, None)
    with pytest.raises(Conflict, match="is not claimed"):
        item.release(actor=user, force=True)
    item.claim(actor=user)
    item.release(actor=User.objects.actor("eve"), force=True)
    assert not WorkItem.objects.get().is_claimed


def test_release_of_the_holder_needs_no_lease_id(make_item: Make, user: User) -> None:
    item = make_item(status="todo")
    item.claim(actor=user)
    item.release(actor=user)
    found = WorkItem.objects.get()
    assert (found.status, found.claimed_by) == ("todo", None)


def test_claim_of_the_same_name_in_another_session_is_not_mine(make_item: Make, user: User) -> None:
    user.session_id = "one"
    item = make_item()
    item.claim(actor=user)
    user.session_id = "two"
    for write in (lambda: item.release(actor=user), lambda: item.renew(actor=user)):
        with pytest.raises(Claimed):
            write()
    with pytest.raises(Claimed):
        item.update(actor=user, status="done")
    item.update(actor=user, title="New", status="in_progress")  # no change of the status
    expire(item)
    item.refresh_from_db()
    assert item.update(actor=user, status="done")


def test_release_keeps_another_assignee(make_item: Make, user: User) -> None:
    item, eve = make_item(), User.objects.actor("eve")
    lease_id = item.claim(actor=user)
    item.update(actor=user, assignee_id=eve.pk)
    item.release(actor=user, lease_id=lease_id)
    assert WorkItem.objects.get().assignee == eve


def test_another_status_ends_the_claim(make_item: Make, user: User) -> None:
    item = make_item()
    item.claim(actor=user)
    item.update(actor=user, title="Still in progress")
    assert WorkItem.objects.get().is_claimed
    item.update(actor=user, status="review")
    found = WorkItem.objects.get()
    assert (found.claimed_by, found.lease_id, found.lease_expires_at) == (None, None, None)


def test_next_is_the_most_urgent_ready_item(make_item: Make, project: Project, user: User) -> None:
    make_item("Low", priority="low")
    make_item("Critical", priority="critical", status="blocked")
    make_item("High", priority="high")
    item, lease_id = claim_next(project, actor=user)
    assert (item.title, item.lease_id) == ("High", lease_id)
    assert claim_next(project, actor=user)[0].title == "Low"
    with pytest.raises(NothingReady, match="no item in PONE is ready"):
        claim_next(project, actor=user)


def test_nothing_of_an_archived_project_is_claimed(make_item: Make, project: Project, user: User) -> None:
    make_item()
    project.archive(actor=user)
    with pytest.raises(Archived):
        claim_next(project, actor=user)


def test_claim_is_refused_while_the_lease_lasts(make_item: Make, user: User) -> None:
    item = make_item()
    item.claim(actor=user)
    with pytest.raises(Claimed) as caught:
        WorkItem.objects.get().claim(actor=user)
    assert (caught.value.holder, caught.value.until) == ("ada", item.lease_expires_at)


def test_item_is_stuck_when_three_leases_ran_out_without_progress(make_item: Make, agent: User) -> None:
    item = make_item("Idle")
    make_item("Other")
    for _ in range(3):
        assert "Idle" in ready()
        item.claim(actor=agent)
        assert not item.is_stuck
        item = expire(item)
    assert (item.is_stuck, ready()) == (True, ["Other"])
    assert list(WorkItem.objects.stuck()) == [item]
    assert item.obstacles(agent) == ["it is stuck: 3 leases or more ran out without progress"]
    with pytest.raises(NotReady):
        item.claim(actor=agent)
    item.claim(actor=agent, force=True)
    assert list(WorkItem.objects.stuck()) == []
    item = expire(item)
    assert item.is_stuck


def comment(item: WorkItem, actor: User) -> None:
    Comment.objects.create(actor=actor, work_item=item, content="Half of it works")


PROGRESS: dict[str, Callable[[WorkItem, User], object]] = {
    "change": lambda item, holder: item.update(actor=holder, description=uuid.uuid4().hex),
    "comment": comment,
}


@pytest.mark.parametrize("kind", PROGRESS)
def test_progress_of_the_holder_restarts_the_count(make_item: Make, agent: User, kind: str) -> None:
    item = make_item()
    for number in range(5):
        item.claim(actor=agent)
        if number % 2:
            PROGRESS[kind](item, agent)
        item = expire(item)
        assert not item.is_stuck


@pytest.mark.parametrize("kind", PROGRESS)
def test_only_a_person_or_progress_frees_a_stuck_item(make_item: Make, agent: User, kind: str) -> None:
    item = make_item()
    WorkItem.objects.update(idle_leases=3)
    item.refresh_from_db()
    PROGRESS[kind](item, agent)
    item.update(actor=agent, status="todo")
    assert WorkItem.objects.get().is_stuck
    PROGRESS[kind](WorkItem.objects.get(), User.objects.actor("maria", is_agent=False))
    assert not WorkItem.objects.get().is_stuck


def test_released_lease_did_not_run_out(make_item: Make, agent: User) -> None:
    item = make_item()
    for _ in range(5):
        item.claim(actor=agent)
        item.release(actor=agent)
    assert item.idle_leases == 0
    item.claim(actor=agent)
    expire(item).release(actor=agent)
    assert WorkItem.objects.get().idle_leases == 1


@pytest.mark.parametrize("is_parent", [False, True])
def test_agent_does_not_delete_what_another_holds(make_item: Make, agent: User, is_parent: bool) -> None:
    story = make_item("Story", item_type="story")
    task = make_item("Task", parent=story)
    task.claim(actor=agent)
    other = User.objects.actor("other")
    deleted = story if is_parent else task
    with pytest.raises(Claimed):
        deleted.soft_delete(actor=other, recursive=True)
    assert WorkItem.objects.living().count() == 2
    deleted.soft_delete(actor=other, recursive=True, force=True)
    assert Activity.objects.get(action="deleted", entity_id=task.pk).is_forced


def test_holder_and_person_delete_a_claimed_item(make_item: Make, agent: User, owner: User) -> None:
    for actor in (agent, owner):
        item = make_item()
        item.claim(actor=agent)
        item.soft_delete(actor=actor)
        assert not WorkItem.objects.living().filter(pk=item.pk).exists()
