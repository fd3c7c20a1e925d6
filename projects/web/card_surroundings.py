"""What cards show of other rows: blockers, children, comments, open questions and checks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Count, Q

from projects.entities.work_item import CLOSED
from projects.loose_types import AnyQuerySet, Context
from projects.models import CheckRun, Comment, Dependency, Project, Question, WorkItem
from projects.models.check_run import FAILED, NOT_RUN
from projects.models.work_items.choices import ItemType, Status

CHECKED = (Status.IN_PROGRESS, Status.REVIEW, Status.BLOCKED)  # statuses in which the checks of an item matter
PARENTAL = (ItemType.EPIC, ItemType.STORY)


class Progress(NamedTuple):
    """How many of a number are done; `failed` if one failed."""

    done: int
    total: int
    failed: bool = False


class Surroundings:
    """Other rows by the ID of the item that shows them. Uses a constant number of database queries."""

    def __init__(self, project: Project, rows: Sequence[Context]) -> None:
        """Load what the cards of `rows`, each with the columns of `cards.SHOWN`, show."""
        ids = [row["id"] for row in rows]
        parents = [row["id"] for row in rows if row["item_type"] in PARENTAL]
        self.blockers = _blockers(project)
        self.children = _children(parents) if parents else {}
        self.comments = _counts(Comment.objects.living().filter(work_item__in=ids)) if ids else {}
        # Of all projects: a partial index lists them, while a project's items would have to be looked up one by one.
        self.asked = set(Question.objects.open().order_by().values_list("work_item_id", flat=True)) if ids else set()
        self.checks = _checks(project, rows)


def _blockers(project: Project) -> dict[uuid.UUID, list[int]]:
    """Return the blockers' item numbers by ID of the blocked item."""
    links = Dependency.objects.living().filter(dependency_type="blocks", blocked_item__project=project)
    rows = links.exclude(blocking_item__status__in=CLOSED).order_by("blocking_item__item_number")
    found: dict[uuid.UUID, list[int]] = {}
    for blocked, number in rows.values_list("blocked_item_id", "blocking_item__item_number"):
        found.setdefault(blocked, []).append(number)
    return found


def _children(parents: Sequence[uuid.UUID]) -> dict[uuid.UUID, Progress]:
    """Return how many of the children are done; cancelled ones do not count."""
    living = WorkItem.objects.living().filter(parent__in=parents).exclude(status=Status.CANCELLED)
    counts = {"done": Count("pk", filter=Q(status=Status.DONE)), "all": Count("pk")}
    rows = living.order_by().values_list("parent_id").annotate(**counts)
    return {parent: Progress(done, total) for parent, done, total in rows}


def _counts(rows: AnyQuerySet) -> dict[uuid.UUID, int]:
    return dict(rows.order_by().values_list("work_item_id").annotate(count=Count("pk")))


def _checks(project: Project, rows: Sequence[Context]) -> dict[uuid.UUID, Progress]:
    """Return how the checks of the items in work stand, of items with a check that ran."""
    items = [
        WorkItem(id=row["id"], project_id=project.pk, item_type=row["item_type"], status=row["status"])
        for row in rows
        if row["status"] in CHECKED
    ]
    if not items:
        return {}
    found = {}
    for pk, states in CheckRun.objects.all().states_of(items).items():
        if any(one.state != NOT_RUN for one in states):
            failed = any(one.state == FAILED for one in states)
            found[pk] = Progress(sum(one.is_passed for one in states), len(states), failed)
    return found
