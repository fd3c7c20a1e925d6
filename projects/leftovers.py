"""Temporary files that killed processes left in the config directory."""

from __future__ import annotations

import os
from contextlib import suppress
from fnmatch import fnmatch

from discovery import filesystem

# A backup being restored, a secret key not linked yet, a probe of the file system.
PATTERNS = (".data.db.*.tmp", ".secret_key.*.tmp", f"{filesystem.PREFIX}*{filesystem.SUFFIX}")


def remove(directory: str) -> None:
    """Remove them; the caller holds the server's lock, so no other process uses them."""
    for name in os.listdir(directory):
        if any(fnmatch(name, pattern) for pattern in PATTERNS):
            with suppress(FileNotFoundError):  # a concurrent file system check removes its own
                os.unlink(os.path.join(directory, name))
