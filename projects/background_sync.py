"""Run `pm sync` at the interval that this clone was joined with, one process at a time.

The master of the server starts it and never waits for it. A sync that is killed at any moment does no harm.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from django.db import DatabaseError, connection

from projects.client.board_sync import MAX_BACKOFF
from projects.client.launcher import MANAGE
from projects.sync.git_store import NAME

LOOK = 4.0  # seconds between looks at the interval
LAST_WORDS = 0.5  # seconds that a stopping server waits for the sync to end
MAX_OUTPUT = 1 << 16  # bytes of its messages
MAX_ERROR = 500  # characters that are stored
# Settings of commands that could lead the sync to another server or start one.
NOT_PASSED = {"PM_SERVER_URL", "PM_TOKEN", "PM_AUTOSTART", "PM_ACTOR", "PM_CONFIG_DIR"}

logger = logging.getLogger(__name__)


class _Run:
    """A running `pm sync`."""

    def __init__(self, directory: str) -> None:
        self.output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by `error`
        self.messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by `error`
        environ = {name: value for name, value in os.environ.items() if name not in NOT_PASSED}
        self.process = subprocess.Popen(
            [sys.executable, MANAGE, "pm", "sync"],
            env={**environ, "PM_CONFIG_DIR": directory, "PM_BACKGROUND": "1"},
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.messages,
            start_new_session=True,  # no terminal: nothing can ask for a password
        )

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def error(self) -> str:
        """Return why the ended sync failed, "" if it did not.

        The exit status is unknown: the master may have reaped the process.
        """
        with self.output, self.messages:
            if self.output.seek(0, os.SEEK_END):
                return ""
            self.messages.seek(max(0, self.messages.seek(0, os.SEEK_END) - MAX_OUTPUT))
            last = (self.messages.read().splitlines() or [b""])[-1]
        try:
            found = json.loads(last)["error"]
            return "" if found["code"] == "SYNC_OFF" else str(found["message"])
        except (ValueError, KeyError, TypeError):
            return "the sync ended without an answer"


class BackgroundSync:
    """Start a sync when it is due, and record why it failed."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._run: _Run | None = None
        self._next_look = 0.0
        self._ended = 0.0
        self._failures = 0
        self._error = ""

    def look(self) -> None:
        """Check once; call this every few seconds."""
        if self._run is not None:
            if self._run.has_ended():
                run, self._run = self._run, None
                self._finish(run.error())
            return
        now = time.monotonic()
        # Until a clone joins a board this costs one stat.
        if now < self._next_look or not os.path.lexists(os.path.join(self._directory, NAME)):
            return
        self._next_look = now + LOOK
        interval = self._interval()
        pause = min(interval * 2.0**self._failures, max(interval, MAX_BACKOFF))
        if interval and (not self._ended or now - self._ended >= pause):
            try:
                self._run = _Run(self._directory)
            except OSError as error:
                self._finish(f"the sync can't be started: {error.strerror}")

    def stop(self) -> None:
        """End a running sync, and the git that it runs."""
        if self._run is None or self._run.has_ended():
            return
        # pm ends its git when it is interrupted.
        with suppress(ProcessLookupError):
            os.kill(self._run.process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self._run.process.wait(LAST_WORDS)

    def _finish(self, error: str) -> None:
        self._ended = time.monotonic()
        self._failures = min(self._failures + 1, 16) if error else 0
        if error != self._error:
            if error:
                logger.warning("the board was not synchronized: %s", error)
            else:
                logger.info("the board is synchronized again")
        from projects.models import SyncBoard

        if error or self._error:
            with _database():
                SyncBoard.objects.filter(pk=1).update(error=error[:MAX_ERROR])
        self._error = error

    def _interval(self) -> int:
        """Return the seconds between syncs; 0 if there are none."""
        from projects.models import SyncBoard

        with _database():
            board = SyncBoard.joined()
            return board.interval if board else 0
        return 0


@contextmanager
def _database() -> Iterator[None]:
    """Ignore errors of the database, which may be gone by the next look; close it, as it must not cross a fork."""
    try:
        yield
    except DatabaseError as error:
        logger.debug("the database can't be used for a background sync: %s", error)
    finally:
        connection.close()
