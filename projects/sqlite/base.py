"""Django's SQLite backend, with private files and a queue of the writers.

A transaction begins with BEGIN IMMEDIATE (settings), so each one is a writer's; reads are in autocommit
and never wait.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from projects.sqlite.queue import queue_for


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if not self.is_in_memory_db():
            _make_private(conn_params["database"])
        return super().get_new_connection(conn_params)

    def _start_transaction_under_autocommit(self) -> None:
        if self.is_in_memory_db():
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
            return
        queue = queue_for(self.settings_dict["NAME"])
        if not queue.acquire(self, self.settings_dict["OPTIONS"].get("timeout", 5.0)):
            raise OperationalError("database is locked")
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            queue.release(self)
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            self._leave_queue()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._leave_queue()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._leave_queue()

    def _leave_queue(self) -> None:
        if not self.is_in_memory_db():
            queue_for(self.settings_dict["NAME"]).release(self)


def _make_private(path: str | os.PathLike[str]) -> None:
    """Create the database file with mode 0600 where it is missing; its -wal and -shm get the same mode.

    An existing file is not even opened: closing it would drop the locks that SQLite holds on it.
    """
    with contextlib.suppress(OSError):  # what is wrong SQLite says itself
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
