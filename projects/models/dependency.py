"""Dependencies: one item blocks another, relates to it, was discovered from it or duplicates it."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from django.core.exceptions import ValidationError
from django.db import models

from projects.engine import dialect
from projects.entities.dependency import DEPENDENCY, ENDS, RELATIONS
from projects.models.base import Entity, EntityQuerySet
from projects.models.exceptions import Conflict, Cycle
from projects.models.prepared_queries import Bound, run
from projects.models.project import DELETED, LIVING
from projects.models.work_items.choices import DependencyType
from projects.models.work_items.item import WorkItem
from projects.sqlite.expressions import Unindexed

if TYPE_CHECKING:
    from projects.models.user import User

# Is there a path? UNION visits each item once, however many paths lead to it.
_REACHES = f"""
    WITH RECURSIVE reached(id) AS (
        SELECT {dialect.ID}
        UNION
        SELECT link.blocked_item_id FROM projects_dependency link JOIN reached ON link.blocking_item_id = reached.id
        WHERE link.dependency_type = 'blocks' AND link.deleted_at IS NULL
    ) SELECT 1 FROM reached WHERE id = %s
"""  # noqa: S608 -- names of ours
# All links reachable from an item.
_LINKS = f"""
    WITH RECURSIVE reached(id) AS (
        SELECT {dialect.ID}
        UNION
        SELECT link.blocked_item_id FROM projects_dependency link JOIN reached ON link.blocking_item_id = reached.id
        WHERE link.dependency_type = 'blocks' AND link.deleted_at IS NULL
    )
    SELECT link.blocking_item_id, link.blocked_item_id
    FROM projects_dependency link JOIN reached ON link.blocking_item_id = reached.id
    WHERE link.dependency_type = 'blocks' AND link.deleted_at IS NULL
"""  # noqa: S608 -- names of ours


class DependencyQuerySet(EntityQuerySet["Dependency"]):
    def living(self) -> Self:
        """Exclude deleted dependencies and dependencies of deleted items or projects."""
        return self.filter(
            deleted_at__isnull=True,
            blocking_item__deleted_at__isnull=True,
            blocked_item__deleted_at__isnull=True,
            blocking_item__project__deleted_at__isnull=True,
        )

    def in_project(self, project_id: uuid.UUID) -> Self:
        return self.alias(of_project=Unindexed("blocking_item__project_id")).filter(of_project=project_id)

    def by_relation(self, item: WorkItem) -> dict[str, list[tuple[Dependency, WorkItem]]]:
        """Return these dependencies of `item` by its relation (each of RELATIONS), with the item at the other end."""
        found: dict[str, list[tuple[Dependency, WorkItem]]] = {relation: [] for relation in RELATIONS}
        for link in self:
            relation, other = link.seen_from(item)
            found[relation].append((link, other))
        return found

    def of(self, item_id: uuid.UUID | Bound) -> Self:
        """Limit to dependencies that have the item at either end."""
        return self.filter(models.Q(blocking_item_id=item_id) | models.Q(blocked_item_id=item_id))


class Dependency(Entity):
    spec = DEPENDENCY

    blocking_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="dependencies_out")
    blocked_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="dependencies_in")
    dependency_type = models.CharField(max_length=15, choices=DependencyType.choices, default=DependencyType.BLOCKS)

    objects = DependencyQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name_plural = "dependencies"
        constraints = (
            models.UniqueConstraint(
                fields=("blocking_item", "blocked_item"), condition=LIVING, name="dependency_unique_living"
            ),
            models.CheckConstraint(
                condition=~models.Q(blocking_item=models.F("blocked_item")), name="dependency_not_on_itself"
            ),
            models.CheckConstraint(
                condition=models.Q(dependency_type__in=DependencyType.values), name="dependency_type_known"
            ),
        )
        indexes = (
            models.Index(fields=("blocked_item", "dependency_type"), condition=LIVING, name="dependency_by_blocked"),
            models.Index(fields=("blocking_item", "dependency_type"), condition=LIVING, name="dependency_by_blocking"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="dependency_by_creation"),
            models.Index(fields=("created_at", "id"), condition=DELETED, name="dependency_deleted"),
        )

    def __str__(self) -> str:
        one, other = self.blocking_item, self.blocked_item
        if self.dependency_type in (DependencyType.DISCOVERED_FROM, DependencyType.DUPLICATES):
            one, other = other, one
        return f"{one.display_key} {RELATIONS[self.seen_from(one)[0]]} {other.display_key}"

    @property
    def display_key(self) -> str:
        return f"{self.blocking_item.display_key} → {self.blocked_item.display_key}"

    @property
    def project_id(self) -> uuid.UUID:
        return self.blocking_item.project_id

    @classmethod
    def between(cls, item: WorkItem, relation: str, other: WorkItem, *, pk: uuid.UUID) -> Dependency:
        """Return a new dependency that gives `item` this relation (one of RELATIONS) to `other`."""
        kind, ends = next((kind, ends) for kind, ends in ENDS.items() if relation in ends)
        blocking, blocked = (item, other) if relation == ends[0] else (other, item)
        return cls(id=pk, blocking_item=blocking, blocked_item=blocked, dependency_type=kind)

    def seen_from(self, item: WorkItem) -> tuple[str, WorkItem]:
        """Return the relation of `item` to the item at the other end, and that item."""
        is_blocking = self.blocking_item_id == item.pk
        other = self.blocked_item if is_blocking else self.blocking_item
        return ENDS[self.dependency_type][not is_blocking], other

    def check_insert(self) -> None:
        blocking, blocked = self.blocking_item, self.blocked_item
        if blocking.pk == blocked.pk:
            raise ValidationError({"blocked_item_id": f"{blocked.display_key} can't depend on itself"})
        if blocking.project_id != blocked.project_id:
            raise ValidationError({"blocked_item_id": f"{blocked.display_key} belongs to another project"})
        for name, item in (("blocking_item_id", blocking), ("blocked_item_id", blocked)):
            if item.deleted_at is not None:
                raise ValidationError({name: f"{item.display_key} is deleted"})
        blocking.project.check_living()
        blocking.project.check_writable()
        self._check_hierarchy()
        self._check_circle()

    def check_delete(self) -> None:
        self.blocking_item.project.check_writable()

    def restore(self, *, actor: User) -> None:
        """Undo the deletion. Raises Cycle or Conflict if the dependency is no longer valid."""
        self.blocking_item.project.check_writable()
        for item in (self.blocking_item, self.blocked_item):
            item.check_living()
        self._check_hierarchy()
        self._check_circle()
        super().restore(actor=actor)

    def check_unique(self) -> None:
        same = Dependency.objects.filter(
            blocking_item_id=self.blocking_item_id, blocked_item_id=self.blocked_item_id, deleted_at__isnull=True
        )
        if same.exclude(pk=self.pk).exists():
            raise Conflict(f"the dependency {self.display_key} already exists", field="blocked_item_id")

    def _check_hierarchy(self) -> None:
        """Raise Conflict if one item is above the other: a parent is open until its children are closed."""
        if self.dependency_type != DependencyType.BLOCKS:
            return
        ends = (self.blocking_item, self.blocked_item)
        for above, below in (ends, ends[::-1]):
            if WorkItem.objects.filter(pk=above.pk).ancestors_of(below.pk).exists():
                raise Conflict(
                    f"{above.display_key} is above {below.display_key};"
                    " an item can't block its descendant or be blocked by it",
                    field="blocked_item_id",
                )

    def _check_circle(self) -> None:
        if self.dependency_type != DependencyType.BLOCKS:
            return
        start, end = self.blocked_item_id.hex, self.blocking_item_id.hex
        if run(_REACHES, [start, end]).fetchone() is None:
            return
        links = run(_LINKS, [start]).fetchall()
        ids = [uuid.UUID(text) for text in _shortest_way(links, start, end)]
        keys = {item.pk: item.display_key for item in WorkItem.objects.filter(pk__in=ids).select_related("project")}
        raise Cycle([keys[self.blocking_item_id], *(keys[pk] for pk in ids)])


def _shortest_way(links: Sequence[tuple[str, str]], start: str, end: str) -> list[str]:
    """Return the shortest path from `start` to `end`, found breadth-first. `end` must be reachable."""
    following: dict[str, list[str]] = {}
    for one, other in links:
        following.setdefault(one, []).append(other)
    came_from, waiting = {start: start}, deque([start])
    while end not in came_from:
        one = waiting.popleft()
        for other in following.get(one, ()):
            if other not in came_from:
                came_from[other] = one
                waiting.append(other)
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
