"""Back up the database through the server, and restore a backup while no server runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import time

from discovery import lock, portfile, safe_files
from projects import workspace
from projects.client import atomic_files, transfer
from projects.client.errors import FileRefused
from projects.client.resolution import port_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import BinaryIO

    from projects.client.context import Context

DATABASE = "data.db"
FOLDER = "backups"  # in the config directory, whose .gitignore ignores it
PATIENCE = 2.0  # seconds: other processes hold the lock briefly to probe it


def default_path(context: Context) -> str:
    """Return a new path in the config directory, named after the current time."""
    folder = os.path.join(context.directory, FOLDER)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise FileRefused(f"{folder} can't be created: {error.strerror}") from None
    return os.path.join(folder, f"{now()}.db")


def make(context: Context, path: str, *, force: bool = False) -> None:
    """Write a verified copy of the server's database to `path`, readable only by its owner. Raises FileRefused."""
    if os.path.lexists(path) and not force:
        raise FileRefused(f"{path} exists; choose another name, or replace it with --force")
    if os.path.realpath(path) == os.path.realpath(os.path.join(context.directory, DATABASE)):
        raise FileRefused(f"{path} is the database itself; choose another name")
    with atomic_files.written(path, private=True) as file:
        transfer.backup(context, file)
        file.flush()
        _check(file.name if isinstance(file.name, str) else file, path)


def restore(context: Context, path: str) -> str | None:
    """Replace the database with the backup; return the path of the old database, None if there was none.

    Raises FileRefused if a server runs, or the file is not an intact pm database.
    """
    directory = context.directory
    database = os.path.join(directory, DATABASE)
    try:
        workspace.create(directory)
        with open(path, "rb") as backup:
            held = lock.hold(portfile.lock_path(port_file(context.directory)), wait=PATIENCE)
            try:
                with safe_files.Replacement(database, sync_folder=True) as new:
                    shutil.copyfileobj(backup, new.file)
                    new.file.flush()
                    _check(new.temporary, path)
                    return _set_aside(database)
            finally:
                held.release()
    except lock.LockTaken:
        raise FileRefused(f"a server is running for {directory}; stop it first: pm server stop") from None
    except workspace.WorkspaceError as error:
        raise FileRefused(str(error)) from None
    except OSError as error:
        raise FileRefused(f"{error.filename or path}: {error.strerror or error}") from None


def _check(source: str | BinaryIO, name: str) -> None:
    """Raise FileRefused unless `source`, a path or an open file, is an intact pm database."""
    import sqlite3

    try:
        with contextlib.closing(_connect(source)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        from projects import storage

        length = len(os.fsencode(os.path.abspath(source))) if isinstance(source, str) else 0
        if length > storage.MAX_DATABASE_PATH:
            limit = f"its path has {length} bytes; SQLite allows at most {storage.MAX_DATABASE_PATH}"
            raise FileRefused(f"{name} can't be checked: {limit}") from None
        raise FileRefused(f"{name} is not a usable database: {error}") from None
    if found != "ok":
        raise FileRefused(f"{name} is damaged: {found}")
    if not {"django_migrations", "projects_project"} <= tables:
        raise FileRefused(f"{name} is a database, but not a pm database")


def _connect(source: str | BinaryIO) -> sqlite3.Connection:
    import sqlite3
    from urllib.parse import quote

    if isinstance(source, str):
        # Immutable: the check must not create -wal and -shm files.
        return sqlite3.connect(f"file:{quote(os.fsencode(source))}?mode=ro&immutable=1", uri=True)
    connection = sqlite3.connect(":memory:")
    source.seek(0)
    connection.deserialize(source.read())
    return connection


def _set_aside(database: str) -> str | None:
    """Give the database, if there is one, a second path before it is replaced; return that path."""
    kept = None
    if os.path.lexists(database):
        fold_in(database)
        kept = f"{database}.before-{now()}"
        try:
            os.link(database, kept, follow_symlinks=False)  # the database exists at every moment
        except OSError as error:
            if not safe_files.lacks_hard_links(error):
                raise
            os.rename(database, kept)  # a file system without hard links, such as FAT
        for suffix in ("-wal", "-shm"):  # not checkpointed: they belong to the old database
            with contextlib.suppress(FileNotFoundError):
                os.rename(database + suffix, kept + suffix)
    else:
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(database + suffix)
    return kept


def fold_in(database: str) -> None:
    """Checkpoint the old database's WAL; a damaged database is left as it is."""
    import sqlite3

    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database, timeout=1)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def now() -> str:
    """Return the present time as a part of a file name."""
    # To the microsecond, so that two backups in one second get different names.
    moment = time.time()
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(moment)) + f".{int(moment % 1 * 1e6):06d}Z"
