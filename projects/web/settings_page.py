"""What the settings page shows: policies, people and agents, and how this clone is shared."""

from __future__ import annotations

from django.db import models

from projects.entities.project import POLICIES
from projects.loose_types import Context
from projects.models import Project, User
from projects.sync import service

MOST_USERS = 300


def context(user: User) -> Context:
    """Return the context of the page for the signed-in user."""
    users = list(User.objects.filter(is_kind_confirmed=True).order_by("is_agent", "username")[: MOST_USERS + 1])
    shown = users[:MOST_USERS]
    return {
        "unconfirmed": list(User.objects.filter(is_kind_confirmed=False).order_by("username")[:MOST_USERS]),
        "people": [one for one in shown if not one.is_agent],
        "agents": [one for one in shown if one.is_agent],
        "more_users": len(users) > MOST_USERS,
        "policies": [(project, _policies(project)) for project in Project.objects.living().order_by("key")],
        "sync": service.status(),
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
