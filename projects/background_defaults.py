"""Take the defaults of questions whose time is over.

The master of the server looks for them: a read, which waits for nobody. The write may have to wait for other writers,
so a process of its own does it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time

from django.db import DatabaseError, connection
from django.utils import timezone

from projects.client.launcher import MANAGE

LOOK = 4.0  # seconds between looks

logger = logging.getLogger(__name__)


class BackgroundDefaults:
    """Run `take_defaults` when a default is due."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._next_look = 0.0

    def look(self) -> None:
        """Check once; call this every few seconds."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            self._process = None
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK
        if not self._is_due():
            return
        try:
            self._process = subprocess.Popen(
                [sys.executable, MANAGE, "take_defaults"],
                env={**os.environ, "PM_CONFIG_DIR": self._directory},
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        except OSError as error:
            logger.warning("the default of a question can't be taken: %s", error.strerror)

    @staticmethod
    def _is_due() -> bool:
        from projects.models import Question

        try:
            return Question.objects.due(timezone.now()).exists()
        except DatabaseError as error:  # the database may be gone by the next look
            logger.debug("the database can't be used to look for defaults: %s", error)
        finally:
            connection.close()  # an open connection must not cross the fork of the next worker
        return False
