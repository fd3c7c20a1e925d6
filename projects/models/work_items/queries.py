"""Chainable queryset methods of work items."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from projects.engine import dialect
from projects.entities.work_item import CLOSED
from projects.loose_types import AnyQuerySet
from projects.models.base import EntityQuerySet, Values
from projects.models.fts import EntryOf, has_few, match_expression, matching_entries, matching_ids
from projects.models.prepared_queries import Bound, run, run_later
from projects.models.project import Status as ProjectStatus
from projects.models.work_items.choices import MAX_IDLE_LEASES, DependencyType, ItemType, Status
from projects.models.work_items.hierarchy import ancestor_ids, descendant_ids
from projects.sqlite.expressions import (
    IsAsked,
    IsIdle,
    IsNoEpic,
    IsNotBlank,
    IsNotClosed,
    IsPast,
    IsSoon,
    IsZero,
    MayBegin,
    Unindexed,
)

if TYPE_CHECKING:
    from projects.models.work_items.item import WorkItem

NO_ID = uuid.UUID(int=0).hex
DISPLAY_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,19})-([0-9]{1,9})")

# A loose index scan over the distinct labels: a board has few labels, each on many items.
_KNOWN_LABELS = """
    WITH RECURSIVE known(name) AS (
        SELECT min(name) FROM projects_itemlabel
        UNION ALL SELECT (SELECT min(name) FROM projects_itemlabel WHERE name > known.name) FROM known
        WHERE known.name IS NOT NULL
    )
"""
_LABELLED = f"""
    {_KNOWN_LABELS} SELECT label.work_item_id
    FROM known {dialect.JOIN} projects_itemlabel label ON label.name = known.name
    WHERE pm_casefold(known.name) = %s
"""  # noqa: S608 -- names of ours

# One index lookup each for living and deleted items.
_LAST_POSITION = """
    SELECT max(position) FROM (
        SELECT max(position) AS position FROM projects_workitem WHERE project_id = %s AND deleted_at IS NULL
        UNION ALL SELECT max(position) FROM projects_workitem WHERE project_id = %s AND deleted_at IS NOT NULL
    ) ends
"""
_NEXT_POSITION = """
    SELECT {function}(position) FROM (
        SELECT {function}(position) AS position FROM projects_workitem
        WHERE project_id = %s AND deleted_at IS NULL AND position {sign} %s AND id <> %s
        UNION ALL SELECT {function}(position) FROM projects_workitem
        WHERE project_id = %s AND deleted_at IS NOT NULL AND position {sign} %s AND id <> %s
    ) ends
"""


def labels_beginning_with(text: str) -> list[str]:
    """Return the labels of the board that begin so in any case, each as it is spelled."""
    start = text.casefold()
    rows = run(_KNOWN_LABELS + "SELECT name FROM known WHERE name IS NOT NULL").fetchall()  # noqa: S608 -- constants
    return [name for (name,) in rows if name.casefold().startswith(start)]


class WorkItemQuerySet(EntityQuerySet["WorkItem"]):
    def living(self) -> Self:
        return self.filter(deleted_at__isnull=True, project__deleted_at__isnull=True)

    @classmethod
    def names_of(cls, identifier: str) -> Values | None:
        match = DISPLAY_KEY.fullmatch(identifier)
        if match:
            return {"project__key": match[1].upper(), "item_number": int(match[2])}
        return super().names_of(identifier)

    def referred_to_by(self, reference: str | Bound) -> Self:
        """Limit to the living items with this external reference; at most one in each project."""
        if isinstance(reference, str) and reference.encode(errors="ignore").decode() != reference:
            return self.none()  # SQLite takes no lone surrogates
        return self.living().filter(IsNotBlank("external_ref"), external_ref=reference)

    def in_project(self, project_id: uuid.UUID | Bound | Subquery) -> Self:
        """Filter by project without letting SQLite drive the query from the project index."""
        return self.alias(of_project=Unindexed("project_id")).filter(of_project=project_id)

    def in_statuses(self, statuses: Sequence[str]) -> Self:
        """Filter by status while SQLite walks the index of the list's ordering."""
        return self.alias(stands=Unindexed("status")).filter(stands__in=statuses)

    def of_priorities(self, priorities: Sequence[str]) -> Self:
        ranks = [self.model.rank_of(name) for name in priorities]
        return self.alias(rank=Unindexed("urgency")).filter(rank__in=ranks)

    def updated_since(self, moment: datetime) -> Self:
        """Filter by updated_at >= `moment` while SQLite walks the index of the list's ordering."""
        return self.alias(changed=Unindexed("updated_at")).filter(changed__gte=moment)

    def unfinished(self) -> Self:
        """Leave out done and cancelled items."""
        return self.filter(IsNotClosed("status"))

    def leaves(self) -> Self:
        """Limit to the units of work: items that are no epics and have no living children."""
        children = self.model._base_manager.filter(parent_id=OuterRef("pk"), deleted_at=None)
        return self.filter(IsNoEpic("item_type")).exclude(Exists(children))

    def in_work(self) -> Self:
        return self.exclude(status__in=(Status.BACKLOG, *CLOSED))

    def orphaned(self) -> Self:
        """Limit to items without a parent that are no epics."""
        return self.filter(IsNoEpic("item_type"), parent__isnull=True)

    def not_orphaned(self) -> Self:
        """Limit to epics and items with a parent."""
        return self.filter(Q(parent__isnull=False) | Q(item_type=ItemType.EPIC))

    def containing(self, text: str, *, is_rare: bool | None = None) -> Self:
        """Limit to items with all words of `text` in title, description or display key; none without words.

        If the match `is_rare`, the matches drive the query; None asks the index whether it is.
        """
        match = words_of_items(text)
        if not match:
            return self.none()
        if has_few(match) if is_rare is None else is_rare:
            return self.filter(pk__in=matching_ids(match))
        return self.alias(entry=EntryOf("pk")).filter(entry__in=matching_entries(match))

    def labelled(self, *names: str) -> Self:
        """Limit to items that have all of these labels (case-insensitive)."""
        found = self
        for name in names:
            found = found.filter(pk__in=models.expressions.RawSQL(_LABELLED, [name.casefold()]))  # noqa: S611 -- constants; names are parameters
        return found

    def unlabelled(self, *names: str) -> Self:
        """Leave out items that have one of these labels (case-insensitive)."""
        found = self
        for name in names:
            found = found.exclude(pk__in=models.expressions.RawSQL(_LABELLED, [name.casefold()]))  # noqa: S611 -- as above
        return found

    def unassigned(self) -> Self:
        return self.filter(assignee__isnull=True)

    def assigned(self) -> Self:
        return self.filter(assignee__isnull=False)

    def blocking(self, item_id: uuid.UUID | Bound) -> Self:
        """Limit to items that block the item."""
        return self.filter(
            dependencies_out__blocked_item_id=item_id,
            dependencies_out__dependency_type=DependencyType.BLOCKS,
            dependencies_out__deleted_at__isnull=True,
        )

    def blocked(self) -> Self:
        """Limit to items with a living, open blocker."""
        return self.filter(open_blockers__gt=0)

    def unblocked(self) -> Self:
        return self.filter(IsZero("open_blockers"))

    def overdue(self) -> Self:
        """Limit to open items whose due date is over."""
        return self.unfinished().filter(IsPast("due_date"))

    def not_overdue(self) -> Self:
        return self.filter(Q(due_date__isnull=True) | ~Q(IsNotClosed("status")) | ~Q(IsPast("due_date")))

    def due_in(self, deadlines: Collection[str]) -> Self:
        """Limit to open items that are `overdue` or due within a `week`, and items without a due date (`none`)."""
        dates = {"overdue": Q(IsPast("due_date")), "week": Q(IsSoon("due_date"))}
        wanted = [Q(IsNotClosed("status")) & dates[name] for name in deadlines if name in dates]
        undated = [Q(due_date__isnull=True)] if "none" in deadlines else []
        return self.filter(reduce(or_, [*wanted, *undated], Q(pk__in=())))

    def by_agents(self, work: Collection[str]) -> Self:
        """Limit to items with a live claim of an agent (`claimed`), and items assigned to agents (`worked`)."""
        live = self.model.objects.filter(lease_expires_at__gt=Now(), claimed_by__is_agent=True).values("pk")
        wanted = {"claimed": Q(pk__in=live), "worked": Q(assignee__is_agent=True)}
        return self.filter(reduce(or_, (wanted[name] for name in work if name in wanted), Q(pk__in=())))

    def held_up(self) -> Self:
        """Limit to open items that have an open blocker or the status blocked."""
        return self.unfinished().filter(Q(open_blockers__gt=0) | Q(status=Status.BLOCKED))

    def not_held_up(self) -> Self:
        """Limit to open items that have neither an open blocker nor the status blocked."""
        return self.unfinished().unblocked().exclude(status=Status.BLOCKED)

    def asked(self) -> Self:
        """Limit to items with an open question."""
        return self.filter(pk__in=_asked())

    def not_asked(self) -> Self:
        return self.exclude(pk__in=_asked())

    def ready(self, moment: datetime | Bound | None = None, *, assignee: uuid.UUID | Bound | None = None) -> Self:
        """Limit to items that can be started, in the order in which they should be.

        Ready items are not started, or their lease has expired at `moment` (default: now). They have no open child and
        no open question, and neither they nor an item above them have an open blocker. With `assignee`, they are
        assigned to this user or to nobody; the holder of an expired lease is nobody. A stuck item is not ready.

        The order is: the active sprint first, `todo` before `backlog`, then urgency, the number of items they unblock,
        and position.
        """
        waiting = Q(status__in=(Status.BACKLOG, Status.TODO))
        abandoned = Q(status=Status.IN_PROGRESS, lease_expires_at__lte=moment or timezone.now())
        open_children = self.model.objects.filter(parent=OuterRef("pk"), deleted_at__isnull=True).unfinished()
        found = (
            self.living()
            .filter(MayBegin("status"), waiting | abandoned, project__status=ProjectStatus.ACTIVE)
            .filter(idle_leases__lt=MAX_IDLE_LEASES)
            .unblocked()
            .exclude(Exists(open_children))
            .exclude(Exists(_open_questions()))
            .exclude(parent__open_blockers__gt=0)
            .exclude(parent__parent__open_blockers__gt=0)
        )
        if assignee is not None:
            free = Q(assignee__isnull=True) | (Q(status=Status.IN_PROGRESS) & Q(assignee=F("claimed_by")))
            found = found.filter(free | Q(assignee_id=assignee))
        return found.order_by("turn", "urgency", "-unblocks", "position", "item_number")

    def stuck(self) -> Self:
        """Limit to open items of which several leases in a row ran out without progress."""
        return self.unfinished().filter(pk__in=self._idle())

    def not_stuck(self) -> Self:
        return self.filter(~Q(pk__in=self._idle()) | ~Q(IsNotClosed("status")))

    def _idle(self) -> models.QuerySet[WorkItem, uuid.UUID]:
        ended = Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=Now())
        return self.model.objects.filter(IsIdle("idle_leases"), ended).values_list("pk", flat=True)

    def descendants_of(self, item_id: uuid.UUID | Bound) -> Self:
        """Limit to descendants of the item at any depth."""
        return self.filter(pk__in=descendant_ids(item_id))

    def ancestors_of(self, item_id: uuid.UUID | Bound) -> Self:
        """Limit to ancestors of the item."""
        return self.filter(pk__in=ancestor_ids(item_id))

    def with_link_across(self, item_id: uuid.UUID, parent_id: uuid.UUID) -> Self:
        """Limit to `parent_id` and its ancestors that block, or are blocked by, the item or a descendant of it."""
        below = Q(pk=item_id) | Q(pk__in=descendant_ids(item_id))
        inside = self.model.objects.filter(below).values("pk")
        links = {"dependency_type": DependencyType.BLOCKS, "deleted_at__isnull": True}
        way_out = {f"dependencies_out__{name}": value for name, value in links.items()}
        way_in = {f"dependencies_in__{name}": value for name, value in links.items()}
        above = self.filter(Q(pk=parent_id) | Q(pk__in=ancestor_ids(parent_id)))
        blocking = above.filter(dependencies_out__blocked_item__in=inside, **way_out)
        blocked = above.filter(dependencies_in__blocking_item__in=inside, **way_in)
        return self.filter(Q(pk__in=blocking.values("pk")) | Q(pk__in=blocked.values("pk")))

    def last_position(self, project_id: uuid.UUID) -> str | None:
        """Return the highest position in the project, or None if it has no items."""
        return self.look_up_last_position(project_id)()

    def look_up_last_position(self, project_id: uuid.UUID) -> Callable[[], str | None]:
        """Look up the highest position in the project with the next statement; return a function that returns it."""
        cursor = run_later(_LAST_POSITION, [project_id.hex] * 2)
        return lambda: cursor.fetchone()[0]

    def next_position(
        self, project_id: uuid.UUID, position: str, *, before: bool, other_than: WorkItem | None = None
    ) -> str | None:
        """Return the nearest position in the project before or after `position`, or None.

        Deleted items count, so that a restored item does not share its position.
        """
        names = {"function": "max", "sign": "<"} if before else {"function": "min", "sign": ">"}
        other = NO_ID if other_than is None else other_than.pk.hex
        return _position(_NEXT_POSITION.format(**names), [project_id.hex, position, other] * 2)

    def in_order(self) -> Self:
        return self.order_by("position", "item_number")


def words_of_items(text: str) -> str:
    """Return the FTS5 expression for items with `text`; the last word is a prefix, unless `text` is a display key.

    PONE-1 must not match PONE-10.
    """
    match = match_expression(text)
    return match.removesuffix(" *") if DISPLAY_KEY.fullmatch(text.strip()) else match


def _asked() -> AnyQuerySet:
    """Return the items of all open questions."""
    questions = apps.get_model("projects", "Question")._base_manager
    return questions.filter(IsAsked("status"), deleted_at__isnull=True).values("work_item_id")


def _open_questions() -> models.QuerySet[models.Model]:
    """Return the open questions about the item of an outer query."""
    questions = apps.get_model("projects", "Question")._base_manager  # its module imports this one
    return questions.filter(IsAsked("status"), work_item=OuterRef("pk"), deleted_at__isnull=True)


def _position(query: str, parameters: list[str]) -> str | None:
    position: str | None = run(query, parameters).fetchone()[0]
    return position
