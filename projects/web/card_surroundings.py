"""What cards show of other rows: blockers, children, comments, open questions, checks and since when they are there."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import Count, Max, Q, TextField
from django.db.models.functions import Cast

from projects.entities.work_item import CLOSED
from projects.loose_types import AnyQuerySet, Context
from projects.models import Activity, CheckRun, Comment, Dependency, Project, Question, WorkItem
from projects.models.activity import IMPORTED, Action
from projects.models.check_run import FAILED, NOT_RUN
from projects.models.work_items.choices import ItemType, Status

WORKED = (Status.IN_PROGRESS, Status.REVIEW, Status.BLOCKED)  # statuses in which the checks and the age matter
STATUS = '"field": "status"'  # in the changes of an activity
PARENTAL = (ItemType.EPIC, ItemType.STORY)


class Progress(NamedTuple):
    """How many of a number are done; `failed` if one failed."""

    done: int
    total: int
    failed: bool = False


class Blocker(NamedTuple):
    """An open item that blocks another one."""

    key: str
    title: str

    def __str__(self) -> str:
        return f"{self.key} {self.title}"


def in_short(blockers: Sequence[Blocker]) -> str:
    """Return the key of the first blocker and how many more there are, such as "PONE-3 +2"; "" for none."""
    more = f" +{len(blockers) - 1}" if len(blockers) > 1 else ""
    return f"{blockers[0].key}{more}" if blockers else ""


class Surroundings:
    """Other rows by the ID of the item that shows them. Uses a constant number of database queries."""

    def __init__(self, project: Project, rows: Sequence[Context]) -> None:
        """Load what the cards of `rows`, each with the columns of `cards.SHOWN`, show."""
        ids = [row["id"] for row in rows]
        parents = [row["id"] for row in rows if row["item_type"] in PARENTAL]
        self.blockers = blockers_of(Q(blocked_item__project=project))
        self.children = _children(parents) if parents else {}
        self.comments = _counts(Comment.objects.living().filter(work_item__in=ids)) if ids else {}
        # Of all projects: a partial index lists them, while a project's items would have to be looked up one by one.
        self.asked = set(Question.objects.open().order_by().values_list("work_item_id", flat=True)) if ids else set()
        self.checks = _checks(project, rows)
        self.since = _since([row["id"] for row in rows if row["status"] in WORKED])


def blockers_of(blocked: Q) -> dict[uuid.UUID, list[Blocker]]:
    """Return the open blockers by ID of the blocked item, of the dependencies for which `blocked` holds."""
    links = Dependency.objects.living().filter(blocked, dependency_type="blocks")
    rows = links.exclude(blocking_item__status__in=CLOSED).order_by("blocking_item__item_number")
    names = ("blocked_item_id", "blocking_item__project__key", "blocking_item__item_number", "blocking_item__title")
    found: dict[uuid.UUID, list[Blocker]] = {}
    for pk, key, number, title in rows.values_list(*names):
        found.setdefault(pk, []).append(Blocker(f"{key}-{number}", title))
    return found


def _since(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dt.datetime]:
    """Return when the status of each item changed last, as far as it did here; an import is no change of it."""
    changes = Activity.objects.filter(entity_id__in=ids, action=Action.UPDATED).exclude(source=IMPORTED)
    of_status = changes.alias(text=Cast("changes", TextField())).filter(text__contains=STATUS).order_by()
    rows: AnyQuerySet = of_status.values_list("entity_id").annotate(at=Max("created_at"))
    return dict(rows) if ids else {}


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
        if row["status"] in WORKED
    ]
    if not items:
        return {}
    found = {}
    for pk, states in CheckRun.objects.all().states_of(items).items():
        if any(one.state != NOT_RUN for one in states):
            failed = any(one.state == FAILED for one in states)
            found[pk] = Progress(sum(one.is_passed for one in states), len(states), failed)
    return found
