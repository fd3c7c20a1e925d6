"""Serve a board to a team: on a fixed port behind a proxy that ends TLS, without a port file."""

from __future__ import annotations

import ipaddress
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.utils.crypto import salted_hmac

from discovery import process, standard_streams
from discovery.conf import MAX_WORKERS, conf
from discovery.django_private import MigrationExecutor
from discovery.exceptions import ServerError
from discovery.portfile import ServerInfo
from discovery.server import Options, print_line, serve
from discovery.sockets import HIGHEST_PORT
from projects.engine import IS_POSTGRES
from projects.management.plain_errors import PlainErrors
from projects.version import VERSION

DEFAULT_PORT = 8000


class Command(PlainErrors):
    help = "Serve a board to a team, behind a proxy that ends TLS. Read docs/team.md first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to serve on (%(default)s)")
        parser.add_argument(
            "--port", type=_number(0, HIGHEST_PORT), default=DEFAULT_PORT, help="0: any free one (%(default)s)"
        )
        parser.add_argument(
            "--behind-proxy",
            type=_network,
            action="append",
            required=True,
            metavar="ADDRESS",
            help="address or network of the proxy, whose X-Forwarded-Proto and X-Forwarded-For count (repeatable)",
        )
        parser.add_argument(
            "--name",
            action="append",
            required=True,
            metavar="HOST",
            help="name under which people reach the server, such as pm.example.org (repeatable)",
        )
        parser.add_argument("--workers", type=_number(1, MAX_WORKERS), default=conf.workers)
        parser.add_argument("--threads", type=_number(1, MAX_WORKERS), default=conf.threads)

    def handle(self, *args: Any, **options: Any) -> None:  # Any: as in Django's stubs
        standard_streams.open_missing()
        process.reset_signals()
        settings.PM_PROXIES = options["behind_proxy"]
        _refuse_unfit_database()
        try:
            serve(
                Options(
                    announce=self.announce,
                    host=options["host"],
                    port=options["port"],
                    strict_port=True,
                    allow_remote=True,
                    allowed_hosts=tuple(options["name"]),
                    workers=options["workers"],
                    threads=options["threads"],
                    request_timeout=conf.request_timeout,
                    long_paths=conf.long_paths,
                    migrate=False,
                    instance_id=_instance_id(),
                    host_advice="the name that it was started with, or start it with another --name, too",
                )
            )
        except ServerError as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:  # before the server had its own handlers
            sys.exit(130)

    def announce(self, info: ServerInfo) -> None:
        """Print the ready line."""
        print_line(f"Serving on {info.url}")


def _instance_id() -> str:
    """Return the same ID on all nodes: an open page takes another one for a new server, and loads itself again."""
    return salted_hmac("projects.team.instance", VERSION).hexdigest()[:32]


def _refuse_unfit_database() -> None:
    """Raise CommandError unless the database has the schema of this version: a node never migrates."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if IS_POSTGRES:
            from projects.postgres.checks import check_sessions

            check_sessions(connection)
    except DatabaseError as error:
        raise CommandError(f"can't use the database: {' '.join(str(error).split())}") from None
    finally:
        connection.close()  # an open connection must not cross the fork
    if missing:
        raise CommandError(
            f"the database lacks {len(missing)} migrations of this version; run once, for all nodes: pm-manage migrate"
        )


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise ArgumentTypeError(f"{text}: must be an IP address or a network, such as 10.0.0.0/8") from None


def _number(lowest: int, highest: int) -> Any:  # Any: a type for argparse
    def number(text: str) -> int:
        if not text.isdecimal() or not lowest <= int(text[:12]) <= highest:
            raise ArgumentTypeError(f"{text}: must be a whole number from {lowest} to {highest}")
        return int(text)

    return number
