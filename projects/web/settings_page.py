"""What the settings page shows: people and agents, and how this clone is shared."""

from __future__ import annotations

from projects.loose_types import Context
from projects.models import User
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
        "sync": service.status(),
        "may_change": user.acts_as_person,
        "link_of": user.via,
    }
