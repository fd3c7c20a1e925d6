"""The base of what belongs to a project and may change only while the project may: sprints, swim lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from projects.models.base import Entity, EntityQuerySet, Values

if TYPE_CHECKING:
    from projects.models.project import Project
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

P = TypeVar("P", bound="ProjectChild")
MAX_KEY = 40  # characters of a display key


class ProjectChildQuerySet(EntityQuerySet[P]):
    def living(self) -> Self:
        return self.filter(deleted_at__isnull=True, project__deleted_at__isnull=True)


class ProjectChild(Entity):
    """An abstract child of a project."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:  # a field of each subclass, with its own related_name
        project: Project

    def __str__(self) -> str:
        return str(getattr(self, self.spec.line))

    @property
    def display_key(self) -> str:
        return f"{self.project.key}/{self}"[:MAX_KEY]

    def entry_errors(self, item: WorkItem, item_type: str) -> dict[str, str]:
        """Return the reasons, by field, why `item` with this type can't refer to it. Raises Conflict if no item can."""
        if self.project_id != item.project_id:
            noun = self.entity_type.replace("_", " ")
            return {f"{self.entity_type}_id": f"the {noun} {self} belongs to another project"}
        self.check_living()
        return {}

    def check_insert(self) -> None:
        self.project.check_living()
        self.project.check_writable()

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if changed:
            self.project.check_writable()
        return changed

    def check_delete(self) -> None:
        self.project.check_writable()

    def restore(self, *, actor: User) -> None:
        self.project.check_living()
        self.project.check_writable()
        super().restore(actor=actor)
