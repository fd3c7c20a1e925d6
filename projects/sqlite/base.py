"""Django's SQLite backend with private file modes and a queue for writers.

Transactions start with BEGIN IMMEDIATE (see settings), so every transaction is a write transaction. Reads run in
autocommit mode and never wait.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from projects import lock_waits, storage
from projects.sqlite.queue import queue_for
from projects.sqlite.schema import DatabaseSchemaEditor
from projects.today import today

MAX_LOG = 8 << 20  # bytes of the -wal file; SQLite checkpoints it from 4 MiB on, if no reader prevents it
MAX_KEPT_QUERY = 8192  # characters
CHECKPOINT_TIMEOUT = 2.0  # seconds that a commit waits for readers to let the checkpoint finish


if TYPE_CHECKING:

    class _DjangoWrapper(base.DatabaseWrapper):
        """Private methods of Django's wrapper that are overridden here; the stubs lack them."""

        def _start_transaction_under_autocommit(self) -> None: ...
        def _commit(self) -> None: ...
        def _rollback(self) -> None: ...
        def _close(self) -> None: ...

else:
    _DjangoWrapper = base.DatabaseWrapper


@functools.lru_cache(maxsize=1024)
def _with_question_marks(query: str) -> str:
    """Return the query with SQLite's placeholders; converting takes as long as running a short statement."""
    converted: str = base.SQLiteCursorWrapper.convert_query(None, query)  # type: ignore[arg-type]  # uses no cursor
    return converted


class CursorWrapper(base.SQLiteCursorWrapper):
    """Django's cursor, which converts each query only once."""

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        if param_names is None and len(query) < MAX_KEPT_QUERY:
            return _with_question_marks(query)
        converted: str = super().convert_query(query, param_names=param_names)
        return converted


class DatabaseWrapper(_DjangoWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    _log_length_before = 0  # bytes of the -wal file at the start of the transaction
    group_of_changes: uuid.UUID | None = None  # what the activity of this transaction shares
    narrowed: Callable[[str], str] | None = None  # of each statement; see projects.team.row_filter

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:  # Any: as in Django's stubs
        if not self.is_in_memory_db():
            _make_private(conn_params["database"])
        try:
            connection = super().get_new_connection(conn_params)
            connection.execute("PRAGMA schema_version")  # the first read opens the WAL and its shared memory
        except sqlite3.Error as error:
            reasons = storage.explain_sqlite(error, conn_params["database"])
            if reasons is None:
                raise
            raise type(error)(f"{error}: {'; '.join(reasons)}") from error
        # Shrink the WAL file when it is reset after a large transaction.
        connection.execute(f"PRAGMA journal_size_limit = {MAX_LOG}")
        connection.create_function("pm_casefold", 1, _casefold, deterministic=True)
        connection.create_function("pm_today", 0, lambda: today().isoformat())
        return connection

    def create_cursor(self, name: str | None = None) -> Any:  # Any: as in Django's stubs
        return self.connection.cursor(factory=CursorWrapper)

    def run(self, sql: str, parameters: Sequence[Any]) -> Any:  # Any: of any column; a cursor of either class
        """Run one statement with the placeholders %s; return its cursor.

        Django's layers around a cursor take longer than a prepared statement; they are used where statements are
        watched.
        """
        watched = len(self.execute_wrappers) > (self.narrowed is not None)
        if self.connection is None or watched or self.queries_logged:
            cursor = self.cursor()
            cursor.execute(sql, parameters)
            return cursor
        self.validate_no_broken_transaction()
        if self.narrowed is not None:
            sql = self.narrowed(sql)
        try:
            return self.connection.execute(_with_question_marks(sql), parameters)
        except sqlite3.Error:
            with self.wrap_database_errors:
                raise

    def run_later(self, sql: str, parameters: Sequence[Any]) -> Any:  # Any: as above
        """Run one statement now: nothing is saved by waiting, as there is no way to a server."""
        return self.run(sql, parameters)

    def _start_transaction_under_autocommit(self) -> None:
        self.group_of_changes = None
        if self.is_in_memory_db():
            super()._start_transaction_under_autocommit()
            return
        queue = queue_for(self.settings_dict["NAME"])
        limit = lock_waits.limit()
        if not queue.acquire(self, self._timeout() if limit is None else limit):
            if limit is not None:
                lock_waits.note_timeout()
            raise OperationalError("database is locked")
        try:
            if limit is None:
                super()._start_transaction_under_autocommit()
            else:
                self._begin_within(limit)
            self._log_length_before = self._log_length()
        except BaseException:
            queue.release(self)
            raise

    def _begin_within(self, limit: float) -> None:
        """Begin a transaction after other programs than ours, which do not queue; wait at most `limit` seconds."""
        self.connection.execute(f"PRAGMA busy_timeout = {limit * 1000:.0f}")
        try:
            super()._start_transaction_under_autocommit()
        except OperationalError:
            lock_waits.note_timeout()
            raise
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {self._timeout() * 1000:.0f}")

    def _timeout(self) -> float:
        return float(self.settings_dict["OPTIONS"].get("timeout", 5.0))

    def _commit(self) -> None:
        try:
            super()._commit()
            self._truncate_log()
        finally:
            self._release_queue()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._release_queue()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            self._release_queue()

    def _truncate_log(self) -> None:
        """Truncate the WAL when this transaction pushed it past a multiple of MAX_LOG.

        SQLite's automatic checkpoint resets the WAL only when there are no readers. Under constant reads that never
        happens, and the WAL grows without limit. While we hold the write queue, it is enough to wait for the current
        readers to finish. A long reader delays a commit at most once per `MAX_LOG` bytes.
        """
        if self.is_in_memory_db() or self._log_length() // MAX_LOG <= self._log_length_before // MAX_LOG:
            return
        timeout = self._timeout()
        deadline = time.monotonic() + min(CHECKPOINT_TIMEOUT, timeout)
        with contextlib.suppress(sqlite3.Error):  # the commit has succeeded
            # A longer timeout may wait for a read slot that readers keep passing on, though the old ones are gone.
            self.connection.execute("PRAGMA busy_timeout = 50")
            try:
                while self._checkpoint_is_blocked() and time.monotonic() < deadline:
                    pass
            finally:
                self.connection.execute(f"PRAGMA busy_timeout = {timeout * 1000:.0f}")

    def _checkpoint_is_blocked(self) -> bool:
        """Run a TRUNCATE checkpoint; return True if readers prevented it from finishing."""
        return bool(self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])

    def _log_length(self) -> int:
        try:
            return os.stat(f"{self.settings_dict['NAME']}-wal").st_size
        except OSError:
            return 0

    def _release_queue(self) -> None:
        if not self.is_in_memory_db():
            queue_for(self.settings_dict["NAME"]).release(self)


def _casefold(text: str | None) -> str | None:
    """Case folding for SQL; SQLite's own functions only handle ASCII. Triggers and indexes must not use it."""
    return None if text is None else text.casefold()


def _make_private(path: str | os.PathLike[str]) -> None:
    """Create the database file with mode 0600 if it is missing; SQLite gives -wal and -shm the same mode.

    Never open an existing file: closing it would drop the locks that SQLite holds on it.
    """
    with contextlib.suppress(OSError):  # SQLite reports the error itself
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
