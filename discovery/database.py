"""Migrate the host's databases before the server starts, or report unapplied migrations."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, RunPython, SeparateDatabaseAndState
from django.db.migrations.exceptions import MigrationSchemaMissing
from django.db.migrations.operations.base import Operation

from discovery.conf import conf
from discovery.django_private import MigrationExecutor
from discovery.exceptions import DatabaseRefused

logger = logging.getLogger("discovery")


def prepare(*, migrate: bool) -> None:
    """Apply the unapplied migrations of the databases that the host lists, or only warn about them.

    Raises DatabaseRefused. If nothing is migrated, the server starts without a working database, as `runserver` does.
    """
    aliases = conf.migrated_databases
    migrate = migrate and bool(aliases)
    for alias in aliases or (DEFAULT_DB_ALIAS,):
        database = connections.settings[alias]
        if database["ENGINE"] == "django.db.backends.dummy":
            continue  # not configured
        try:
            with _refusing(database["NAME"]):
                _prepare(connections[alias], migrate=migrate)
        except DatabaseRefused as error:
            if migrate or conf.strict_migrations:
                raise
            logger.warning("the migrations of %s can't be checked: %s", database["NAME"], _in_one_line(error.__cause__))


@contextlib.contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Convert errors of a database to DatabaseRefused."""
    try:
        yield
    except (DatabaseError, MigrationSchemaMissing, CommandError, OSError) as error:
        raise DatabaseRefused(f"the database {name} can't be migrated: {_in_one_line(error)}") from error
    except DatabaseRefused:
        raise
    except Exception as error:  # a migration can raise anything
        raise DatabaseRefused(f"a migration of {name} failed: {type(error).__name__}: {_in_one_line(error)}") from error


def _prepare(connection: BaseDatabaseWrapper, *, migrate: bool) -> None:
    """Migrate one database. Planning first is four times as fast as a `migrate` without unapplied migrations."""
    executor = MigrationExecutor(connection)
    _check_age(executor, connection.settings_dict["NAME"])
    plan = [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    if plan and migrate:
        _migrate(connection, plan)
    elif plan:
        count = "1 unapplied migration" if len(plan) == 1 else f"{len(plan)} unapplied migrations"
        apps = ", ".join(sorted({migration.app_label for migration in plan}))
        logger.warning("%s has %s (%s); apply with: migrate", connection.settings_dict["NAME"], count, apps)


def _migrate(connection: BaseDatabaseWrapper, plan: list[Migration]) -> None:
    """Run `migrate`, in one transaction if the migrations allow it."""
    options: dict[str, Any] = {"interactive": False, "verbosity": 0}  # Any: each has a type of its own
    if connection.vendor == "sqlite" and all(map(_only_changes_schema, plan)):
        # A receiver of post_migrate may need its own transactions and fail; then nothing is committed yet.
        with contextlib.suppress(Exception), one_transaction(connection):
            call_command("migrate", database=connection.alias, **options)
            return
    call_command("migrate", database=connection.alias, **options)


def _only_changes_schema(migration: Migration) -> bool:
    """Return True if the migration runs only Django's own code; other code may open transactions or connections."""
    return migration.atomic and all(_is_django_code(operation) for operation in migration.operations)


def _is_django_code(operation: Operation) -> bool:
    if isinstance(operation, SeparateDatabaseAndState):
        return all(map(_is_django_code, operation.database_operations))
    code = operation.code if isinstance(operation, RunPython) else type(operation)
    return getattr(code, "__module__", "").startswith("django.")


def _check_age(executor: MigrationExecutor, name: str) -> None:
    """Refuse a database that a newer version has migrated; if the host isn't strict, only warn.

    A migration that this code lacks is newer only if it was applied after all those that this code has. Any other one
    was squashed: Django keeps its row until `migrate --prune`.
    """
    loader, applied = executor.loader, executor.recorder.applied_migrations()
    known = {*loader.disk_migrations, *(old for each in loader.disk_migrations.values() for old in each.replaces)}
    newest: dict[str, int] = {}
    for key in applied.keys() & known:
        newest[key[0]] = max(newest.get(key[0], 0), applied[key].pk)
    unknown = [key for key in applied.keys() - known if key[0] in loader.migrated_apps]
    newer = sorted(key for key in unknown if applied[key].pk > newest.get(key[0], 0))
    if not newer:
        return
    last = ".".join(newer[-1])
    if conf.strict_migrations:
        raise DatabaseRefused(f"{name} was written by a newer version ({last}); install that one or a newer")
    logger.warning("%s has migrations that this code lacks (%s), of another branch or version", name, last)


@contextlib.contextmanager
def one_transaction(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Apply all migrations or none: a kill between two commits would leave a half-migrated table.

    Django commits each migration and its record separately. Only SQLite is known to support all of them in one
    transaction; its schema editor needs foreign key checks off, and these can't be changed inside a transaction.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.constraint_checks_disabled(), transaction.atomic(using=connection.alias):
        yield
        connection.check_constraints()


def settle() -> None:
    """Checkpoint each migrated database into one file.

    SQLite does that when the last connection closes, but not when the process of a worker exits.
    """
    for alias in conf.migrated_databases:
        connection = connections[alias]
        if connection.vendor != "sqlite" or not os.path.exists(connection.settings_dict["NAME"]):
            continue
        try:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
        except DatabaseError as error:
            logger.warning("%s could not be checkpointed: %s", connection.settings_dict["NAME"], error)


def _in_one_line(error: object) -> str:
    return " ".join(str(error).split())
