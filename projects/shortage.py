"""Say to whoever asked that the machine lacks something for now: the system's own words are for the log."""

from __future__ import annotations

import errno
import os

from django.db import OperationalError

_OF_THE_SYSTEM = {errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOMEM, errno.EAGAIN}
_OF_SQLITE = {  # what it says, in part, and what that means to a person
    "database or disk is full": "the disk is full; make room and try again",
    "readonly database": "the database can't be written: its file or file system is read-only",
    "disk I/O error": "the disk failed, or is full; the server's log says more",
}


def explain(error: Exception) -> str | None:
    """Return a sentence for the answer to a request that met `error`; None where it tells of no shortage."""
    if isinstance(error, OperationalError):
        text = str(error)
        known = (meaning for part, meaning in _OF_SQLITE.items() if part in text)
        return next(known, "the database can't be used now; try again")
    if isinstance(error, OSError) and error.errno in _OF_THE_SYSTEM:
        return f"the server can't do this now: {os.strerror(error.errno)}"
    return None
