"""The order in which menus name people, labels and sprints: as people read, so that "Sprint 10" follows "Sprint 9"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from projects.models import User

MANY = 8  # choices; longer menus can be searched
_DIGITS = re.compile(r"([0-9]+)")


def natural(text: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a sort key: whatever the case, and numbers by their value."""
    parts = (part for part in _DIGITS.split(text.casefold()) if part)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts], text


def people(me: User | None = None) -> list[tuple[str, bool]]:
    """Return the names of the active users, and whether each is an agent: `me` first, people before agents."""
    rows = User.objects.filter(is_active=True).order_by().values_list("username", "is_agent")
    mine = me.username if me else ""
    return sorted(rows, key=lambda row: (row[0] != mine, row[1], natural(row[0])))


def sorted_names(names: Iterable[str]) -> list[str]:
    return sorted(names, key=natural)
