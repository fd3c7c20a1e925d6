"""Bring the host's database up to date before anything is served."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.exceptions import MigrationSchemaMissing
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

logger = logging.getLogger("discovery")


class DatabaseRefused(Exception):
    """The database can't be used; the message is one line."""


def prepare(*, migrate: bool) -> None:
    """Apply what migrations are missing, or only warn of them. Raises DatabaseRefused.

    Asking first is four times as fast as a `migrate` that finds nothing to do.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    name = connection.settings_dict["NAME"]
    try:
        executor = MigrationExecutor(connection)
        _check_age(executor.loader, name)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return
        if migrate:
            with one_transaction(connection):
                call_command("migrate", interactive=False, verbosity=0)
        else:
            logger.warning("%s lacks migrations; apply them: migrate", name)
    except (DatabaseError, MigrationSchemaMissing, CommandError, OSError) as error:
        raise DatabaseRefused(f"the database {name} can't be migrated: {' '.join(str(error).split())}") from error
    except DatabaseRefused:
        raise
    except Exception as error:  # a migration is anybody's code
        raise DatabaseRefused(f"a migration of {name} failed: {type(error).__name__}: {error}") from error


def _check_age(loader: MigrationLoader, name: str) -> None:
    """Raise DatabaseRefused where the migrations on disk can't lead on from those that were applied."""
    on_disk, applied = loader.disk_migrations, set(loader.applied_migrations)
    replaced = {old: on_disk[new].replaces for new in on_disk for old in on_disk[new].replaces}
    unknown = sorted(each for each in applied - {*on_disk, *replaced} if each[0] in loader.migrated_apps)
    if unknown:
        last = ".".join(unknown[-1])
        raise DatabaseRefused(f"{name} was written by a newer version ({last}); install that one or a newer")
    # Of what one migration replaces, some were applied and the others are no more.
    lost = sorted(old for old in {*replaced} - {*on_disk, *applied} if not applied.isdisjoint(replaced[old]))
    if lost:
        first = ".".join(lost[0])
        raise DatabaseRefused(f"{name} is too old for this version, which has no {first} any more; start one that has")


@contextlib.contextmanager
def one_transaction(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let all migrations be applied, or none: a kill between two of their commits would leave a half-made table.

    Django commits each migration and its record by itself. Only SQLite is known to bear all of them in one;
    its schema editor wants the foreign keys unchecked, which can't be said inside a transaction.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.constraint_checks_disabled(), transaction.atomic(using=connection.alias):
        yield
        connection.check_constraints()


def settle() -> None:
    """Leave the database in one file: SQLite folds its log in when the last connection closes.

    The workers' connections end with their processes, which does not.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "sqlite" or not os.path.exists(connection.settings_dict["NAME"]):
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    except DatabaseError as error:
        logger.warning("%s keeps its log beside it: %s", connection.settings_dict["NAME"], error)
