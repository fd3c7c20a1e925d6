"""What the settings of projects show: their list, and one project with its columns, policies and checks."""

from __future__ import annotations

from typing import NamedTuple

from django.db import models
from django.db.models import Count, Q

from projects.entities.project import POLICIES
from projects.entities.registry import BY_REFERENCE
from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import Context
from projects.models import Check, Project, SwimLane, User, WorkItem, rights
from projects.models.base import Entity
from projects.models.check import DEFAULT_TIMEOUT, DEFAULT_TYPES, LONGEST_TIMEOUT, Requirement
from projects.models.swim_lane import MAX_WIP_LIMIT
from projects.models.work_items.choices import ItemType

MOST = 100  # projects on the page; the others are found by their words
NOT_NAMED = ("swim_lane", "check_run")  # what nobody misses of a deleted project


class Column(NamedTuple):
    """A column of a board and the number of its cards."""

    row: SwimLane
    items: int
    status: str  # as people read it


def listing(user: User, words: str) -> Context:
    """Return the projects that have the words in key, title or description, and those that can be restored."""
    living = Q(work_items__deleted_at=None)
    found = Project.objects.living().annotate(items=Count("work_items", filter=living)).order_by("status", "key")
    named = found.containing(words.strip()) if words.strip() else found
    return {
        "projects": list(named[:MOST]),
        "count": Project.objects.living().count(),
        "rest": max(0, named.count() - MOST),
        "words": words,
        "gone": list(Project.objects.deleted().select_related("updated_by").order_by("-deleted_at")[:MOST]),
        "may_change": user.acts_as_person and rights.may_administer(),
    }


def context(project: Project, user: User) -> Context:
    """Return the settings of a project."""
    return {
        "project": project,
        "columns": columns(project),
        "free_statuses": free_statuses(project),
        "longest_limit": MAX_WIP_LIMIT,
        "policies": policies(project),
        "checks": [(project, checks(project))],
        "new_check": check_fields(None),
        "lost": lost(project),
        "may_change": user.acts_as_person and rights.may_write(project.pk, "project"),
    }


def columns(project: Project) -> list[Column]:
    """Return the columns of the board in their order."""
    counts = dict(
        WorkItem.objects.living().filter(project=project).order_by().values_list("status").annotate(Count("pk"))
    )
    lanes = SwimLane.objects.living().filter(project=project)
    return [Column(lane, counts.get(lane.status_value, 0), STATUS_NAMES[lane.status_value]) for lane in lanes]


def free_statuses(project: Project) -> list[tuple[str, str]]:
    """Return the statuses that have no column yet; cancelled items have none."""
    taken = set(SwimLane.objects.living().filter(project=project).values_list("status_value", flat=True))
    return [pair for pair in STATUS_NAMES.items() if pair[0] not in taken and pair[0] != "cancelled"]


def policies(project: Project) -> list[Context]:
    """Return the name, label, help, value and choices of each policy."""
    fields = [field for name in POLICIES if isinstance(field := Project._meta.get_field(name), models.Field)]
    return [
        {
            "name": field.name,
            "label": field.verbose_name,
            "help": field.help_text,
            "value": getattr(project, field.name),
            "choices": [value for value, _ in field.choices or ()],
        }
        for field in fields
    ]


def checks(project: Project) -> list[Context]:
    """Return the checks of a project, with their exact commands and whether they may run on this clone."""
    found = Check.objects.living().filter(project=project).order_by("name", "pk")
    return [
        {
            "row": check,
            "command": visible(check.command),
            "is_approved": check.is_approved,
            "fields": check_fields(check),
        }
        for check in found
    ]


def check_fields(check: Check | None) -> Context:
    """Return what the form of a check shows, None for a new one."""
    types = (check.item_types if check else DEFAULT_TYPES).split(",")
    return {
        "row": check,
        "timeout": check.timeout_seconds if check else DEFAULT_TIMEOUT,
        "longest": LONGEST_TIMEOUT,
        "requirements": [(value, value == (check.requirement if check else None)) for value in Requirement.values],
        "types": [(value, value in types) for value in ItemType.values],
    }


def lost(project: Project) -> list[str]:
    """Return what goes with the project if it is deleted, such as "12 items", of each kind that it has."""
    found = []
    for entity in BY_REFERENCE:
        owner = entity.owner
        if owner is None or entity.name in NOT_NAMED:
            continue
        path = "project" if owner.refers == "project" else f"{owner.name}__project"
        living = {"deleted_at": None} | ({} if owner.refers == "project" else {f"{owner.name}__deleted_at": None})
        count = Entity.by_type[entity.name]._base_manager.filter(**{path: project}, **living).count()
        one, many = (name.replace("_", " ").removeprefix("work ") for name in (entity.name, entity.plural))
        if count:
            found.append(f"{count} {one if count == 1 else many}")
    return found


def visible(text: str) -> str:
    """Return the text with escapes for characters that would hide or reorder what it says."""
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
