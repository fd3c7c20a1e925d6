"""Django's secret key: created once per config directory, private, never taken from the repository."""

from __future__ import annotations

import contextlib
import os
import secrets

from discovery import safe_files

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
    with contextlib.suppress(OSError):
        if os.path.lexists(path) and not _read(path):
            os.unlink(path)
        safe_files.write(path, made, overwrite=False)  # another start may be first: use its key
    return _read(path) or made


def _read(path: str) -> str:
    """Return the key, or "" if the file is missing or untrusted."""
    try:
        fileno = safe_files.open_regular(path)
    except safe_files.FileError:
        return ""
    try:
        status = os.fstat(fileno)
        # Not exactly 0600: FAT mounted for one user shows 0700 for every file. Two links: while it gets its name.
        if status.st_mode & 0o077 or status.st_nlink > 2:
            return ""
        key = os.read(fileno, 1024).decode("ascii", "ignore").strip()
    finally:
        os.close(fileno)
    return key if len(key) >= MINIMUM_LENGTH else ""
