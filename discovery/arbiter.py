"""gunicorn's master process, embedded: it publishes once a worker is ready, and withdraws before it stops.

It uses no threads and no atexit handlers: a killed worker or master leaves only the port file behind, with a free lock.
"""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from discovery import forks, gunicorn_private
from discovery.gunicorn_private import BaseApplication, HaltServer
from discovery.signals import worker_started
from discovery.worker import PROCESS_LIMIT, IdleClock, Worker

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

CHECK_INTERVAL = 2.0  # seconds
BOOT_TIMEOUT = 60.0  # seconds for the first worker to become ready
RETRY_FIRST, RETRY_LAST = 1.0, 4.0  # seconds between attempts to start a later worker; doubled each time
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
HURRY_SIGNALS = (signal.SIGINT, signal.SIGQUIT)
HURRY = 2.0  # seconds for the workers to exit after a second INT or QUIT
GUARDED_SIGNALS = {*STOP_SIGNALS, signal.SIGHUP}


class Application(BaseApplication):
    """Pass the WSGI application and the settings to gunicorn; nothing else configures it."""

    def __init__(self, application: WSGIApplication, settings: dict[str, object]) -> None:
        self.application = application
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.settings.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        return self._serve

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Call the application; drop the body of a response to HEAD, about which gunicorn would log a warning."""
        answer = self.application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return answer
        if hasattr(answer, "close"):
            answer.close()
        return ()


class Arbiter(gunicorn_private.Arbiter):
    """The master.

    It calls `started` when the first worker is ready, `checked` every two seconds, and `stopped` once when the
    server stops. They end the server by raising HaltServer.
    """

    def __init__(
        self,
        application: Application,
        *,
        started: Callable[[], None],
        checked: Callable[[], None],
        stopped: Callable[[], None],
        idle_timeout: float,
        request_timeout: float,
        long_paths: tuple[str, ...],
        writers: int,
    ) -> None:
        self.started, self.checked, self.stopped = started, checked, stopped
        self.idle_timeout, self.request_timeout = idle_timeout, request_timeout
        self.long_paths = tuple(path.encode() for path in long_paths)
        self.writers = writers
        self.idle_clock = IdleClock()
        self.published = False
        self.stopping = False
        self.unanswered: set[int] = set()  # signals received but not handled yet
        self.failure: str | None = None
        self.next_check = time.monotonic() + CHECK_INTERVAL
        self.next_spawn = 0.0
        self.retry_after = RETRY_FIRST
        self.had_terminal = has_terminal()
        self.ready_pipe: tuple[int, int] | None = None
        super().__init__(application)

    def start(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # gunicorn does not close its second copy of the socket
            super().start()

    # Signals

    def init_signals(self) -> None:
        hup_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        super().init_signals()
        if hup_ignored:  # by nohup
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTTIN, signal.SIGTTOU):
            # gunicorn adds and removes workers on them. With its handlers, a background job that writes to a
            # terminal with `stty tostop` is interrupted and retries forever; if they are ignored, it succeeds.
            signal.signal(number, signal.SIG_IGN)

    def signal(self, sig: int, frame: FrameType | None) -> None:
        self.unanswered |= {sig} & GUARDED_SIGNALS
        super().signal(sig, frame)

    def must_end(self) -> bool:
        """Return True if a signal asked the server to stop or its terminal was closed: it must not restart."""
        return bool(self.unanswered) or (self.had_terminal and not has_terminal())

    def handle_hup(self) -> None:
        """Replace the workers; stop if the signal means that the terminal was closed."""
        self.unanswered.discard(signal.SIGHUP)
        if self.must_end():
            raise StopIteration
        self.replace_workers()

    def handle_int(self) -> NoReturn:
        raise StopIteration

    handle_quit = handle_int

    def handle_usr2(self) -> None:
        self.log.warning("USR2 is ignored: stop and start the server to change its program")

    # Workers

    def replace_workers(self) -> None:
        """Start new workers, then stop the old ones, which finish their requests."""
        for _ in range(self.num_workers):
            self.spawn_worker()
        self.manage_workers()

    def spawn_workers(self) -> None:
        while len(self.WORKERS) < self.num_workers and not self.stopping and time.monotonic() >= self.next_spawn:
            self.spawn_worker()

    def spawn_worker(self) -> int:
        if self.published:
            try:
                return self._fork()
            except OSError as error:
                self._try_later(error.strerror or str(error))
                return 0
        self.ready_pipe = os.pipe()
        reading, writing = self.ready_pipe
        try:
            pid = self._fork()
            os.close(writing)
            self._await_ready(reading)
        except OSError as error:
            why = PROCESS_LIMIT if error.errno == errno.EAGAIN else error.strerror
            raise HaltServer(f"the first worker could not start: {why}", 1) from None
        finally:
            os.close(reading)
            self.ready_pipe = None
        self.started()
        self.published = True
        return pid

    def reap_workers(self) -> None:
        """Reap the workers that exited; a running server retries a worker that could not boot."""
        while True:
            try:
                super().reap_workers()
                return
            except HaltServer:
                if not self.published and not self.stopping:
                    raise
                self._try_later("it exited before it was ready")

    def _try_later(self, why: str) -> None:
        """Wait before the next attempt: descriptors, processes or memory may be available again by then."""
        now = time.monotonic()
        calm = now - self.next_spawn > RETRY_LAST
        self.retry_after = RETRY_FIRST if calm else min(2 * self.retry_after, RETRY_LAST)
        self.next_spawn = now + self.retry_after
        self.log.error("A worker could not start; next attempt in %.0f s: %s", self.retry_after, why)

    def _fork(self) -> int:
        """Fork a worker; the worker never returns from here.

        Signals are blocked until the worker has its own handlers: one that arrives before that would be lost.
        """
        master = os.getpid()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, GUARDED_SIGNALS)
        try:
            return super().spawn_worker()
        except SystemExit as end:
            # Only a worker gets here. Its exit must not unwind the master's stack.
            os._exit(end.code if isinstance(end.code, int) else 1)
        except BaseException:
            if os.getpid() != master:
                os._exit(self.WORKER_BOOT_ERROR)
            raise
        finally:
            if os.getpid() == master:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _await_ready(self, reading: int) -> None:
        deadline = time.monotonic() + BOOT_TIMEOUT
        while time.monotonic() < deadline:
            if not self.SIG_QUEUE.empty():
                sig = self.SIG_QUEUE.get_nowait()
                if sig in STOP_SIGNALS:
                    raise StopIteration
            if select.select([reading], [], [], 0.1)[0]:
                answer = os.read(reading, 4096)
                if answer == b"\0":
                    return
                why = answer.decode("utf-8", "replace") or "it exited without a reason"
                self.log.error_log.disabled = True  # one line is enough
                raise HaltServer(f"the first worker could not start: {why}", 1)
        raise HaltServer(f"the first worker did not start within {BOOT_TIMEOUT:.0f} s", 1)

    # Life

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        until_check = max(0.0, self.next_check - time.monotonic())
        signals = super().wait_for_signals(min(timeout, until_check))
        if time.monotonic() >= self.next_check:
            self.next_check = time.monotonic() + CHECK_INTERVAL
            self.checked()
        if self.idle_timeout and self.idle_clock.elapsed() >= self.idle_timeout:
            raise StopIteration
        return signals

    def stop(self, graceful: bool = True) -> None:
        """Withdraw, close the listener, and let the workers finish; a second INT or QUIT shortens the wait."""
        if not self.stopping:
            self.stopping = True
            self.stopped()
            gunicorn_private.close_sockets(self.LISTENERS, unlink=False)
            self.LISTENERS = []
            self.kill_workers(signal.SIGTERM if graceful else signal.SIGQUIT)
            self._await_end(self.cfg.graceful_timeout, may_hurry=graceful)
            self.kill_workers(signal.SIGKILL)
            self._await_end(HURRY)

    def _await_end(self, patience: float, *, may_hurry: bool = False) -> None:
        """Wait until the workers have exited. gunicorn's own wait never ends if the clock is set back."""
        deadline = time.monotonic() + patience
        while self.WORKERS and (remaining := deadline - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                # Only briefly: the CHLD of a worker may have been consumed together with the signal to stop.
                if self.SIG_QUEUE.get(timeout=min(remaining, 0.1)) in HURRY_SIGNALS and may_hurry:
                    may_hurry = False
                    self.kill_workers(signal.SIGQUIT)
                    deadline = time.monotonic() + HURRY
            self.reap_workers()

    def halt(self, reason: str | None = None, exit_status: int = 0) -> NoReturn:
        self.stop()
        self.failure = reason or self.failure
        sys.exit(1 if exit_status or self.failure else 0)


def has_terminal() -> bool:
    """Return True if this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def pre_fork(arbiter: Arbiter, worker: Worker) -> None:
    """Prepare what the worker inherits, and close everything else (gunicorn's hook)."""
    forks.close_resources()
    worker.idle_clock = arbiter.idle_clock
    worker.request_timeout = arbiter.request_timeout
    worker.long_paths = arbiter.long_paths
    worker.writers = arbiter.writers
    if arbiter.ready_pipe is not None:
        worker.ready_pipe = arbiter.ready_pipe[1]


def post_fork(arbiter: Arbiter, worker: Worker) -> None:
    """Close the master's end of the pipe and abandon its pools (gunicorn's hook)."""
    forks.abandon_pools()
    if arbiter.ready_pipe is not None:
        os.close(arbiter.ready_pipe[0])


def post_worker_init(worker: Worker) -> None:
    """Let the host prepare the worker, then report that it is ready (gunicorn's hook)."""
    worker_started.send(sender=Worker)
    worker.say_ready()
