"""Copies of the database: fetched from the server, checked, and put back while no server runs."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time

from discovery import lock, portfile
from projects import workspace
from projects.client import files, transfer
from projects.client.errors import FileRefused
from projects.client.resolution import port_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import BinaryIO

    from projects.client.context import Context

DATABASE = "data.db"
FOLDER = "backups"  # in the config directory, whose .gitignore ignores it
PATIENCE = 2.0  # seconds: others probe the lock for a moment


def default_path(context: Context) -> str:
    """Return a new path in the config directory, named after the time."""
    folder = os.path.join(context.directory, FOLDER)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise FileRefused(f"{folder} can't be made: {error.strerror}") from None
    return os.path.join(folder, f"{_now()}.db")


def make(context: Context, path: str, *, force: bool = False) -> None:
    """Write a checked copy of the server's database to `path`, for nobody else to read. Raises FileRefused."""
    if os.path.lexists(path) and not force:
        raise FileRefused(f"{path} exists; take another name, or replace it with --force")
    if os.path.realpath(path) == os.path.realpath(os.path.join(context.directory, DATABASE)):
        raise FileRefused(f"{path} is the database itself; take another name")
    with files.written(path, private=True) as file:
        transfer.backup(context, file)
        file.flush()
        _check(file.name if isinstance(file.name, str) else file, path)


def restore(context: Context, path: str) -> str | None:
    """Put the backup in the database's place; return where the old one is kept, None where there was none.

    Raises FileRefused where a server runs, or the file is no whole database of pm.
    """
    directory = context.directory
    database = os.path.join(directory, DATABASE)
    try:
        workspace.create(directory)
        with open(path, "rb") as backup:
            held = lock.hold(portfile.lock_path(port_file(context)), wait=PATIENCE)
            try:
                temporary = os.path.join(directory, f".{DATABASE}.{os.getpid()}.tmp")
                try:
                    _copy(backup, temporary)
                    _check(temporary, path)
                    return _swap(temporary, database)
                finally:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(temporary)
            finally:
                held.release()
    except lock.LockTaken:
        raise FileRefused(f"a server runs for {directory}; stop it first: pm server stop") from None
    except workspace.WorkspaceError as error:
        raise FileRefused(str(error)) from None
    except OSError as error:
        raise FileRefused(f"{error.filename or path}: {error.strerror or error}") from None


def _copy(backup: BinaryIO, target: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(target, flags, 0o600), "wb") as copy:
        shutil.copyfileobj(backup, copy)
        copy.flush()
        os.fsync(copy.fileno())


def _check(source: str | BinaryIO, name: str) -> None:
    """Raise FileRefused unless `source`, a path or a file without one, is a database of pm and not damaged."""
    import sqlite3

    try:
        with contextlib.closing(_connect(source)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        from projects import storage

        length = len(os.fsencode(os.path.abspath(source))) if isinstance(source, str) else 0
        if length > storage.MAX_DATABASE_PATH:
            limit = f"its path has {length} bytes, and SQLite opens at most {storage.MAX_DATABASE_PATH}"
            raise FileRefused(f"{name} can't be checked: {limit}") from None
        raise FileRefused(f"{name} is no database that can be used: {error}") from None
    if found != "ok":
        raise FileRefused(f"{name} is broken: {found}")
    if not {"django_migrations", "projects_project"} <= tables:
        raise FileRefused(f"{name} is a database, but not one of pm")


def _connect(source: str | BinaryIO) -> sqlite3.Connection:
    import sqlite3
    from urllib.parse import quote

    if isinstance(source, str):
        # Immutable: a look must not make -wal and -shm files beside it.
        return sqlite3.connect(f"file:{quote(os.fsencode(source))}?mode=ro&immutable=1", uri=True)
    connection = sqlite3.connect(":memory:")
    source.seek(0)
    connection.deserialize(source.read())
    return connection


def _swap(new: str, database: str) -> str | None:
    """Let `new` be the database; return where the old one went."""
    kept = None
    if os.path.lexists(database):
        _fold_in(database)
        kept = f"{database}.before-{_now()}"
        try:
            os.link(database, kept, follow_symlinks=False)  # at no moment is there none
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            os.rename(database, kept)  # a file system without hard links, such as FAT
        for suffix in ("-wal", "-shm"):  # what could not be folded in belongs to the old one
            with contextlib.suppress(FileNotFoundError):
                os.rename(database + suffix, kept + suffix)
    else:
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(database + suffix)
    os.replace(new, database)
    files.sync_folder(database)
    return kept


def _fold_in(database: str) -> None:
    """Write what stands in the old database's -wal into it; a broken one stays as it is."""
    import sqlite3

    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(database, timeout=1)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _now() -> str:
    # To the microsecond: two of one second must not meet.
    moment = time.time()
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(moment)) + f".{int(moment % 1 * 1e6):06d}Z"
