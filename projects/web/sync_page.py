"""What people see of sync in the settings, and before they turn it on."""

from __future__ import annotations

from projects import browser_sync
from projects.loose_types import Context
from projects.models import Project, User, WorkItem
from projects.sync import service

INTERVALS = ((300, "every 5 minutes"), (900, "every 15 minutes"), (3600, "every hour"), (0, "only by hand"))


def context() -> Context:
    """Return how this clone is shared, and the choices of its interval."""
    status = service.status()
    interval = status.get("interval")
    known = [(seconds, text, seconds == interval) for seconds, text in INTERVALS]
    if interval is not None and interval not in dict(INTERVALS):
        known.insert(0, (interval, f"every {interval} seconds", True))
    return {"sync": status, "intervals": known}


def confirmation(person: User) -> Context:
    """Return what a person must know before the board is shared."""
    return {
        "remotes": browser_sync.remotes(),
        "ref": browser_sync.REF,
        "person_name": person.username,
        "intervals": INTERVALS,
        "projects": Project.objects.living().count(),
        "items": WorkItem.objects.living().count(),
    }
