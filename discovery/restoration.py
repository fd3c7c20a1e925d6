"""Restore the state of the process after the server, for callers of `call_command("runserver_discover")`."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator

from django.conf import settings

from discovery import runtime

CHANGED_SETTINGS = ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS")
GUNICORN_LOGGERS = ("gunicorn.error", "gunicorn.access")
Undo = Callable[[], None]


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """Undo at the end what `server.serve` changes in its process. Works in the main thread only."""
    with contextlib.ExitStack() as stack:
        for remember in (_signals, _environment, _settings, _limit, _garbage_collector, _loggers, _streams):
            stack.callback(remember())
        yield


def _signals() -> Undo:
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}

    def undo() -> None:
        for number, handler in before.items():
            # None: a handler that was not installed from Python; we neither change nor can restore it.
            if handler is not None and signal.getsignal(number) != handler:
                signal.signal(number, handler)

    return undo


def _environment() -> Undo:
    before = dict(os.environ)

    def undo() -> None:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)

    return undo


def _settings() -> Undo:
    before = {name: getattr(settings, name) for name in CHANGED_SETTINGS}
    fields = dict(vars(runtime.current))

    def undo() -> None:
        vars(runtime.current).update(fields)
        for name, value in before.items():
            setattr(settings, name, value)

    return undo


def _limit() -> Undo:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _garbage_collector() -> Undo:
    # Objects frozen by the caller can't be distinguished from the server's: then all stay frozen.
    return _nothing if gc.get_freeze_count() else gc.unfreeze


def _nothing() -> None:
    """Undo nothing."""


def _loggers() -> Undo:
    loggers = [logging.getLogger(name) for name in GUNICORN_LOGGERS]
    before = [(one.level, one.propagate, one.disabled, one.handlers[:]) for one in loggers]

    def undo() -> None:
        for one, (level, propagate, disabled, handlers) in zip(loggers, before, strict=True):
            one.setLevel(level)
            one.propagate, one.disabled, one.handlers[:] = propagate, disabled, handlers

    return undo


def _streams() -> Undo:
    before = sys.stdout, sys.stderr

    def undo() -> None:
        sys.stdout, sys.stderr = before

    return undo
