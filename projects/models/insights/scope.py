"""What figures and forecasts are about: all items of a project, or those of an epic, a sprint or a filter."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError

from projects.models.base import find_pk
from projects.models.project import Project
from projects.models.sprints.sprint import Sprint
from projects.models.user import User
from projects.models.work_items.choices import ItemType, Priority
from projects.models.work_items.item import WorkItem
from projects.models.work_items.queries import WorkItemQuerySet

NAMES = ("item", "sprint", "type", "priority", "label", "assignee")
CHOICES = {"type": ItemType.values, "priority": Priority.values}
NOBODY = "none"
MAX_LENGTH = 200


@dataclass
class Scope:
    """A part of a project: its items, its name in words, and when work on it began if that is known."""

    project: Project
    items: WorkItemQuerySet
    name: str = ""
    began: datetime | None = None
    is_bounded: bool = False  # an epic or a sprint: what is added to it has to be done, too, before it is

    @property
    def is_whole(self) -> bool:
        return not self.name


def scope_of(project: Project, given: Mapping[str, str], *, me: User | None = None) -> Scope:
    """Return the part of `project` that the values of NAMES narrow it to. Raises ValidationError."""
    scope = Scope(project, WorkItem.objects.living().filter(project=project))
    names: list[str] = []
    for name in NAMES:
        value = given.get(name, "").strip()
        if value:
            names.append(_narrow(scope, name, value[:MAX_LENGTH], me))
    scope.name = ", ".join(names)
    return scope


def _narrow(scope: Scope, name: str, value: str, me: User | None) -> str:
    """Narrow the scope by one value, and return what it means in words."""
    items = scope.items
    if name == "item":
        item = _find_item(scope.project, value)
        below = items.descendants_of(item.pk)
        scope.items, scope.is_bounded = below if below.exists() else items.filter(pk=item.pk), True
        return item.display_key
    if name == "sprint":
        sprint = _find_sprint(scope.project, value)
        scope.items, scope.began, scope.is_bounded = items.filter(sprint=sprint.pk), sprint.started_at, True
        return str(sprint.name)
    if name in CHOICES:
        wanted = [word.strip().lower() for word in value.split(",")]
        for word in wanted:
            if word not in CHOICES[name]:
                raise ValidationError({name: f"is {word!r}; use {', '.join(CHOICES[name])}"})
        scope.items = items.filter(**{"item_type__in" if name == "type" else "priority__in": wanted})
        return ", ".join(wanted)
    if name == "label":
        scope.items = items.labelled(*(word.strip() for word in value.split(",")))
        return value
    if value == NOBODY:
        scope.items = items.filter(assignee=None)
        return "unassigned"
    if value == "@me" and me is not None:
        user = me
    else:
        try:
            user = User.objects.known(value)
        except ValidationError as error:
            raise ValidationError({name: error.messages}) from None
    scope.items = items.filter(assignee=user.pk)
    return str(user.username)


def _find_item(project: Project, value: str) -> WorkItem:
    pk = find_pk(WorkItem, value, str(project.pk))
    item = WorkItem.objects.living().select_related("project").filter(pk=pk, project=project).first() if pk else None
    if item is None:
        raise ValidationError({"item": f"there is no item {value} in {project.key}"})
    return item


def _find_sprint(project: Project, value: str) -> Sprint:
    pk: uuid.UUID | None = find_pk(Sprint, value, str(project.pk))
    sprint = Sprint.objects.living().filter(pk=pk, project=project).first() if pk else None
    if sprint is None:
        raise ValidationError({"sprint": f"there is no sprint {value} in {project.key}"})
    return sprint
