"""Map resource errors (disk full, EMFILE, read-only file system) to messages for a 503 response."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError

_OF_THE_SYSTEM = {errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOMEM, errno.EAGAIN}
_OF_SQLITE = {  # part of SQLite's message: the message for the user
    "database or disk is full": "the disk is full; free some space and try again",
    "readonly database": "can't write to the database: its file or file system is read-only",
    "disk I/O error": "the disk failed or is full; see the server's log",
}
_OF_POSTGRESQL = {  # its SQLSTATE: the message for the user
    "53100": "the disk of the database is full; try again when its operator has freed some space",
    "25006": "the database is read-only, as a standby is; try again when its operator has changed that",
    "40001": "others changed the same rows; try again",
    "40P01": "others changed the same rows; try again",
    "55P03": "others have been writing for too long; try again",
    "57014": "the database took too long; try again",
}


class CommitInDoubt(OperationalError):
    """The connection was lost during a COMMIT, so the change may have been stored."""


def explain(error: Exception) -> str | None:
    """Return the message for a request that failed with `error`; None if it is not a resource error."""
    if any(isinstance(each, CommitInDoubt) for each in _with_contexts(error)):
        return "the database was lost during the commit; it may have been done anyway: check before you retry"
    state = str(getattr(error.__cause__, "sqlstate", None) or "")  # of PostgreSQL
    if state in _OF_POSTGRESQL:
        return _OF_POSTGRESQL[state]
    if isinstance(error, OperationalError | InterfaceError):
        text = str(error)
        known = (meaning for part, meaning in _OF_SQLITE.items() if part in text)
        return next(known, "the database is temporarily unavailable; try again")
    if isinstance(error, OSError) and error.errno in _OF_THE_SYSTEM:
        return f"the server is temporarily out of resources: {os.strerror(error.errno)}"
    return None


def _with_contexts(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those during which it was raised: Django connects again after a COMMIT that failed."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
