from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.utils import timezone

from projects.models import Activity, Comment, Dependency, Project, Sprint, TimeEntry, User, WorkItem
from projects.models.project import MAX_NUMBER

pytestmark = pytest.mark.django_db


def test_longest_keys_fit_their_columns(make_project: Callable[..., Project], user: User) -> None:
    project = make_project("ABCDEFGHIJKLMNOPQRST")
    Project.objects.update(next_work_item_number=MAX_NUMBER - 1)
    project.refresh_from_db()
    one, two = (
        WorkItem.objects.create(actor=user, project=project, item_type="task", title="t", labels=["l" * 50])
        for _ in range(2)
    )
    Dependency.objects.create(actor=user, blocking_item=one, blocked_item=two)
    Comment.objects.create(actor=user, work_item=two, content="c")
    TimeEntry.objects.create(actor=user, work_item=two, user=user, started_at=timezone.now(), ended_at=timezone.now())
    days = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 2)}
    Sprint.objects.create(actor=user, project=project, name="n" * 100, **days)
    kinds = set()
    for row in Activity.objects.all():
        row.full_clean()  # SQLite does not enforce max_length
        kinds.add(row.entity_type)
    assert kinds == {"project", "swim_lane", "work_item", "dependency", "comment", "time_entry", "sprint"}
    assert Activity.objects.filter(display_key=f"{one.display_key} → {two.display_key}").count() == 1
