"""Notice when the code of the running server is removed.

A virtual environment may be removed while its server runs (`pipx reinstall`, `rm -rf .venv`).
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Sequence

import django

from discovery.signals import ServerStop

logger = logging.getLogger("discovery")

PATIENCE = 30.0  # seconds, so that a reinstallation can finish on a slow or busy machine


def own_files() -> list[str]:
    """Return one file each of this package, Django and the site."""
    site = sys.modules.get(os.environ.get("DJANGO_SETTINGS_MODULE", ""))
    files = (__file__, django.__file__, getattr(site, "__file__", None))
    return [path for path in files if path and os.path.exists(path)]  # a zip file has none


class CodeWatch:
    """Watch files that a server needs."""

    def __init__(self, files: Sequence[str]) -> None:
        self.files = files
        self.missing_since: float | None = None

    def look(self) -> None:
        """Raise ServerStop if a file has been missing for PATIENCE seconds."""
        missing = next((path for path in self.files if not os.path.exists(path)), None)
        if missing is None:
            self.missing_since = None
            return
        now = time.monotonic()
        if self.missing_since is None:
            logger.warning("%s is missing; the server stops unless it comes back", missing)
            self.missing_since = now
        elif now - self.missing_since >= PATIENCE:
            raise ServerStop(f"{missing} was removed while the server was running; install it again, then restart")
