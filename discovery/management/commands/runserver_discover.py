from __future__ import annotations

import contextlib
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, OutputWrapper, SystemCheckError

from discovery import application, browser, process, restart, standard_streams
from discovery.checks import check_file_names, check_settings
from discovery.conf import MAX_SECONDS, MAX_WORKERS, conf
from discovery.django_private import is_called_from_command_line
from discovery.exceptions import ServerError, SiteError
from discovery.portfile import ServerInfo
from discovery.ports import get_discovery_file_path, read_port_file
from discovery.restoration import restored
from discovery.server import Options, print_line, serve
from discovery.signals import person_url_requested
from discovery.sockets import HIGHEST_PORT

LINK_LIFE = 600  # seconds
NUMBERS = {  # the lowest and highest value of each option
    "port": (0, HIGHEST_PORT),
    "workers": (1, MAX_WORKERS),
    "threads": (1, MAX_WORKERS),
    "idle_timeout": (0, MAX_SECONDS),
}


def _default(setting: int) -> int | None:
    """Return the setting as a default; None for a string, which argparse would refuse before the system checks run."""
    return setting if isinstance(setting, int) else None


def _checked_number(name: str, value: object) -> object:
    """Return the value of an option, as a number if it is text from `call_command`. Raises CommandError.

    The value of an invalid setting passes, because the system check names the setting.
    """
    default = _default(getattr(conf, name))
    if value == default and type(value) is type(default):
        return value
    lowest, highest = NUMBERS[name]
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    # `discovery.sockets` explains a port that is out of range.
    if type(number) is int and (lowest <= number <= highest or name == "port"):
        return number
    flag = f"--{name.replace('_', '-')}"
    raise CommandError(f"{flag} {value}: must be a whole number from {lowest} to {highest}")


class Command(BaseCommand):
    help = "Serve this site on a free port, and publish its address in a file that clients read."

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: as in Django's stubs
        standard_streams.open_missing()
        super().__init__(*args, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=conf.host, help="address to serve on (%(default)s)")
        parser.add_argument(
            "--port",
            type=int,
            default=_default(conf.port),
            help="preferred port; 0 = any free one (%(default)s)",
        )
        parser.add_argument(
            "--strict-port", action="store_true", help="fail if the preferred port is in use, instead of using another"
        )
        parser.add_argument("--allow-remote", action="store_true", help="allow a host that is not loopback")
        parser.add_argument(
            "--allowed-host",
            action="append",
            default=[],
            metavar="NAME[:PORT]",
            help="another Host header to accept, such as that of a forwarded port (repeatable)",
        )
        parser.add_argument("--workers", type=int, default=_default(conf.workers), help="processes (%(default)s)")
        parser.add_argument(
            "--threads", type=int, default=_default(conf.threads), help="threads per worker (%(default)s)"
        )
        parser.add_argument(
            "--idle-timeout",
            type=int,
            default=_default(conf.idle_timeout),
            metavar="SECONDS",
            help="stop after this time without requests; 0 = never (%(default)s)",
        )
        parser.add_argument("--no-migrate", action="store_true", help="do not migrate the database")
        parser.add_argument("--json", action="store_true", help="when ready, print the content of the port file")
        parser.add_argument("--open", action="store_true", help="open a browser when the server is ready")
        parser.add_argument("--reload", action="store_true", help="restart when the code changes")
        parser.add_argument("--nostatic", action="store_true", help="do not serve static files, even if DEBUG is True")
        parser.add_argument("--insecure", action="store_true", help="serve static files even if DEBUG is False")

    def execute(self, *args: Any, **options: Any) -> str | None:  # Any: as in Django's stubs
        options |= {name: _checked_number(name, options[name]) for name in NUMBERS}
        if options["reload"]:
            if not is_called_from_command_line(self):
                raise CommandError("--reload restarts the whole program, so it works only from a command line")
            try:
                restart.supervise()  # before the checks: an edit may fix what they find
            except restart.RestartError as error:
                raise CommandError(str(error)) from None
        return super().execute(*args, **options)

    def check(self, *args: Any, **kwargs: Any) -> None:  # Any: as in Django's stubs
        try:
            super().check(*args, **kwargs)
        except (SystemCheckError, MemoryError):
            raise
        except Exception as error:  # the checks import the host's code, which can raise anything
            raise CommandError(f"the application could not be loaded: {restart.describe(error)}") from error

    def handle(self, *args: Any, **options: Any) -> None:  # Any: as in Django's stubs
        restarted = restart.State.current()
        is_whole_program = is_called_from_command_line(self)
        if options["skip_checks"]:  # as call_command does
            self._refuse_wrong_settings()
        self.as_json, self.open = options["json"], options["open"] and not (restarted and restarted.served)
        if is_whole_program:
            process.reset_signals()
            standard_streams.unblock_stderr()
            self.stderr = OutputWrapper(sys.stderr)
        try:
            with contextlib.nullcontext() if is_whole_program else restored():
                serve(
                    Options(
                        announce=self.announce,
                        host=options["host"],
                        port=options["port"],
                        strict_port=options["strict_port"],
                        allow_remote=options["allow_remote"],
                        allowed_hosts=tuple(options["allowed_host"]),
                        workers=options["workers"],
                        threads=options["threads"],
                        idle_timeout=options["idle_timeout"],
                        request_timeout=conf.request_timeout,
                        long_paths=conf.long_paths,
                        writers=conf.writers,
                        migrate=not options["no_migrate"],
                        reload=options["reload"],
                        static=application.wants_static(nostatic=options["nostatic"], insecure=options["insecure"]),
                    )
                )
        except (ServerError, ImproperlyConfigured) as error:
            if not is_whole_program:
                raise CommandError(str(error)) from error.__cause__
            self.stderr.write(f"error: {error}")
            sys.exit(restart.REFUSED if options["reload"] and not isinstance(error, SiteError) else 1)
        except KeyboardInterrupt:  # before the server had its own handlers
            if not is_whole_program:
                raise
            sys.exit(130)

    def _refuse_wrong_settings(self) -> None:
        """Raise CommandError for the first invalid setting, since the system checks were skipped."""
        for error in (*check_settings(), *check_file_names()):
            if error.is_serious():
                raise CommandError(f"{error.msg} {error.hint} ({error.id})")

    def announce(self, info: ServerInfo) -> None:
        """Print the ready line; at a terminal, also how to open and to stop the server."""
        if self.as_json:
            print_line(info.to_line())
        else:
            print_line(f"Server running on {info.url}")
            if read_port_file() == info.port:  # a host whose readers know only this file
                print_line(f"Port written to: {get_discovery_file_path()}")
        at_terminal = sys.stdout.isatty() and not self.as_json
        if not (at_terminal or self.open):
            return
        answers = person_url_requested.send(sender=type(self), info=info, seconds=LINK_LIFE)
        url = next((str(url) for _, url in answers if url), info.url)
        if at_terminal:
            print_line(f"Open {url}  (valid for {LINK_LIFE // 60} minutes)" if url != info.url else "")
            print_line("Stop it with Ctrl-C.")
        if self.open:
            browser.visit(url)
