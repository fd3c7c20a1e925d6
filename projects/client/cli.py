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

    from projects.client.context import Context
    from projects.client.grammar import Call, Verb
    from projects.client.identity import Identity
    from projects.client.render import Stream

VERSION_WORDS = ("--version", "version", "-V")


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
    identity: Identity | None = None,
) -> errors.ClientError | None:
    """Run one command, as `identity` if that is given; report an error on standard error and return it."""
    failure: errors.ClientError
    try:
        if os.name == "nt":
            raise errors.Unsupported("pm does not run on native Windows: use it inside WSL")
        _execute(argv, stdout, stderr, os.environ if environ is None else environ, identity)
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
    failure.suggest_named()
    _report(failure, argv, stderr)
    return failure


def _execute(
    argv: Sequence[str],
    stdout: Stream | None,
    stderr: Stream | None,
    environ: Mapping[str, str],
    identity: Identity | None,
) -> None:
    from projects.client import grammar, render

    if argv and argv[0] in VERSION_WORDS:
        from projects.version import VERSION

        render.write(f"pm {VERSION}\n", stdout)
        return
    if argv and argv[0] == "__complete":
        from projects.client import completion

        _load_site()
        render.write(completion.answer(argv[1:], environ), stdout)
        return
    try:
        call = grammar.find(argv)
        is_help = call.verb is None or grammar.wants_help(call.tokens)
        if call.verb is None and not grammar.wants_help(list(argv)):
            grammar.refuse_bare(call.noun)
        options = None if is_help else grammar.parse(call)
    except errors.UsageError as error:
        from projects.client import hints

        hints.add_try(error, argv)
        raise
    if call.verb is None or options is None:
        from projects.client import help

        render.write(help.text(call), stdout)
        return
    from projects.client.context import Context

    if options.config_dir:
        environ = {**environ, "PM_CONFIG_DIR": options.config_dir}
    context = Context(options, environ, stdout, stderr, identity)
    if any(value and name.endswith(("_file", "config_dir", "server")) for name, value in vars(options).items()):
        from projects.client import agent_verbs

        is_agent = context.identity.program is not None
        agent_verbs.refuse_files(call.noun or "", call.verb.options, options, is_agent=is_agent)
    if not grammar.is_light(call) or options.output == "table" or context.given_url or sys.platform != "linux":
        _load_site()  # on Linux alone a process is verified without psutil
    try:
        _run(call, call.verb, context)
    except (errors.UsageError, errors.ApiError) as error:
        from projects.client import misplaced_words

        misplaced_words.add_try(error, call, options, context)
        if isinstance(error, errors.ApiError):
            from projects.client import flag_names

            flag_names.name_flags(error, call.verb.options)
        raise


def _run(call: Call, verb: Verb, context: Context) -> None:
    """Run a command, once for each ID if it takes several; an error names the ID at which it stopped."""
    from projects.client import grammar

    name = grammar.each_of(verb)
    if name is None:
        verb.run(context)
        return
    ids: list[str] = getattr(context.options, name)
    if not ids:
        from projects.client.held_item import held_item

        ids = [held_item(context, call.noun or "")]
    for each in ids:
        setattr(context.options, name, each)
        try:
            verb.run(context)
        except errors.ClientError as error:
            if len(ids) > 1:
                error.error.setdefault(name, each)
            raise


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
