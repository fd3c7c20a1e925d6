"""Django's secret key: created once per config directory, private, never taken from the repository."""

from __future__ import annotations

import errno
import os
import secrets
import stat

FILE_NAME = "secret_key"
MINIMUM_LENGTH = 50  # characters; Django's check requires as many


def load(directory: str) -> str:
    """Return the key of `directory`, created if missing; it is not saved if the directory is missing or read-only.

    A file that is not regular, not ours, or readable by others may be compromised: it is replaced.
    """
    path = os.path.join(directory, FILE_NAME)
    key = _read(path)
    if key:
        return key
    made = secrets.token_urlsafe(MINIMUM_LENGTH)
    if not os.path.isdir(directory) or not os.access(directory, os.W_OK):
        return made
    temporary = os.path.join(directory, f".{FILE_NAME}.{secrets.token_hex(8)}.tmp")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        if os.path.lexists(path) and not _read(path):
            os.unlink(path)
        _place(temporary, path)
    except OSError:
        pass
    finally:
        if os.path.lexists(temporary):
            os.unlink(temporary)
    return _read(path) or made


def _place(temporary: str, path: str) -> None:
    """Move the key to `path` unless another start was first; then use that key."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        os.rename(temporary, path)  # a file system without hard links, such as FAT


def _read(path: str) -> str:
    """Return the key, or "" if the file is missing or untrusted."""
    try:
        fileno = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        status = os.fstat(fileno)
        # Not exactly 0600: FAT mounted for one user shows 0700 for every file.
        private = stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077 and status.st_nlink <= 2
        if not private or status.st_uid != os.geteuid():
            return ""
        key = os.read(fileno, 1024).decode("ascii", "ignore").strip()
    finally:
        os.close(fileno)
    return key if len(key) >= MINIMUM_LENGTH else ""
