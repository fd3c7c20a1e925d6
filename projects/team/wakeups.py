"""Wake requests that wait for news when the board changes, on whatever node; see discovery.parking.

Each worker of a team's server has a thread with a connection of its own, which looks for the newest activity every
second. On PostgreSQL it also listens: a trigger notifies with each transaction that changes the board, so news arrives
in milliseconds. Where notifications get lost, the look is what remains.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, connection

from discovery import parking
from projects.engine import IS_POSTGRES
from projects.models.activity import latest_id

CHANNEL = "pm_activity"  # as in the trigger
LOOK = 1.0  # seconds between two looks
REST = 0.02  # seconds: a busy board has a hundred changes a second, and readers of their own

logger = logging.getLogger(__name__)


def start(**kwargs: object) -> None:
    """Follow the board in this worker; a receiver of `worker_started`."""
    threading.Thread(target=follow, args=(parking.current.report,), name="wakeups", daemon=True).start()


def follow(report: Callable[[int | None], None]) -> None:
    """Report the newest activity whenever it changes, and None while the database does not answer. Never returns."""
    while True:
        try:
            _listen()
            while True:
                report(latest_id())
                time.sleep(REST)
                _await_notification()
        except DatabaseError as error:
            report(None)
            logger.debug("the newest change is unknown: %s", error)
        finally:
            _disconnect()
        time.sleep(LOOK)


def _listen() -> None:
    if IS_POSTGRES:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")


def _disconnect() -> None:
    if IS_POSTGRES and connection.connection is not None:
        connection.connection.close()  # else a pool would give one that listens to a request
    connection.close()


def _await_notification() -> None:
    """Wait for a notification, but at most LOOK seconds."""
    if not IS_POSTGRES:
        time.sleep(LOOK)
        return
    with connection.wrap_database_errors:
        for _ in connection.connection.notifies(timeout=LOOK, stop_after=1):
            pass
