"""Items that the board and the evidence disagree about: open although commits name them, or done without evidence."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef

from projects.commits import ownership
from projects.models.check import Check, Requirement
from projects.models.check_run import CheckRun, Outcome
from projects.models.work_items.choices import ItemType, Status
from projects.models.work_items.item import WorkItem

COMMITTED = (ItemType.TASK, ItemType.BUG)  # types of items that are done by commits


def open_with_commits(items: models.QuerySet[WorkItem]) -> models.QuerySet[WorkItem]:
    """Limit the items to open ones that a commit names."""
    return ownership.named(items).exclude(status__in=(Status.DONE, Status.CANCELLED))


def done_without_commits(items: models.QuerySet[WorkItem]) -> models.QuerySet[WorkItem]:
    """Limit the items to done tasks and bugs that no commit names."""
    return ownership.unnamed(items.filter(status=Status.DONE, item_type__in=COMMITTED))


def done_without_checks(items: models.QuerySet[WorkItem]) -> models.QuerySet[WorkItem]:
    """Limit the items to done ones without a passed check, where a required one applied when they were done."""
    applying = Check.objects.living().filter(
        project=OuterRef("project"),
        requirement=Requirement.REQUIRED,
        item_types__contains=OuterRef("item_type"),  # no type is a part of another one's name
        created_at__lte=OuterRef("completed_at"),
    )
    passed = CheckRun.objects.living().filter(work_item=OuterRef("pk"), outcome=Outcome.PASSED)
    return items.filter(Exists(applying), ~Exists(passed), status=Status.DONE)
