"""What processes that were killed left in the config directory."""

from __future__ import annotations

import os
from fnmatch import fnmatch

PATTERNS = (".data.db.*.tmp", ".secret_key.*.tmp")  # a backup that is being put back, a key not linked yet


def remove(directory: str) -> None:
    """Remove them; call it under the server's lock, for then none of them is anybody's."""
    for name in os.listdir(directory):
        if any(fnmatch(name, pattern) for pattern in PATTERNS):
            os.unlink(os.path.join(directory, name))
