"""Run repeated statements without psycopg's cursor, whose layers take twice as long as libpq.

The server parses and plans such a statement once for each connection. Values are adapted as psycopg's cursors do it;
rows come in PostgreSQL's binary formats, which cost less to write and to read than texts.
A statement whose rows are not used can wait for the next one, or for the commit. Both then take one round trip (libpq's
pipeline mode).
"""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg._preparing import PrepareManager
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ConnStatus, ExecStatus, Format

PREPARED_AT = 2  # a statement that came so often is prepared: planning takes longer than running it
MAX_PREPARED = 250  # statements of a connection

_Key = tuple[str, tuple[int, ...] | None]  # a statement, and the types of its parameters
_Command = tuple[bytes, Any, Any]  # a prepared statement, its parameters and their formats; Any: of psycopg
_PLACEHOLDER = re.compile("%[%s]")


class Answer:
    """The rows of a statement, with the methods of a cursor; `rowcount` is the number of rows returned or changed."""

    def __init__(self, rows: list[tuple[Any, ...]], rowcount: int) -> None:  # Any: of any column
        self._rows = iter(rows)
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[tuple[Any, ...]]:  # Any: as above
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:  # Any: as above
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:  # Any: as above
        return list(self._rows)


class Statements:
    """The prepared statements of a connection, the last used at the end."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:  # Any: of any row
        self._connection = connection
        self._libpq = connection.pgconn
        self._values = Transformer(connection)
        self._encoding = connection.info.encoding
        self._counts: OrderedDict[_Key, int] = OrderedDict()
        self._names: OrderedDict[_Key, bytes] = OrderedDict()
        self._made = 0
        self._waiting: list[_Command] = []

    def run(self, sql: str, parameters: Sequence[Any]) -> Answer | None:  # Any: as psycopg adapts them
        """Run a statement with the placeholders %s; return None if it did not come often yet. Raises psycopg.Error."""
        command = self._command(sql, parameters)
        if command is None:
            self.flush()
            return None
        result = self._sent(command) if self._waiting else self._libpq.exec_prepared(*command, Format.BINARY)
        status = result.status
        if status == ExecStatus.TUPLES_OK:
            self._values.set_pgresult(result)
            count = result.ntuples
            return Answer(self._values.load_rows(0, count, tuple), count)
        if status == ExecStatus.COMMAND_OK:
            return Answer([], result.command_tuples or 0)
        raise self._error(result)

    def wait(self, sql: str, parameters: Sequence[Any]) -> bool:  # Any: as above
        """Let a statement wait for the next one; return False if it did not come often yet. Raises psycopg.Error."""
        command = self._command(sql, parameters)
        if command is not None:
            self._waiting.append(command)
        return command is not None

    def flush(self) -> None:
        """Run what waits. Raises psycopg.Error."""
        if self._waiting:
            self._sent(None)

    def commit(self) -> None:
        """Run what waits, and commit. Raises psycopg.Error."""
        if self._waiting:
            self._sent(None, b"COMMIT")
        else:
            self._connection.commit()

    def forget(self) -> None:
        """Drop what waits, for a rollback."""
        self._waiting.clear()

    def _sent(self, last: _Command | None, end: bytes = b"") -> Any:  # Any: of either implementation of libpq
        """Run what waits, then `last`, then the command `end`; return the last result. Raises psycopg.Error."""
        libpq, waiting = self._libpq, self._waiting
        commands = waiting if last is None else [*waiting, last]
        self._waiting = []
        try:
            libpq.enter_pipeline_mode()
            for name, values, formats in commands:
                libpq.send_query_prepared(name, values, formats, Format.BINARY)
            if end:
                libpq.send_query_params(end, None)
            libpq.pipeline_sync()
            self._connection.wait(send(libpq))
            results = [self._connection.wait(fetch_many(libpq)) for _ in range(len(commands) + bool(end) + 1)]
            libpq.exit_pipeline_mode()
        except BaseException:
            self._connection.close()  # its state is unknown
            raise
        for result, *_ in results[:-1]:  # the last one ends the pipeline
            if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
                raise self._error(result)
        return result

    def _command(self, sql: str, parameters: Sequence[Any]) -> _Command | None:  # Any: as psycopg adapts them
        """Return the command for a statement, None if it did not come often yet. Raises psycopg.Error."""
        values = self._values
        dumped: Any = values.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))  # Any: the stubs forget null
        key = sql, values.types
        name = self._names.get(key)
        if name is not None:
            self._names.move_to_end(key)
        elif (count := self._counts.get(key, 0)) < PREPARED_AT:
            self._counts[key] = count + 1
            _limit(self._counts)
            return None
        else:
            self.flush()
            name = self._prepare(key)
        return name, dumped, values.formats

    def _prepare(self, key: _Key) -> bytes:
        name = b"pm_%d" % self._made
        result = self._libpq.prepare(name, _numbered(key[0]), key[1])
        if result.status != ExecStatus.COMMAND_OK:
            raise self._error(result)
        self._made += 1
        self._names[key] = name
        del self._counts[key]
        for old in _limit(self._names):
            self._libpq.exec_(b"DEALLOCATE " + old)
        return name

    def _error(self, result: Any) -> psycopg.Error:  # Any: of either implementation of libpq
        if self._libpq.status == ConnStatus.BAD:  # it has no code
            return psycopg.OperationalError(self._libpq.get_error_message(self._encoding))
        return psycopg.errors.error_from_result(result, self._encoding)


def flush(connection: Any) -> None:  # Any: psycopg's, with an attribute of ours
    """Run what waits on a connection. Raises psycopg.Error."""
    found: Statements | None = getattr(connection, "pm_statements", None)
    if found is not None:
        found.flush()


class OwnStatements(PrepareManager):
    """psycopg's prepared statements. After a rollback it deallocates those, not all: others are of `Statements`."""

    def clear(self) -> bool:
        self._counts.clear()
        self._to_flush.extend(self._names.values())
        self._names.clear()
        return bool(self._to_flush)


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> bytes:
    """Return the statement, which psycopg has run, with PostgreSQL's placeholders."""
    numbers = itertools.count(1)
    return _PLACEHOLDER.sub(lambda place: "%" if place[0] == "%%" else f"${next(numbers)}", sql).encode()


def _limit(kept: OrderedDict[_Key, Any]) -> list[Any]:  # Any: counts or names
    """Forget the oldest entries beyond the limit; return them."""
    return [kept.popitem(last=False)[1] for _ in range(len(kept) - MAX_PREPARED)]
