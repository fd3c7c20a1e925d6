"""What `projects.sqlite.identity` says of the database's file. Here there is none: a lost connection says so itself."""

from __future__ import annotations

import os

from django.conf import settings


def path() -> str:
    """Return a path in the folder of this node."""
    return os.path.join(settings.DISCOVERY_DIR, "data.db")


def remember() -> None: ...


def forget() -> None: ...


def is_unchanged() -> bool:
    return True


def became_writable() -> bool:
    return False
