"""A copy of the database that is consistent though the server writes on, and that SQLite finds nothing wrong with."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import sqlite3
import tempfile
from typing import IO

from django.db import OperationalError, connection

PREFIX = ".backup-"  # hidden: what it names is removed


def copy() -> IO[bytes]:
    """Return a copy of the database, open for reading; its file is gone when it is closed.

    Raises OperationalError where the copy can't be made or is broken.
    """
    connection.ensure_connection()
    # Beside the database: what holds that has room for the copy, and is nobody else's to read.
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=_folder()) as scratch:
        path = os.path.join(scratch, "copy.db")
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            with contextlib.closing(sqlite3.connect(path)) as target:
                # In one step, which is one read transaction: no writer can come in between.
                connection.connection.backup(target, pages=-1)
                target.execute("PRAGMA journal_mode = DELETE")  # one file, without a -wal
                (found,) = target.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            raise OperationalError(str(error)) from error
        if found != "ok":
            raise OperationalError(f"the copy is broken: {found}")
        return open(path, "rb")


def remove_leftovers() -> None:
    """Remove copies that were in the making when a server was killed; while no server serves."""
    for scratch in glob.glob(os.path.join(glob.escape(_folder()), f"{PREFIX}*", "")):
        shutil.rmtree(scratch, ignore_errors=True)


def _folder() -> str:
    name: str | os.PathLike[str] = connection.settings_dict["NAME"]
    return os.path.dirname(os.path.abspath(name))
