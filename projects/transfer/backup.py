"""Consistent, integrity-checked copies of the database, taken while the server keeps writing."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from typing import IO

from django.db import OperationalError, connection

from projects.engine import IS_POSTGRES
from projects.models.exceptions import Conflict
from projects.stale_files import BACKUP_PREFIX

ELSEWHERE = (
    "the board is on PostgreSQL, whose operator backs it up: pg_dump --format custom --file pm.dump DATABASE; "
    "a file of the board's contents: pm sync export --output FILE"
)


def copy() -> IO[bytes]:
    """Return a copy of the database, open for reading. The file is already unlinked; closing it frees the space.

    Raises OperationalError if the copy fails or is corrupt.
    """
    if IS_POSTGRES:
        raise Conflict(ELSEWHERE)
    connection.ensure_connection()
    # Same directory as the database: the same disk space and access rights apply.
    with tempfile.TemporaryDirectory(prefix=BACKUP_PREFIX, dir=_folder()) as scratch:
        path = os.path.join(scratch, "copy.db")
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            with contextlib.closing(sqlite3.connect(path)) as target:
                # pages=-1 copies everything in one read transaction, so no writer can interleave.
                connection.connection.backup(target, pages=-1)
                target.execute("PRAGMA journal_mode = DELETE")  # a single file, no -wal
                (found,) = target.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            raise OperationalError(str(error)) from error
        if found != "ok":
            raise OperationalError(f"the copy is corrupt: {found}")
        return open(path, "rb")


def _folder() -> str:
    name: str | os.PathLike[str] = connection.settings_dict["NAME"]
    return os.path.dirname(os.path.abspath(name))
