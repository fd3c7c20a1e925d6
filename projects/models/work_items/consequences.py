"""What a change of one item means for others, for the short answers of writes."""

from __future__ import annotations

from projects.models.work_items.choices import DependencyType
from projects.models.work_items.item import WorkItem


def freed_by(item: WorkItem) -> list[str]:
    """Return the keys of the open items that waited only for this closed one, the most urgent first."""
    waited = WorkItem.objects.living().filter(
        dependencies_in__blocking_item=item.pk,
        dependencies_in__dependency_type=DependencyType.BLOCKS,
        dependencies_in__deleted_at__isnull=True,
    )
    free = waited.unblocked().unfinished().order_by("urgency", "-unblocks", "position", "item_number")
    return [f"{item.project.key}-{number}" for number in free.values_list("item_number", flat=True)]


def open_below_parent(item: WorkItem) -> int:
    """Return how many open children the item's parent has."""
    return WorkItem.objects.living().filter(parent_id=item.parent_id).unfinished().count()
