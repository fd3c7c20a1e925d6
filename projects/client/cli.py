"""Run the command line: find the command, run it, map its errors to exit statuses.

Every import here slows every call, and an agent calls `pm` hundreds of times a day.
"""

from __future__ import annotations

import gc
import os
import sys

from projects.client import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from projects.client.render import Stream

# Nouns that need only the standard library, unless they draw a table or use an explicit URL.
LIGHT = frozenset(
    (
        *("project", "work-item", "sprint", "comment", "dependency", "time-entry", "swim-lane"),
        *("activity", "changes", "search", "prime", "who", "whoami"),
    )
)


def main(argv: Sequence[str]) -> NoReturn:
    """Run the command line and end the process."""
    # The process is short-lived: skip garbage collection and interpreter shutdown.
    gc.disable()
    os.umask(os.umask(0o077) & ~0o700)  # pm must be able to use the files that it creates
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from discovery import standard_streams

        standard_streams.open_missing()
    status = run(argv, sys.stdout, sys.stderr)
    os._exit(status)


def run(
    argv: Sequence[str],
    stdout: Stream | None,
    stderr: Stream | None,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run one command, flush its output, and return its exit status."""
    error = attempt(argv, stdout, stderr, environ)
    return error.status if error else 0


def attempt(
    argv: Sequence[str],
    stdout: Stream | None,
    stderr: Stream | None,
    environ: Mapping[str, str] | None = None,
) -> errors.ClientError | None:
    """Run one command; report an error on standard error and return it."""
    failure: errors.ClientError
    try:
        if os.name == "nt":
            raise errors.Unsupported("pm does not run on native Windows: use it inside WSL")
        _execute(argv, stdout, stderr, os.environ if environ is None else environ)
    except errors.ClientError as error:
        failure = error
    except KeyboardInterrupt:
        failure = errors.Interrupted("interrupted")
    except Exception as error:
        import traceback

        traceback.print_exc(file=stderr)
        failure = errors.Crashed(f"{type(error).__name__}: {error}; this is a bug in pm, please report it")
    else:
        return None
    _report(failure, argv, stderr)
    return failure


def _execute(argv: Sequence[str], stdout: Stream | None, stderr: Stream | None, environ: Mapping[str, str]) -> None:
    from projects.client import grammar, render

    if argv and argv[0] == "--version":
        from projects.version import VERSION

        render.write(f"pm {VERSION}\n", stdout)
        return
    if argv and argv[0] == "__complete":
        from projects.client import completion

        _load_site()
        render.write(completion.answer(argv[1:], environ), stdout)
        return
    call = grammar.find(argv)
    if call.verb is None or grammar.wants_help(call.tokens):
        from projects.client import help

        render.write(help.text(call), stdout)
        return
    from projects.client.context import Context

    options = grammar.parse(call)
    if options.config_dir:
        environ = {**environ, "PM_CONFIG_DIR": options.config_dir}
    context = Context(options, environ, stdout, stderr)
    is_light = call.noun in LIGHT or (call.noun, call.verb.name) == ("sync", "")
    if not is_light or options.output == "table" or context.given_url or sys.platform != "linux":
        _load_site()  # on Linux alone a process is verified without psutil
    call.verb.run(context)


def _load_site() -> None:
    """Make the packages of the environment importable if `scripts/pm` started Python without `site`."""
    if sys.flags.no_site:
        import site

        site.main()


def _report(error: errors.ClientError, argv: Sequence[str], stderr: Stream | None) -> None:
    """Print the error as the last line of standard error."""
    from projects.client import render

    if _wants_sentence(argv):
        from projects.client.terminal import clean

        text = f"error: {clean(str(error))}"
    else:
        text = render.to_json({"error": error.error}, stderr)
    try:
        render.write(text + "\n", stderr)
    except errors.FileRefused:
        return  # standard error can't be written either


def _wants_sentence(argv: Sequence[str]) -> bool:
    """Return True for `--output table`, even if the command line is invalid."""
    if "--output=table" in argv:
        return True
    return "--output" in argv[:-1] and argv[argv.index("--output") + 1] == "table"
