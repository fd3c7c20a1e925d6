"""The hierarchy of work items (epic, story, task), and deletion and restoration of whole subtrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models, transaction

from projects.models.base import Entity
from projects.models.exceptions import Conflict, HasChildren

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem
    from projects.models.work_items.queries import WorkItemQuerySet

PARENTS = {"epic": (), "story": ("epic",), "task": ("story", "epic")}
ALLOWED = {
    "epic": "an epic has no parent",
    "story": "a story's parent is an epic",
    "task": "a task's parent is a story or an epic",
}


class HierarchyMixin(models.Model):
    class Meta:
        abstract = True

    @property
    def parent_key(self: WorkItem) -> str | None:  # type: ignore[misc]
        """The display key of the parent, which is always in the same project."""
        return f"{self.project.key}-{self.parent.item_number}" if self.parent else None

    def living_children(self: WorkItem) -> WorkItemQuerySet:  # type: ignore[misc]
        """Return the direct children that are not deleted."""
        return type(self).objects.living().filter(parent_id=self.pk).select_related("project")

    def open_children(self: WorkItem) -> WorkItemQuerySet:  # type: ignore[misc]
        """Return the direct children that are neither deleted nor done."""
        return self.living_children().unfinished()

    def soft_delete(  # type: ignore[misc]
        self: WorkItem, *, actor: User, expected_version: int | None = None, recursive: bool = False
    ) -> None:
        """Delete the item as Entity.soft_delete does; with `recursive`, delete its descendants too.

        Raises HasChildren if the item has children and `recursive` is False.
        """
        self.check_version(expected_version)
        self.check_living()
        self.check_delete()
        children = list(self.living_children())
        if children and not recursive:
            count = "a child" if len(children) == 1 else f"{len(children)} children"
            raise HasChildren(f"{self.display_key} has {count}; delete it recursively", children)
        below = list(type(self).objects.living().descendants_of(self.pk).select_related("project"))
        moment = max(item.next_moment() for item in (self, *below))
        with transaction.atomic():
            for descendant in below:
                descendant.mark_deleted(actor=actor, moment=moment)
            self.mark_deleted(actor=actor, moment=moment)

    def restore(self: WorkItem, *, actor: User) -> None:  # type: ignore[misc]
        """Undo `soft_delete`, including the descendants deleted with it. Raises Conflict if the parent is deleted.

        An item whose sprint has been deleted since comes back without a sprint.
        """
        moment = self.deleted_at
        self.project.check_living()
        self.project.check_writable()
        if self.parent is not None and self.parent.deleted_at is not None:
            raise Conflict(f"its parent {self.parent.display_key} is deleted; restore the parent first")
        removed = type(self).objects.filter(deleted_at=moment).descendants_of(self.pk).select_related("project")
        below = list(removed) if moment else []
        with transaction.atomic():
            for item in (self, *below):
                Entity.restore(item, actor=actor)
            for item in (self, *below):
                if item.sprint is not None and item.sprint.deleted_at is not None:
                    item.update(actor=actor, sprint_id=None)

    def parent_errors(self: WorkItem, parent: WorkItem) -> dict[str, str]:  # type: ignore[misc]
        """Return the reasons, by field, why `parent` can't be the item's parent."""
        # No cycle is possible: a parent always has a higher type, and types never change.
        if parent.project_id != self.project_id:
            return {"parent_id": f"{parent.display_key} belongs to another project"}
        if parent.deleted_at is not None:
            return {"parent_id": f"{parent.display_key} is deleted"}
        return {} if parent.item_type in PARENTS[self.item_type] else {"parent_id": ALLOWED[self.item_type]}
