"""What can be asked of work items: adjectives that chain."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from projects.models.base import EntityQuerySet
from projects.models.compiled import Bound
from projects.models.matching import EntryOf, has_few, match_expression, matching_entries, matching_ids
from projects.sqlite.expressions import IsNoEpic, IsOpen, IsZero, MayBegin, Unindexed

if TYPE_CHECKING:
    from projects.models.work_item import WorkItem  # noqa: F401 -- named below

DISPLAY_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,19})-([0-9]{1,9})")

# One query, whatever the depth.
_DESCENDANTS = """
    WITH RECURSIVE below(id, depth) AS (
        SELECT id, 1 FROM projects_workitem WHERE parent_id = %s
        UNION SELECT item.id, depth + 1 FROM projects_workitem item JOIN below ON item.parent_id = below.id
        WHERE depth < 10
    ) SELECT id FROM below
"""
_ANCESTORS = """
    WITH RECURSIVE above(id, depth) AS (
        SELECT parent_id, 1 FROM projects_workitem WHERE id = %s
        UNION SELECT item.parent_id, depth + 1 FROM projects_workitem item JOIN above ON item.id = above.id
        WHERE depth < 10
    ) SELECT id FROM above WHERE id IS NOT NULL
"""

# The board's labels, each by a step in their index; there are few of them, and many items that have one.
_LABELLED = """
    WITH RECURSIVE known(name) AS (
        SELECT min(name) FROM projects_itemlabel
        UNION ALL SELECT (SELECT min(name) FROM projects_itemlabel WHERE name > known.name) FROM known
        WHERE known.name IS NOT NULL
    ) SELECT label.work_item_id FROM known CROSS JOIN projects_itemlabel label ON label.name = known.name
    WHERE pm_casefold(known.name) = %s
"""

# Of the living and of the deleted, each by the end of an index.
_LAST_POSITION = """
    SELECT max(position) FROM (
        SELECT max(position) AS position FROM projects_workitem WHERE project_id = %s AND deleted_at IS NULL
        UNION ALL SELECT max(position) FROM projects_workitem WHERE project_id = %s AND deleted_at IS NOT NULL
    )
"""


class WorkItemQuerySet(EntityQuerySet["WorkItem"]):
    def living(self) -> Self:
        return self.filter(deleted_at__isnull=True, project__deleted_at__isnull=True)

    @classmethod
    def names_of(cls, identifier: str) -> dict[str, Any] | None:
        match = DISPLAY_KEY.fullmatch(identifier)
        if match:
            return {"project__key": match[1].upper(), "item_number": int(match[2])}
        return super().names_of(identifier)

    def in_project(self, project_id: uuid.UUID | Bound) -> Self:
        """Narrow to the project's, for a list that is entered by something rarer."""
        return self.alias(of_project=Unindexed("project_id")).filter(of_project=project_id)

    def in_only_project(self) -> Self:
        """Narrow to the project where there is only one, which changes nothing but the index that is taken."""
        from projects.models.project import Project

        living = Project.objects.living().values_list("pk", flat=True)[:2]
        return self.filter(project_id=living[0]) if len(living) == 1 else self

    def in_statuses(self, statuses: Sequence[str]) -> Self:
        """Narrow to what is in one of these, going along the list's own order."""
        return self.alias(stands=Unindexed("status")).filter(stands__in=statuses)

    def of_priorities(self, priorities: Sequence[str]) -> Self:
        ranks = [self.model.rank_of(name) for name in priorities]
        return self.alias(rank=Unindexed("urgency")).filter(rank__in=ranks)

    def updated_since(self, moment: datetime) -> Self:
        """Narrow to what was changed then or later, going along the list's own order."""
        return self.alias(changed=Unindexed("updated_at")).filter(changed__gte=moment)

    def unfinished(self) -> Self:
        return self.filter(IsOpen("status"))

    def in_work(self) -> Self:
        return self.exclude(status__in=("backlog", "done"))

    def orphaned(self) -> Self:
        """Narrow to stories and tasks without a parent."""
        return self.filter(IsNoEpic("item_type"), parent__isnull=True)

    def not_orphaned(self) -> Self:
        """Narrow to epics, and to what has a parent."""
        return self.filter(Q(parent__isnull=False) | Q(item_type="epic"))

    def assigned_to(self, name: str) -> Self:
        """Narrow to the items of the user called `name`."""
        users = get_user_model().objects.filter(username=name).values("pk")
        return self.filter(assignee_id=models.Subquery(users))

    def containing(self, text: str, *, is_rare: bool | None = None) -> Self:
        """Narrow to those that have all words of `text` in title, description or display key; none where it has none.

        The query is entered by what matches where that `is_rare`, as the index says where the caller doesn't.
        """
        match = words_of_items(text)
        if not match:
            return self.none()
        if has_few(match) if is_rare is None else is_rare:
            return self.filter(pk__in=matching_ids(match))
        return self.alias(entry=EntryOf("pk")).filter(entry__in=matching_entries(match))

    def labelled(self, *names: str) -> Self:
        """Narrow to those that have each of these labels, in any case of letters."""
        found = self
        for name in names:
            found = found.filter(pk__in=models.expressions.RawSQL(_LABELLED, [name.casefold()]))  # noqa: S611 -- as `_ids`
        return found

    def blocking(self, item_id: uuid.UUID) -> Self:
        """Narrow to what blocks the item."""
        from projects.models.dependency import Dependency

        links = Dependency.objects.filter(blocked_item_id=item_id, dependency_type="blocks", deleted_at__isnull=True)
        return self.filter(pk__in=links.values("blocking_item_id"))

    def blocked(self) -> Self:
        """Narrow to what has a living unfinished blocker."""
        return self.filter(open_blockers__gt=0)

    def unblocked(self) -> Self:
        return self.filter(IsZero("open_blockers"))

    def ready(self, moment: datetime | Bound | None = None) -> Self:
        """Narrow to what can be begun, most urgent first, then what unblocks most, then by position.

        Not started, or claimed by a lease that ran out by `moment`, else by now; no living unfinished blocker; no epic
        with open children.
        """
        waiting = Q(status__in=("backlog", "todo"))
        abandoned = Q(status="in_progress", lease_expires_at__lte=moment or timezone.now())
        open_children = self.model.objects.filter(parent=OuterRef("pk"), deleted_at__isnull=True).unfinished()
        return (
            self.living()
            .filter(MayBegin("status"), waiting | abandoned, project__status="active")
            .unblocked()
            .exclude(Q(item_type="epic") & Exists(open_children))
            .order_by("urgency", "-unblocks", "position", "item_number")
        )

    def descendants_of(self, item_id: uuid.UUID | Bound) -> Self:
        """Narrow to what is below the item, at any depth, by one query."""
        return self.filter(pk__in=_ids(_DESCENDANTS, item_id))

    def ancestors_of(self, item_id: uuid.UUID | Bound) -> Self:
        """Narrow to what is above the item, by one query."""
        return self.filter(pk__in=_ids(_ANCESTORS, item_id))

    def last_position(self, project_id: uuid.UUID) -> float:
        """Return the highest position of the project, 0 where it has no items."""
        with connection.cursor() as cursor:
            cursor.execute(_LAST_POSITION, [project_id.hex, project_id.hex])
            return float(cursor.fetchone()[0] or 0.0)

    def in_order(self) -> Self:
        return self.order_by("position", "item_number")


def words_of_items(text: str) -> str:
    """Return FTS5's expression for `text` in items; the last word may be only begun, a display key may not.

    PONE-1 is not PONE-10.
    """
    match = match_expression(text)
    return match.removesuffix(" *") if DISPLAY_KEY.fullmatch(text.strip()) else match


def _ids(query: str, item_id: uuid.UUID | Bound) -> models.expressions.RawSQL:
    parameter = item_id.place if isinstance(item_id, Bound) else item_id.hex
    return models.expressions.RawSQL(query, [parameter])  # noqa: S611 -- constants; the id is a parameter
