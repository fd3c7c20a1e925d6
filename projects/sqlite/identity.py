"""Detect a database file that was deleted or replaced, or that became writable.

After `git clean -fdX` or a restored backup, our connections keep the old file open: everything they write would
be lost.
"""

from __future__ import annotations

import os

from django.db import connection

_known: tuple[int, int] | None = None
_writable = True


def path() -> str:
    """Return the path of the database file."""
    name: str | os.PathLike[str] = connection.settings_dict["NAME"]
    return os.fspath(name)


def remember() -> None:
    """Record the identity of the current file. Call it before the fork, so that the workers inherit it."""
    global _known
    _known = _identity()


def forget() -> None:
    """Forget the recorded file; `is_unchanged` then returns True."""
    global _known
    _known = None


def is_unchanged() -> bool:
    """Return True if the file is the recorded one, or if none was recorded."""
    return _known is None or _identity() == _known


def became_writable() -> bool:
    """Return True if the file is writable now but was not at the previous call."""
    global _writable
    before, _writable = _writable, os.access(path(), os.W_OK)
    return _writable and not before


def _identity() -> tuple[int, int] | None:
    try:
        status = os.stat(path())
    except OSError:
        return None
    return status.st_dev, status.st_ino
