"""Run repeated statements without psycopg's cursor, whose layers take twice as long as libpq.

The server parses and plans such a statement once for each connection. Values are adapted as psycopg's cursors do it;
rows come in PostgreSQL's binary formats, which cost less to write and to read than texts.
A statement whose rows are not needed yet can wait for the next one, or for the commit. Both then take one round trip
(libpq's pipeline mode). The start of a transaction always waits.
"""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, lru_cache
from typing import Any

import psycopg
from psycopg._preparing import PrepareManager
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import fetch_many, send
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus

PREPARED_AT = 2  # a statement that came so often is prepared: planning takes longer than running it
MAX_PREPARED = 250  # statements of a connection

_Key = tuple[str, tuple[int, ...] | None]  # a statement, and the types of its parameters
_Command = tuple[bytes, Any, Any]  # a prepared statement, its parameters and their formats; Any: of psycopg
_PLACEHOLDER = re.compile("%[%s]")
_OK = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


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


class Later:
    """A statement that waits, with the methods of a cursor: they run it first, within the context `errors`."""

    def __init__(self, statements: Statements, command: _Command, errors: AbstractContextManager[None]) -> None:
        self.command = command
        self.result: Any = None  # Any: of either implementation of libpq
        self._statements, self._errors = statements, errors

    def fetchone(self) -> tuple[Any, ...] | None:  # Any: of any column
        return self._answer.fetchone()

    def fetchall(self) -> list[tuple[Any, ...]]:  # Any: as above
        return self._answer.fetchall()

    @cached_property
    def _answer(self) -> Answer:
        with self._errors:
            if self.result is None:
                self._statements.flush()
            if self.result is None:
                raise psycopg.InterfaceError("the transaction of the statement was rolled back")
            return self._statements.answer(self.result)


class Statements:
    """The prepared statements of a connection, the last used at the end."""

    def __init__(self, connection: psycopg.Connection[Any], begin: Sequence[str]) -> None:  # Any: of any row
        """Take the statements that begin a transaction, as PostgreSQL reads them."""
        self._connection = connection
        self._libpq = connection.pgconn
        self._values = Transformer(connection)
        self._encoding = connection.info.encoding
        self._counts: OrderedDict[_Key, int] = OrderedDict()
        self._names: OrderedDict[_Key, bytes] = OrderedDict()
        self._made = 0
        self._waiting: list[Later] = []
        self._begin = begin
        self._prepared_begin: list[_Command] = []

    def begin(self) -> None:
        """Begin a transaction together with its first statement. Raises psycopg.Error."""
        if not self._prepared_begin:
            self._prepared_begin = [(self._named(sql.encode(), None), [], []) for sql in self._begin]
        self._waiting = [Later(self, command, nullcontext()) for command in self._prepared_begin]

    def run(self, sql: str, parameters: Sequence[Any]) -> Answer | None:  # Any: as psycopg adapts them
        """Run a statement with the placeholders %s; return None if it did not come often yet. Raises psycopg.Error."""
        command = self._command(sql, parameters)
        if command is None:
            self.flush()
            return None
        return self.answer(self._sent(command) if self._waiting else self._libpq.exec_prepared(*command, Format.BINARY))

    def answer(self, result: Any) -> Answer:  # Any: of either implementation of libpq
        """Return the rows of a result. Raises psycopg.Error."""
        if result.status == ExecStatus.TUPLES_OK:
            self._values.set_pgresult(result)
            count = result.ntuples
            return Answer(self._values.load_rows(0, count, tuple), count)
        if result.status == ExecStatus.COMMAND_OK:
            return Answer([], result.command_tuples or 0)
        raise self._error(result)

    def wait(
        self,
        sql: str,
        parameters: Sequence[Any],  # Any: as psycopg adapts them
        errors: AbstractContextManager[None],
    ) -> Later | None:
        """Let a statement wait for the next one; return None if it did not come often yet. Raises psycopg.Error."""
        command = self._command(sql, parameters)
        if command is None:
            return None
        later = Later(self, command, errors)
        self._waiting.append(later)
        return later

    def flush(self) -> None:
        """Run what waits. Raises psycopg.Error."""
        if self._waiting:
            self._sent(None)

    def commit(self) -> None:
        """Run what waits, and commit. Raises psycopg.Error."""
        if len(self._waiting) == len(self._prepared_begin) and self._libpq.transaction_status == TransactionStatus.IDLE:
            self.forget()  # nothing ran in the transaction
        elif self._waiting:
            self._sent(None, b"COMMIT")
        else:
            self._connection.commit()

    def forget(self) -> None:
        """Drop what waits, for a rollback."""
        self._waiting.clear()

    def _sent(self, last: _Command | None, end: bytes = b"") -> Any:  # Any: of either implementation of libpq
        """Run what waits, then `last`, then the command `end`; return the last result. Raises psycopg.Error."""
        libpq, waiting = self._libpq, self._waiting
        commands = [each.command for each in waiting]
        if last is not None:
            commands.append(last)
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
        for later, (result, *_) in zip(waiting, results, strict=False):
            later.result = result
        for result, *_ in results[:-1]:  # the last one ends the pipeline
            if result.status not in _OK:
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
        self._names[key] = name = self._named(_numbered(key[0]), key[1])
        del self._counts[key]
        for old in _limit(self._names):
            self._libpq.exec_(b"DEALLOCATE " + old)
        return name

    def _named(self, sql: bytes, types: tuple[int, ...] | None) -> bytes:
        """Prepare a statement; return its name. Raises psycopg.Error."""
        name = b"pm_%d" % self._made
        result = self._libpq.prepare(name, sql, types)
        if result.status != ExecStatus.COMMAND_OK:
            raise self._error(result)
        self._made += 1
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
