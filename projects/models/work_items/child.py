"""The base of comments and time entries, which belong to one work item and one owner."""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Self, TypeVar

from projects.django_private import loaded_relations
from projects.loose_types import AnyRows, FieldValue
from projects.models.base import Entity, EntityQuerySet, Values
from projects.models.prepared_queries import Loading, bound, field_at, stored
from projects.sqlite.expressions import Unindexed

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

P = TypeVar("P", bound="WorkItemChild")


class WorkItemChildQuerySet(EntityQuerySet[P]):
    def living(self) -> Self:
        return self.filter(
            deleted_at__isnull=True,
            work_item__deleted_at__isnull=True,
            work_item__project__deleted_at__isnull=True,
        )

    def in_project(self, project_id: uuid.UUID) -> Self:
        return self.alias(of_project=Unindexed("work_item__project_id")).filter(of_project=project_id)


class WorkItemChild(Entity):
    """An abstract child of a work item; only its owner or a superuser may change it."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:  # a field of each subclass, with its own related_name
        work_item: WorkItem
        work_item_id: uuid.UUID

    @property
    def display_key(self) -> str:
        return self.work_item.display_key

    @property
    def project_id(self) -> uuid.UUID:
        return self.work_item.project_id

    def load_project(self) -> None:
        if self.work_item_id and "work_item" not in loaded_relations(self):
            item = _owner(type(self)).first(pk=stored(self.work_item_id))
            if item is not None:
                self.work_item = item

    def check_owner(self, actor: User) -> None:
        """Raise NotYours unless `actor` may change the entity."""
        raise NotImplementedError

    def check_insert(self) -> None:
        self.work_item.check_living()
        self.work_item.project.check_living()
        self.work_item.project.check_writable()

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if changed:
            self.work_item.project.check_writable()
        return changed

    def check_delete(self) -> None:
        self.work_item.project.check_writable()

    def validate_update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> Values:
        self.check_owner(actor)
        return super().validate_update(actor=actor, expected_version=expected_version, **values)

    def soft_delete(self, *, actor: User, expected_version: int | None = None) -> None:
        self.check_owner(actor)
        super().soft_delete(actor=actor, expected_version=expected_version)

    def restore(self, *, actor: User) -> None:
        self.check_owner(actor)
        self.work_item.check_living()
        self.work_item.project.check_writable()
        super().restore(actor=actor)


@functools.cache
def _owner(model: type[WorkItemChild]) -> Loading[WorkItem]:
    items: AnyRows = field_at(model, "work_item__pk").model._default_manager  # its module would be a circle
    return Loading(items.filter(**bound(items.model, ["pk"])).select_related("project"))
