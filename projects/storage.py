"""Explain why the config directory or its database can't be used, and how to fix it.

Each explanation is a pair: the reason and the remedy. A start, `pm init` and `pm doctor` share them.
Standard library only.
"""

from __future__ import annotations

import errno
import os

from discovery import filesystem

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    Trouble = tuple[str, str]

ELSEWHERE = "set PM_CONFIG_DIR to a directory on another file system"
SHORTER = "set PM_CONFIG_DIR to a directory with a shorter path"
# SQLite opens paths of up to 512 bytes, including "-journal" (MAX_PATHNAME in os_unix.c). The longest name
# below the directory, that of an unfinished backup, takes 60 of them.
MAX_DATABASE_PATH = 504  # bytes
MAX_DIRECTORY_PATH = 440  # bytes
# SQLite's errors if the file system can't lock or share a file; other I/O errors may mean a failing disk.
UNSUPPORTED = ("IOERR_SHM", "IOERR_LOCK", "IOERR_RDLOCK", "IOERR_UNLOCK", "IOERR_CHECKRESERVEDLOCK", "PROTOCOL")
DAMAGED = ("NOTADB", "CORRUPT")


def check(directory: str) -> Trouble | None:
    """Return why `directory`, which need not exist, can't hold a board; None if it can. Raises OSError."""
    length = len(os.fsencode(directory))
    if length > MAX_DIRECTORY_PATH:
        limit = f"SQLite's limit of {MAX_DATABASE_PATH} leaves room for {MAX_DIRECTORY_PATH}"
        return f"its path has {length} bytes; {limit}", SHORTER
    try:
        filesystem.try_out(filesystem.nearest(directory))
    except filesystem.Unsuitable as error:
        if not os.path.lexists(os.path.join(directory, "data.db")):
            return str(error), ELSEWHERE
        board = f"{directory} has a board: first copy data.db, and data.db-wal if there is one, there"
        return str(error), f"{ELSEWHERE}; {board}"
    return None


def choose_temporary_directory(directory: str) -> None:
    """Use the config directory for temporary files (Python's and SQLite's) if the system has no directory for them."""
    import tempfile

    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = os.environ["SQLITE_TMPDIR"] = directory


def explain(error: OSError, path: str) -> Trouble:
    """Return why `path` could not be opened or created."""
    reason = filesystem.explain(error, path)
    where = filesystem.nearest(path)
    if error.errno == errno.EROFS:
        return reason, f"remount it read-write, or {ELSEWHERE}"
    if error.errno == errno.ENAMETOOLONG:
        return reason, SHORTER
    if error.errno in (errno.EACCES, errno.EPERM):
        owner = filesystem.foreign_owner(path)
        if owner is not None:
            return reason, hand_over(path, owner)
        if filesystem.foreign_owner(where) is not None:
            return reason, "set PM_CONFIG_DIR to a directory of your own"
        if error.errno == errno.EPERM and _mode_allows(where):
            return reason, f"its mode allows it, so it may be immutable: chattr -i {_quoted(where)}"
        return reason, f"grant access: chmod u+rw{'x' if os.path.isdir(where) else ''} {_quoted(where)}"
    if error.errno == errno.EIO:
        return f"{reason} from {filesystem.describe(where)}", f"check that disk, or {ELSEWHERE}"
    return reason, "set PM_CONFIG_DIR to another directory"


def hand_over(path: str, owner: int) -> str:
    """Return what this user or `owner` can do about a config directory, or a file in one, that `owner` owns."""
    folder = os.path.dirname(path)
    command = f"chown -R {filesystem.user_name(os.geteuid())} {_quoted(path)}"
    if os.geteuid() != 0:
        command = f"sudo {command}"
    if _is_config_directory(folder) and filesystem.foreign_owner(folder) is None:
        return f"take it back: {command}"
    if os.geteuid() == 0:
        return f"run pm as {filesystem.user_name(owner)}, or set PM_CONFIG_DIR to a directory that root owns"
    if _is_config_directory(path) or _is_config_directory(folder):
        return f"if it should be yours: {command}; otherwise set PM_CONFIG_DIR to a directory of your own"
    return "set PM_CONFIG_DIR to a directory of your own"


def _is_config_directory(path: str) -> bool:
    """Return False if PM_CONFIG_DIR names another directory by mistake: never suggest taking ownership of /etc."""
    return os.path.basename(path) == ".pm" or os.path.lexists(os.path.join(path, "data.db"))


def inaccessible(path: str) -> Trouble | None:
    """Return why this process can't read and write the existing `path`; None if it can."""
    if os.access(path, os.R_OK | os.W_OK | (os.X_OK if os.path.isdir(path) else 0)):
        return None
    number = errno.EPERM if _mode_allows(path) else errno.EACCES
    if filesystem.is_read_only(path):
        number = errno.EROFS
    return explain(OSError(number, os.strerror(number)), path)


def _mode_allows(path: str) -> bool:
    """Return True for a file whose mode lets its owner read and write; chattr and others can still forbid it."""
    return os.path.isfile(path) and os.stat(path).st_mode & 0o600 == 0o600


def is_damage(error: sqlite3.Error) -> bool:
    """Return True if SQLite could read the file, but it is not a valid database."""
    return _name(error).startswith(DAMAGED)


def explain_sqlite(error: sqlite3.Error, path: str) -> Trouble | None:
    """Return why SQLite can't use the database at `path`; None if the file system and permissions are fine."""
    name = _name(error)
    if not name.startswith(("CANTOPEN", "READONLY", "PERM", "PROTOCOL", "IOERR")):
        return None
    path = os.path.abspath(path)
    for needed in (os.path.dirname(path), path, f"{path}-wal", f"{path}-shm"):
        # Uses access(2): opening and closing the file would release this process's locks on it.
        trouble = inaccessible(needed) if os.path.lexists(needed) else None
        if trouble is not None:
            return trouble
    length = len(os.fsencode(path))
    if name.startswith("CANTOPEN") and length > MAX_DATABASE_PATH:
        return f"its path has {length} bytes; SQLite allows at most {MAX_DATABASE_PATH}", SHORTER
    if name.startswith(UNSUPPORTED):
        return f"{filesystem.describe(path)} can't lock or share it as SQLite needs", ELSEWHERE
    if name.startswith("IOERR"):
        reason = f"{filesystem.describe(path)} could not read or write it"
        return reason, f"check that disk and its free space, or {ELSEWHERE}"
    return None


def _name(error: sqlite3.Error) -> str:
    """Return SQLite's name for the error, such as IOERR_SHMMAP."""
    return str(getattr(error, "sqlite_errorname", "")).removeprefix("SQLITE_")


def _quoted(path: str) -> str:
    from shlex import quote

    return quote(path)
