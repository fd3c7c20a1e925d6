"""The hierarchy of work items: which types may be the parent of which, and queries over all levels."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db.models.expressions import RawSQL

from projects.models.prepared_queries import Bound
from projects.models.work_items.choices import ItemType

if TYPE_CHECKING:
    from projects.models.work_items.item import WorkItem

PARENTS: dict[str, tuple[str, ...]] = {
    ItemType.EPIC: (),
    ItemType.STORY: (ItemType.EPIC,),
    ItemType.TASK: (ItemType.STORY, ItemType.EPIC),
    ItemType.BUG: (ItemType.STORY, ItemType.EPIC),
    ItemType.CHORE: (ItemType.STORY, ItemType.EPIC),
}
RULES: dict[str, str] = {
    ItemType.EPIC: "an epic has no parent",
    ItemType.STORY: "a story's parent is an epic",
    ItemType.TASK: "a task's parent is a story or an epic",
    ItemType.BUG: "a bug's parent is a story or an epic",
    ItemType.CHORE: "a chore's parent is a story or an epic",
}

# One recursive query for any depth. The limit, which no item exceeds, lets PostgreSQL expect few ancestors: else it
# reads a table of thousands of items as a whole.
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
    ) SELECT id FROM above WHERE id IS NOT NULL LIMIT 10
"""


def parent_errors(item: WorkItem, item_type: str, parent: WorkItem) -> dict[str, str]:
    """Return the reasons, by field, why `parent` can't be the parent of `item` with this type."""
    # No cycle is possible: a parent always has a higher type, and a change of type is checked on both sides.
    if parent.project_id != item.project_id:
        return {"parent_id": f"{parent.display_key} belongs to another project"}
    if parent.deleted_at is not None:
        return {"parent_id": f"{parent.display_key} is deleted"}
    return {} if parent.item_type in PARENTS[item_type] else {"parent_id": RULES[item_type]}


def child_types(item_type: str) -> tuple[str, ...]:
    """Return the types that the children of an item with this type can have."""
    return tuple(kind for kind, parents in PARENTS.items() if item_type in parents)


def descendant_ids(item_id: uuid.UUID | Bound) -> RawSQL:
    """Return the IDs of all descendants of an item, as a subquery."""
    return RawSQL(_DESCENDANTS, [_parameter(item_id)])  # noqa: S611 -- constants; the ID is a parameter


def ancestor_ids(item_id: uuid.UUID | Bound) -> RawSQL:
    """Return the IDs of all ancestors of an item, as a subquery."""
    return RawSQL(_ANCESTORS, [_parameter(item_id)])  # noqa: S611 -- constants; the ID is a parameter


def _parameter(item_id: uuid.UUID | Bound) -> object:
    return item_id.place if isinstance(item_id, Bound) else item_id.hex
