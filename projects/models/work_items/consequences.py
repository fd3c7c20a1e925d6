"""What a change of one item means for others, for the short answers of writes."""

from __future__ import annotations

import functools

from django.db.models import Count

from projects.models.prepared_queries import Bound, Statement, bound
from projects.models.work_items.choices import DependencyType
from projects.models.work_items.item import WorkItem


def freed_by(item: WorkItem) -> list[str]:
    """Return the keys of the open items that waited only for this closed one, the most urgent first."""
    return [f"{item.project.key}-{number}" for (number,) in _freed().rows(closed=item.pk.hex)]


def open_below_parent(item: WorkItem) -> int:
    """Return how many open children the item's parent has."""
    if item.parent_id is None:
        return 0
    groups = _open_below().rows(parent_id=item.parent_id.hex)
    return int(groups[0][0]) if groups else 0


@functools.cache
def _freed() -> Statement:
    waited = WorkItem.objects.living().filter(
        dependencies_in__blocking_item=Bound("closed", WorkItem._meta.pk),
        dependencies_in__dependency_type=DependencyType.BLOCKS,
        dependencies_in__deleted_at__isnull=True,
    )
    free = waited.unblocked().unfinished().order_by("urgency", "-unblocks", "position", "item_number")
    return Statement(free.values_list("item_number"))


@functools.cache
def _open_below() -> Statement:
    found = WorkItem.objects.living().filter(**bound(WorkItem, ["parent_id"])).unfinished().order_by()
    return Statement(found.values("parent_id").annotate(count=Count("pk")).values_list("count"))
