"""What the page of people and agents shows."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Q

from projects.loose_types import Context
from projects.models import Session, User, WorkItem, rights

MOST = 100  # of each kind on the page; the others are found by their names


class Member(NamedTuple):
    """A user with what the page shows."""

    user: User
    open_items: int
    sessions: int
    seen_at: datetime | None


def context(user: User, words: str) -> Context:
    """Return the people and agents whose name contains the words."""
    found = User.objects.filter(is_kind_confirmed=True).order_by("-is_active", "username")
    if words.strip():
        found = found.filter(username__icontains=words.strip())
    people, agents = (list(found.filter(is_agent=kind)[: MOST + 1]) for kind in (False, True))
    items, sessions = _open_items(), _sessions()
    return {
        "people": _members(people, items, sessions),
        "agents": _members(agents, items, sessions),
        "more_users": max(len(people), len(agents)) > MOST,
        "words": words,
        "may_change": user.acts_as_person and rights.may_administer(),
    }


def _members(
    users: list[User], items: dict[uuid.UUID, int], sessions: dict[uuid.UUID, tuple[int, datetime]]
) -> list[Member]:
    return [_member(user, items, sessions.get(user.pk)) for user in users[:MOST]]


def _member(user: User, items: dict[uuid.UUID, int], sessions: tuple[int, datetime] | None) -> Member:
    number, seen_at = sessions or (0, None)
    seen = [moment for moment in (seen_at, user.last_login) if moment is not None]
    return Member(user, items.get(user.pk, 0), number, max(seen, default=None))


def _open_items() -> dict[uuid.UUID, int]:
    """Return the number of open items that are assigned to each user."""
    items = WorkItem.objects.living().unfinished().filter(~Q(assignee=None), project__status="active")
    return dict(items.order_by().values_list("assignee").annotate(Count("pk")))


def _sessions() -> dict[uuid.UUID, tuple[int, datetime]]:
    """Return the number of sessions of each user, and the last sign of life in one."""
    rows = Session.objects.order_by().values_list("actor").annotate(Count("pk"), Max("last_seen_at"))
    return {actor: (number, seen_at) for actor, number, seen_at in rows}
