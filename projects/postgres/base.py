"""Django's PostgreSQL backend with the face of `projects.sqlite`: raw SQL sends and receives the same values.

Columns are native (uuid, timestamptz, json), but on the wire an ID is 32 hex digits, a time is in UTC without a zone,
and JSON is text. Every transaction is a writer's, as on SQLite: it takes the board's lock before its first statement,
and the commit releases it. So activity IDs are committed in order, and the rules that read before they write need no
locks of their own. Reads run in autocommit mode and never wait.
"""

from __future__ import annotations

import select
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import OperationalError
from django.db.backends.postgresql import base, features, operations
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.datetime import TimestampBinaryLoader
from psycopg.types.string import TextBinaryLoader, TextLoader

from projects import lock_waits
from projects.postgres import checks, pool, statements
from projects.postgres.reconnecting import gate_of
from projects.postgres.schema import DatabaseSchemaEditor
from projects.postgres.statements import MAX_PREPARED, PREPARED_AT, OwnStatements, Statements
from projects.resource_errors import CommitInDoubt
from projects.today import today

BOARD_LOCK = 0x706D  # the number of the advisory lock of all writers
BEGIN = ("BEGIN", f"SELECT pg_advisory_xact_lock({BOARD_LOCK})")
TODAY = "pm_today()"  # in a statement: the caller's day, which only this process knows

_datetime = datetime.fromisoformat


class _HexLoader(Loader):
    """An ID as 32 hex digits."""

    def load(self, data: Any) -> str:  # Any: any buffer
        return str(data, "ascii").replace("-", "")


class _UTCLoader(Loader):
    """A time in UTC, without a zone. Sessions are in UTC, so a text ends with +00."""

    timezone = UTC  # Django replaces a loader of another zone than its own

    def load(self, data: Any) -> datetime:  # Any: any buffer
        return _datetime(str(data[:-3], "ascii"))


class _HexBinaryLoader(Loader):
    """An ID as 32 hex digits, from its 16 bytes."""

    format = Format.BINARY

    def load(self, data: Any) -> Any:  # Any: any buffer, and str
        return data.hex()


# Each type in the text format of psycopg's cursors, and in the binary one of prepared statements.
LOADERS: tuple[tuple[str, type[Loader]], ...] = (
    ("uuid", _HexLoader),
    ("uuid", _HexBinaryLoader),
    ("timestamptz", _UTCLoader),
    ("timestamptz", TimestampBinaryLoader),  # sessions are in UTC; it adds no zone
    ("json", TextLoader),
    ("json", TextBinaryLoader),
)


class DatabaseFeatures(features.DatabaseFeatures):
    has_native_uuid_field = False  # IDs go out as 32 digits, which a uuid column takes
    has_native_json_field = False  # JSON goes out as text, and keeps its spelling

    def allows_group_by_selected_pks_on_model(self, model: type[Model]) -> bool:
        """Return False while a request sees only some rows: what hides the others hides the primary key, too."""
        from projects.models import rights  # models are loaded after the backend

        return rights.current.get() is None and bool(super().allows_group_by_selected_pks_on_model(model))


class DatabaseOperations(operations.DatabaseOperations):
    def get_db_converters(self, expression: Any) -> list[Any]:  # Any: as in Django's stubs
        converters = super().get_db_converters(expression)
        kind = expression.output_field.get_internal_type()
        if kind == "DateTimeField":
            converters.append(_with_zone)
        elif kind == "UUIDField":
            converters.append(_to_uuid)
        return converters

    def sql_flush(
        self, style: object, tables: Sequence[str], *, reset_sequences: bool = False, allow_cascade: bool = False
    ) -> list[str]:
        """Return statements that empty the tables row by row: TRUNCATE would run no triggers."""
        return [f"DELETE FROM {self.quote_name(table)}" for table in tables]  # noqa: S608 -- names of tables

    def adapt_json_value(self, value: Any, encoder: Any) -> Any:  # Any: as in Django's stubs
        return super(operations.DatabaseOperations, self).adapt_json_value(value, encoder)


def _with_zone(value: datetime | None, expression: object, connection: object) -> datetime | None:
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def _to_uuid(value: Any, expression: object, connection: object) -> Any:  # Any: of any query
    return uuid.UUID(value) if isinstance(value, str) else value


class Cursor(base.Cursor):
    """Django's cursor, which fills in the caller's day, and runs first what waits for the next statement."""

    def execute(self: Any, query: Any, params: Any = None, **options: Any) -> Any:  # Any: as in psycopg
        statements.flush(self.connection)
        return super().execute(  # type: ignore[misc]  # not in the stubs
            with_today(query) if isinstance(query, str) else query, params, **options
        )

    def executemany(self: Any, query: Any, params_seq: Any, **options: Any) -> None:  # Any: as in psycopg
        """Run the statement for all parameters in a pipeline, planned once, which a cursor of Django's can't do."""
        statements.flush(self.connection)
        with psycopg.Cursor(self.connection) as cursor:
            cursor.executemany(with_today(query), params_seq, **options)


if TYPE_CHECKING:
    from django.db.models import Model

    class _DjangoWrapper(base.DatabaseWrapper):
        """Private methods of Django's wrapper that are overridden here; the stubs lack them."""

        def _close(self) -> None: ...
        def _savepoint(self, sid: str) -> None: ...
        def _savepoint_rollback(self, sid: str) -> None: ...
        def _commit(self) -> None: ...
        def _rollback(self) -> None: ...

else:
    _DjangoWrapper = base.DatabaseWrapper


class DatabaseWrapper(_DjangoWrapper):
    SchemaEditorClass = DatabaseSchemaEditor
    features_class = DatabaseFeatures
    ops_class = DatabaseOperations
    # Lengths are rules of the models, as on SQLite. JSON keeps the order of its keys, which jsonb would not.
    data_types = base.DatabaseWrapper.data_types | {"CharField": "text", "JSONField": "json", "SlugField": "text"}
    data_types_suffix = base.DatabaseWrapper.data_types_suffix
    group_of_changes: uuid.UUID | None = None  # what the activity of this transaction shares
    narrowed: Callable[[str], str] | None = None  # of each statement; see projects.team.row_filter

    def get_connection_params(self) -> dict[str, Any]:  # Any: as in Django's stubs
        return super().get_connection_params() | {"cursor_factory": Cursor, "prepare_threshold": PREPARED_AT}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:  # Any: as in Django's stubs
        new = super().get_new_connection
        if self.pool:
            connection = pool.living(self.pool, lambda: new(conn_params))
        else:
            connection = gate_of(self.settings_dict).connect(lambda: new(conn_params))
        if not hasattr(connection, "pm_statements"):  # a pool returns a connection again
            connection._prepared = OwnStatements()
            connection.prepare_threshold, connection.prepared_max = PREPARED_AT, MAX_PREPARED
            for kind, loader in LOADERS:
                connection.adapters.register_loader(kind, loader)
            connection.pm_statements = Statements(connection, BEGIN)
        return connection

    def init_connection_state(self) -> None:
        super().init_connection_state()
        checks.check_database(self)

    def is_usable(self) -> bool:
        """Return True if the server answers; where nothing failed, it is enough that it did not end the session."""
        return (not self.errors_occurred and _is_silent(self.connection)) or super().is_usable()

    def run(self, sql: str, parameters: Sequence[Any]) -> Any:  # Any: of any column; a cursor of either class
        """Run one statement with the placeholders %s; return its cursor.

        The server keeps the plan of a statement that comes again. Django's layers around a cursor are used where
        statements are watched.
        """
        self.close_if_health_check_failed()
        watched = len(self.execute_wrappers) > (self.narrowed is not None)
        if self.connection is None or watched or self.queries_logged:
            cursor = self.cursor()
            cursor.execute(sql, parameters)
            return cursor
        self.validate_no_broken_transaction()
        if self.narrowed is not None:
            sql = self.narrowed(sql)
        sql = with_today(sql)
        try:
            found = self.connection.pm_statements.run(sql, parameters)
            return found or psycopg.Cursor(self.connection).execute(sql, parameters, prepare=False)
        except psycopg.Error:
            with self.wrap_database_errors:
                raise

    def run_later(self, sql: str, parameters: Sequence[Any]) -> Any:  # Any: of any column, and as `run`
        """Run one statement together with the next one or with the commit; return its cursor.

        Its errors are raised there. Call it in a transaction. To fetch its rows runs it.
        """
        if not self.in_atomic_block or self.queries_logged or len(self.execute_wrappers) > (self.narrowed is not None):
            return self.run(sql, parameters)
        self.validate_no_broken_transaction()
        narrowed = sql if self.narrowed is None else self.narrowed(sql)
        with self.wrap_database_errors:
            later = self.connection.pm_statements.wait(with_today(narrowed), parameters, self.wrap_database_errors)
        return self.run(sql, parameters) if later is None else later

    def create_cursor(self, name: str | None = None) -> Any:  # Any: as in Django's stubs
        statements.flush(self.connection)  # a named cursor does not flush
        return super().create_cursor(name)

    def _commit(self) -> None:
        try:
            if self.connection is None:
                return
            with self.wrap_database_errors:
                if self.queries_logged:
                    statements.flush(self.connection)
                    super()._commit()
                else:
                    self.connection.pm_statements.commit()
        except OperationalError as error:
            if self.connection is None or not self.connection.closed:
                raise
            raise CommitInDoubt(*error.args) from error

    def _rollback(self) -> None:
        if self.connection is not None:
            self.connection.pm_statements.forget()
        super()._rollback()

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.pm_statements.forget()  # a pool gives the connection to another request
        super()._close()

    def _savepoint_rollback(self, sid: str) -> None:
        if self.connection is not None:
            self.connection.pm_statements.forget()  # the savepoint ran what waited before it
        super()._savepoint_rollback(sid)

    def _start_transaction_under_autocommit(self) -> None:
        self.group_of_changes = None
        limit = lock_waits.limit()
        with self.wrap_database_errors:
            if limit is None:
                self.connection.pm_statements.begin()
            else:
                self._begin_within(limit)

    def _begin_within(self, limit: float) -> None:
        """Begin a transaction now, and wait for the board's lock at most `limit` seconds. Raises psycopg.Error."""
        begin, lock = BEGIN
        try:
            wait = f"SET LOCAL lock_timeout = {limit * 1000:.0f}; {lock}; SET LOCAL lock_timeout TO DEFAULT"
            self.connection.execute(f"{begin}; {wait}")
        except psycopg.Error as error:
            if isinstance(error, psycopg.errors.LockNotAvailable):
                lock_waits.note_timeout()
            if not self.connection.closed:
                self.connection.execute("ROLLBACK")
            raise


def _is_silent(connection: psycopg.Connection) -> bool:
    """Return True if the connection is open and the server has sent nothing; a server that stops says so."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def with_today(sql: str) -> str:
    """Return the statement with the caller's day, if it asks for it."""
    return sql.replace(TODAY, f"DATE '{today().isoformat()}'") if TODAY in sql else sql
