"""The board's filters, parsed from the URL query."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db.models import Q

from projects.models import Project, WorkItem
from projects.models.work_items.queries import WorkItemQuerySet

NONE = "none"  # unassigned, or without a sprint
MAX_LENGTH = 1000  # characters per filter; SQLite limits LIKE patterns to 50,000 bytes
NAMES = ("type", "assignee", "label", "sprint", "blocked", "q")


class Filters:
    """Filter values by query parameter; empty values don't filter."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.values = {name: query.get(name, "").strip()[:MAX_LENGTH] for name in NAMES}

    def __bool__(self) -> bool:
        return any(self.values.values())

    def narrow(self, items: WorkItemQuerySet, project: Project) -> WorkItemQuerySet:
        """Filter `items` of `project`; unknown values match nothing."""
        values = self.values
        if values["type"]:
            items = items.filter(item_type=values["type"])
        if values["assignee"]:
            is_unassigned = values["assignee"] == NONE
            items = (
                items.filter(assignee=None) if is_unassigned else items.filter(assignee__username=values["assignee"])
            )
        if values["label"]:
            items = items.labelled(values["label"])
        if values["sprint"]:
            items = items.filter(_sprint(values["sprint"]))
        if values["blocked"]:
            blocked = Q(status="blocked") | Q(pk__in=WorkItem.objects.filter(project=project).blocked().values("pk"))
            items = items.unfinished().filter(blocked if values["blocked"] == "yes" else ~blocked)
        return items.containing(values["q"]) if values["q"] else items


def _sprint(value: str) -> Q:
    if value == NONE:
        return Q(sprint=None)
    if value == "active":
        return Q(sprint__status="active")
    try:
        return Q(sprint_id=uuid.UUID(value))
    except ValueError:
        return Q(pk__in=())
