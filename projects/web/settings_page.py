"""What the settings page shows: policies, checks, people and agents, and how this clone is shared."""

from __future__ import annotations

from django.db import models

from projects.entities.project import POLICIES
from projects.loose_types import Context
from projects.models import Check, Project, User
from projects.models.check import DEFAULT_TIMEOUT, DEFAULT_TYPES, LONGEST_TIMEOUT, Requirement
from projects.models.work_items.choices import ItemType
from projects.web import sync_page

MOST_USERS = 300


def context(user: User) -> Context:
    """Return the context of the page for the signed-in user."""
    users = list(User.objects.filter(is_kind_confirmed=True).order_by("is_agent", "username")[: MOST_USERS + 1])
    shown = users[:MOST_USERS]
    projects = list(Project.objects.living().order_by("key"))
    return {
        "unconfirmed": list(User.objects.filter(is_kind_confirmed=False).order_by("username")[:MOST_USERS]),
        "people": [one for one in shown if not one.is_agent],
        "agents": [one for one in shown if one.is_agent],
        "more_users": len(users) > MOST_USERS,
        "policies": [(project, _policies(project)) for project in projects],
        "checks": [(project, _checks(project)) for project in projects],
        "new_check": _fields(None),
        **sync_page.context(),
        "may_change": user.acts_as_person,
        "link_of": user.via,
    }


def _policies(project: Project) -> list[Context]:
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


def _checks(project: Project) -> list[Context]:
    """Return the checks of a project, with their exact commands and whether they may run on this clone."""
    found = Check.objects.living().filter(project=project).order_by("name", "pk")
    return [
        {"row": check, "command": visible(check.command), "is_approved": check.is_approved, "fields": _fields(check)}
        for check in found
    ]


def _fields(check: Check | None) -> Context:
    """Return what the form of a check shows, None for a new one."""
    types = (check.item_types if check else DEFAULT_TYPES).split(",")
    return {
        "row": check,
        "timeout": check.timeout_seconds if check else DEFAULT_TIMEOUT,
        "longest": LONGEST_TIMEOUT,
        "requirements": [(value, value == (check.requirement if check else None)) for value in Requirement.values],
        "types": [(value, value in types) for value in ItemType.values],
    }


def visible(text: str) -> str:
    """Return the text with escapes for characters that would hide or reorder what it says."""
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
