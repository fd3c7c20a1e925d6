"""What the first page of the settings shows: users to confirm, files, and how this clone is shared."""

from __future__ import annotations

from django.conf import settings

from projects import engine
from projects.loose_types import Context
from projects.models import User, rights
from projects.web import sync_page

MOST_USERS = 300
PAGES = (  # name, words, route
    ("general", "General", "settings"),
    ("projects", "Projects", "settings-projects"),
    ("labels", "Labels", "settings-labels-all"),
    ("people", "People and agents", "settings-people"),
    ("deleted", "Deleted items", "settings-deleted-all"),
)
# What the first page and the page of a project hold: words, ID. The command palette leads there.
PARTS = (
    ("Import", "s-files"),
    ("Export", "s-files"),
    ("Backup", "s-backup"),
    ("Restore a backup", "s-backup"),
    ("Sync", "s-sync"),
)
PARTS_OF_PROJECT = (("Columns", "p-columns"), ("Policies", "s-policies"), ("Checks", "s-checks"))


def context(user: User) -> Context:
    """Return the context of the page for the signed-in user."""
    return {
        "unconfirmed": list(User.objects.filter(is_kind_confirmed=False).order_by("username")[:MOST_USERS]),
        **sync_page.context(),
        "may_change": user.acts_as_person and rights.may_administer(),
        "may_restore": user.is_superuser,
        "backs_up_itself": not engine.IS_POSTGRES,
        "is_clone": not settings.PM_TEAM,
    }
