"""The server checks permissions, whatever the page shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from projects.models import Activity, Comment, Dependency, Project, TimeEntry, User, WorkItem
from tests.projects.admin.test_work_item import change_url

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
Make = Callable[..., Any]


@pytest.fixture
def eve(db: None) -> User:
    """A staff member with every permission who is not a superuser."""
    eve = User.objects.actor("eve")
    eve.is_staff = True
    eve.save()
    eve.user_permissions.set(Permission.objects.all())
    return eve


@pytest.fixture
def staff(eve: User) -> Client:
    client = Client()
    client.force_login(eve)
    return client


def test_activity_can_not_be_changed(browser: Client, project: Project) -> None:
    row = Activity.objects.order_by("id")[0]
    before = Activity.objects.count()
    for path in (f"{row.pk}/change/", f"{row.pk}/delete/", "add/"):
        assert browser.post(f"/admin/projects/activity/{path}", {"post": "yes", "action": "deleted"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [str(row.pk)], "index": "0", "post": "yes"}
    browser.post("/admin/projects/activity/", data)
    assert (Activity.objects.count(), Activity.objects.get(pk=row.pk).action) == (before, row.action)


def test_time_of_another_user_is_not_changed(staff: Client, make_item: Make, user: User) -> None:
    ends = {"started_at": NINE, "ended_at": NINE + timedelta(hours=1)}
    entry = TimeEntry.objects.create(actor=user, user=user, work_item=make_item(), **ends)
    form = {"started_at_0": "2026-01-05", "started_at_1": "08:00", "ended_at_0": "2026-01-05", "ended_at_1": "09:00"}
    page = staff.post(change_url(entry), {**form, "description": "", "expected_version": 1}).content.decode()
    assert "only its owner ada or a superuser" in page
    for action in ("stop", "delete_selected"):
        staff.post(f"/admin/projects/timeentry/{entry.pk}/do/{action}/")
    entry.refresh_from_db()
    assert (entry.version, entry.deleted_at, entry.started_at) == (1, None, NINE)


def test_comment_of_another_user_is_not_changed_restored_or_deleted(staff: Client, make_item: Make, user: User) -> None:
    comment = Comment.objects.create(actor=user, work_item=make_item(), content="First")
    staff.post(change_url(comment), {"content": "Mine", "expected_version": 1})
    staff.post(f"/admin/projects/comment/{comment.pk}/do/delete_selected/")
    comment.refresh_from_db()
    assert (comment.content, comment.version) == ("First", 1)
    comment.soft_delete(actor=user)
    page = staff.post(f"/admin/projects/comment/{comment.pk}/do/restore/", follow=True).content.decode()
    assert "nly its author ada" in page
    comment.refresh_from_db()
    assert comment.deleted_at is not None


def test_forged_form_does_not_change_immutable_fields(browser: Client, make_item: Make, user: User) -> None:
    item, other = make_item(), make_item()
    comment = Comment.objects.create(actor=user, work_item=item, content="First")
    forged = {"content": "New", "expected_version": 1, "work_item": other.pk, "created_by": "x", "deleted_at": "x"}
    assert browser.post(change_url(comment), forged).status_code == 302
    comment.refresh_from_db()
    assert (comment.work_item, comment.created_by, comment.content) == (item, user, "New")
    link = Dependency.objects.create(actor=user, blocking_item=item, blocked_item=other)
    assert browser.post(change_url(link), {"dependency_type": "relates_to"}).status_code == 403


@pytest.mark.parametrize("path", ["do/start/", "do/nothing/", "do/__class__/", "do/delete_selected/"])
def test_only_listed_actions_run_and_only_by_post(browser: Client, staff: Client, make_item: Make, path: str) -> None:
    item = make_item()
    url = f"/admin/projects/workitem/{item.pk}/{path}"
    assert browser.get(url).status_code in (302, 403)
    assert Client().post(url)["Location"].startswith("/admin/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.owner())
    assert strict.post(url).status_code == 403
    if "delete" not in path:
        assert browser.post(url).status_code == 403
    assert WorkItem.objects.living().count() == 1


def test_staff_grant_no_permissions_and_change_no_superuser(staff: Client, eve: User, owner: User) -> None:
    form = {"first_name": "E", "is_superuser": "on", "is_staff": "on", "is_active": "on", "is_agent": ""}
    assert staff.post(f"/admin/projects/user/{eve.pk}/change/", form).status_code == 302
    eve.refresh_from_db()
    assert (eve.first_name, eve.is_superuser) == ("E", False)
    for path in ("change/", "delete/", "password/"):
        sent = {**form, "post": "yes", "password1": "x8Gh-2kd!", "password2": "x8Gh-2kd!", "usable_password": "true"}
        assert staff.post(f"/admin/projects/user/{owner.pk}/{path}", sent).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [str(owner.pk)], "post": "yes"}
    staff.post("/admin/projects/user/", data)
    owner.refresh_from_db()
    assert owner.has_usable_password() is False
    plain = User.objects.actor("plain")
    assert staff.post(f"/admin/projects/user/{plain.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=plain.pk).exists()
