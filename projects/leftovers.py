"""What processes that were killed left in the config directory."""

from __future__ import annotations

import os
from contextlib import suppress
from fnmatch import fnmatch

from discovery import filesystem

# A backup that is being put back, a key not linked yet, a file that tried the file system.
PATTERNS = (".data.db.*.tmp", ".secret_key.*.tmp", f"{filesystem.PREFIX}*{filesystem.SUFFIX}")


def remove(directory: str) -> None:
    """Remove them; call it under the server's lock, for then none of them is anybody's."""
    for name in os.listdir(directory):
        if any(fnmatch(name, pattern) for pattern in PATTERNS):
            with suppress(FileNotFoundError):  # a check of the file system removes its own
                os.unlink(os.path.join(directory, name))
