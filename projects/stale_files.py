"""Remove the temporary files that killed processes left in the config directory."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from fnmatch import fnmatch

from discovery import filesystem

BACKUP_PREFIX = ".backup-"  # of the hidden directories in which backups are made
# A backup being restored, a secret key before it got its name, a probe of the file system.
PATTERNS = (".data.db.*.tmp", ".secret_key.*.tmp", f"{filesystem.PREFIX}*{filesystem.SUFFIX}")


def remove(directory: str) -> None:
    """Remove them; the caller holds the server's lock, so no other process uses them."""
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if name.startswith(BACKUP_PREFIX) and os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        elif any(fnmatch(name, pattern) for pattern in PATTERNS):
            with suppress(FileNotFoundError):  # a concurrent file system check removes its own
                os.unlink(path)
