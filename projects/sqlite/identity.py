"""Is the database file still the one that the server started with, and may it be written?

A file that was deleted or replaced (`git clean -fdX`, a restored copy) stays open in our connections:
they would go on writing what nobody will ever read.
"""

from __future__ import annotations

import os

from django.db import connection

_known: tuple[int, int] | None = None
_writable = True


def path() -> str:
    """Return the database file's path."""
    name: str | os.PathLike[str] = connection.settings_dict["NAME"]
    return os.fspath(name)


def remember() -> None:
    """Note which file is there now; before the fork, so that the workers know it too."""
    global _known
    _known = _identity()


def forget() -> None:
    """Compare no more."""
    global _known
    _known = None


def is_unchanged() -> bool:
    """Tell whether the file is the one that was noted; also where none was."""
    return _known is None or _identity() == _known


def became_writable() -> bool:
    """Tell that the file may be written, and could not be when this was asked before."""
    global _writable
    before, _writable = _writable, os.access(path(), os.W_OK)
    return _writable and not before


def _identity() -> tuple[int, int] | None:
    try:
        status = os.stat(path())
    except OSError:
        return None
    return status.st_dev, status.st_ino
