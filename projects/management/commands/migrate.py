from __future__ import annotations

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connections

from discovery.database import one_transaction


class Command(migrate.Command):
    """Django's own, in one transaction: a kill or an error leaves the database as it was."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options.get("database") or DEFAULT_DB_ALIAS]
        if connection.in_atomic_block:  # a start, which has its own
            super().handle(*args, **options)
            return
        connection.ensure_connection()  # a file that cannot be opened is not a failed migration
        try:
            with one_transaction(connection):
                super().handle(*args, **options)
        except CommandError:
            raise
        except Exception as error:  # a migration may raise anything
            reason = " ".join(str(error).split()).removesuffix(".")
            raise CommandError(
                f"the migration of {connection.settings_dict['NAME']} failed, nothing was changed: "
                f"{type(error).__name__}: {reason}. The version of pm that wrote the database can still open it; "
                "report this error with the output of: pm doctor"
            ) from error
