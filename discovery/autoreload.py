"""Watch the files that Django's autoreloader watches: restart after changes of code, drop caches of changed templates.

The master restarts the program. Each worker clears its own caches from a thread, as `runserver` does, because
templates and translations are cached in the process that serves requests.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from discovery import lock, restart
from discovery.django_private import (
    iter_all_python_module_files,
    reset_loaders,
)
from discovery.file_watch import FileWatch

logger = logging.getLogger("discovery")

INTERVAL = 1.0  # seconds, in a worker
MAX_SHARE = 0.1  # of a worker's CPU time that checking files may take
GRACE = 2  # seconds to finish requests before a restart; a page that follows a stream never finishes
PIPE_READ = 1 << 16  # bytes


class Reloader:
    """The master's part of `--reload`: `look` reports when the program must be restarted."""

    def __init__(self, state: restart.State, listener: socket.socket, host: str, port: int) -> None:
        self.wanted = False
        # Clients wait in its queue during a restart.
        self.successor = restart.State(listener=os.dup(listener.fileno()), host=host, port=port, served=True)
        self.watch = FileWatch(restart.sign, modules=True)
        self.pending: set[str] = set()
        early = restart.changed_since(self.watch.seen, state.started) & self.watch.named
        if early and state.early < restart.MAX_EARLY:
            self.successor.early = state.early + 1
            self.watch.seen |= dict.fromkeys(early, (0, 0, 0))
        elif early:
            logger.warning("%s changes during every start; this is not a reason to restart", min(early))
        # Workers import modules that the master never does.
        self.reading, self.writing = os.pipe()
        self.unread = b""
        os.set_blocking(self.reading, False)
        os.set_blocking(self.writing, False)

    def look(self) -> bool:
        """Return True if code has changed and all of it compiles."""
        self._read_reports()
        changes = {path: edited for path, edited in self.watch.changes().items() if not self.watch.is_handled(path)}
        changed = {path for path, edited in changes.items() if edited}
        if not changed:
            self.successor.early = 0
            return False
        self.pending |= changed
        for path in sorted(self.pending):
            try:
                if path.endswith(".py"):
                    compile(Path(path).read_bytes(), path, "exec")
            except (SyntaxError, ValueError) as error:
                logger.warning("not restarted: %s", restart.describe(error))
                return False
            except OSError:
                continue
        restart.forget_bytecode(self.pending)
        logger.warning("%s changed; restarting", min(changed))
        self.wanted = True
        return True

    def close_listener(self) -> None:
        """Close the listener, so that connections are refused when the server stops."""
        os.close(self.successor.listener)

    def restart(self, held: lock.Lock | None, unless: Callable[[], bool]) -> None:
        """Restart the program with its socket and lock; return if `unless()` is true. Raises RestartError."""
        self.successor.lock = held.fileno if held else -1
        restart.restart(self.successor, unless)

    def _read_reports(self) -> None:
        with contextlib.suppress(BlockingIOError):
            *lines, self.unread = (self.unread + os.read(self.reading, PIPE_READ)).split(b"\n")
            for path, signature in map(json.loads, lines):
                self.watch.extra_files.add(Path(path))
                self.watch.seen.setdefault(path, tuple(signature))

    def report(self, paths: set[str]) -> set[str]:
        """Report modules of a worker to the master; return those that did not fit into the pipe."""
        for path, signature in restart.sign(paths).items():
            try:
                os.write(self.writing, json.dumps([path, signature]).encode() + b"\n")
            except BlockingIOError:
                break
            paths = paths - {path}
        return paths


def is_wanted(reloader: Reloader | None) -> bool:
    """Return True if the workers must notice edited templates."""
    return settings.DEBUG or reloader is not None


def start_worker_thread(reloader: Reloader | None) -> None:
    """Start the thread that clears the caches of this worker."""
    if reloader:
        reloader.close_listener()  # the master's
    threading.Thread(target=_watch_worker, args=(reloader,), name="discovery-autoreload", daemon=True).start()


def _watch_worker(reloader: Reloader | None) -> None:
    watch, failure = None, ""
    reported: set[str] = set(reloader.watch.seen) if reloader else set()
    while True:
        begin = time.thread_time()
        try:
            if watch is None:
                watch = FileWatch(restart.sign, modules=False)
                reset_loaders()  # templates loaded before the first check may be outdated
            for path in watch.changes():
                watch.is_handled(path)
            if reloader:
                new = {str(path) for path in iter_all_python_module_files()} - reported
                reported |= new - reloader.report(new)
        except Exception as error:  # of a receiver or the file system; the next check may succeed
            if failure != (failure := restart.describe(error)):
                logger.warning("can't watch templates: %s", failure)
        time.sleep(max(INTERVAL, (time.thread_time() - begin) / MAX_SHARE))
