from __future__ import annotations

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from discovery.database import one_transaction
from projects import engine
from projects.loose_types import Framework
from projects.management.plain_errors import PlainErrors

SPECIAL = ("app_label", "plan", "check_unapplied", "fake", "prune")  # options with which it does not just migrate


class Command(PlainErrors, migrate.Command):
    """Django's migrate in one transaction: a kill or an error leaves the database unchanged."""

    def handle(self, *args: Framework, **options: Framework) -> None:
        connection = connections[options.get("database") or DEFAULT_DB_ALIAS]
        if connection.in_atomic_block:  # a server start, which has its own transaction
            self._migrate(connection, *args, **options)
            return
        connection.ensure_connection()  # report a file that can't be opened as such, not as a failed migration
        try:
            with engine.new_board.migration(connection), one_transaction(connection):
                self._migrate(connection, *args, **options)
        except CommandError:
            raise
        except Exception as error:  # a migration may raise any exception
            reason = " ".join(str(error).split()).removesuffix(".")
            raise CommandError(
                f"the migration of {connection.settings_dict['NAME']} failed and changed nothing: "
                f"{type(error).__name__}: {reason}. The version of pm that wrote the database can still open it; "
                "report this error with the output of: pm doctor"
            ) from error

    def _migrate(self, connection: BaseDatabaseWrapper, *args: Framework, **options: Framework) -> None:
        if not any(options.get(name) for name in SPECIAL):
            engine.new_board.create(connection)
        super().handle(*args, **options)
