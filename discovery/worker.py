"""gunicorn's threaded worker, changed so that a slow or silent client occupies a socket instead of a thread.

The worker's event loop collects a request; only a complete one gets a thread. Threads read bodies that are too long
for that, but one thread always stays free for requests that only read (see `admission`). Reading has a deadline. A
request that waits for news waits in the loop (see `parking`). A client that does not read its response may keep a
thread only while no other request waits for one (see `slow_readers`). A request whose path is one of `long_paths` runs
in a second thread pool, so that it takes no thread from the others. After a response, a connection also lingers in the
loop until its client closes it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from discovery import admission, parking
from discovery.connection import MAX_GATHERED, Connection, refuse_head
from discovery.gunicorn_private import ThreadWorker, get_parser
from discovery.slow_readers import SlowReaders

CHECK_INTERVAL = 1.0  # seconds between two searches for clients that do not read
PATIENCE = 1 / 3  # of the time for reading a request, that a writer waits for a thread: clients often wait as long
LINGER = 2.0  # seconds for a client to read the response and close
STOP_LINGER = 0.2  # seconds that a stopping worker keeps idle connections
MAX_WAITING = 32 * 1024 * 1024  # bytes of incomplete requests
PR_SET_PDEATHSIG = 1
BOOT_ERROR = 3  # gunicorn's exit status of a worker that could not start
PROCESS_LIMIT = "the limit of processes is reached (ulimit -u, or the container's)"

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


_CLOCK_FORMAT = struct.Struct("d")


class IdleClock:
    """The time of the last request, shared by the master and its workers; create it before the fork."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _CLOCK_FORMAT.size)  # anonymous and shared: forks see one value
        self.touch()

    def touch(self) -> None:
        """Record that a request is being served."""
        # Processes can compare the monotonic clock, which is the system's; the eight bytes are written at once.
        _CLOCK_FORMAT.pack_into(self._memory, 0, time.monotonic())

    def elapsed(self) -> float:
        """Return the seconds since the last touch."""
        return time.monotonic() - float(_CLOCK_FORMAT.unpack_from(self._memory, 0)[0])


class ThreadsRefused(Exception):
    """No thread can be started."""


class Pool(ThreadPoolExecutor):
    """A pool that makes do with fewer threads if the system refuses to start more."""

    def _adjust_thread_count(self) -> None:  # called by submit, after it has queued the task
        try:
            super()._adjust_thread_count()
        except RuntimeError:
            if not self._threads:
                raise


class Worker(ThreadWorker):
    """The worker that `discovery.arbiter` runs.

    The worker reports on `ready_pipe` that it is ready, and touches `idle_clock` with each request. Both are set
    before the fork.
    """

    ready_pipe: int | None = None
    idle_clock: IdleClock
    hup_ignored = False
    request_timeout = 30.0
    long_paths: tuple[bytes, ...] = ()  # prefixes of paths whose requests take long
    long_pool: Pool | None = None
    writers = 0  # threads that may serve requests that write; 0: all but one
    admission: admission.Admission

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: gunicorn's, passed on
        super().__init__(*args, **kwargs)
        self.waiting: deque[Connection] = deque()  # without a complete request, oldest first
        self.lingering: deque[Connection] = deque()  # with a finished response, oldest first
        self.parked: dict[Connection, float] = {}  # requests that wait for news, and until when (monotonic)
        self.served: set[Connection] = set()  # requests in the thread pool, or waiting for it
        self.slow_readers = SlowReaders()
        self.checked_at = 0.0  # when slow readers were last searched for (monotonic)
        self.waiting_bytes = 0
        self.in_flight = 0

    # Boot

    def get_thread_pool(self) -> Pool:
        """Return the pool with its first thread started, as proof that threads can be started."""
        pool = Pool(max_workers=self.cfg.threads)
        try:
            pool.submit(int)
        except RuntimeError as error:
            raise ThreadsRefused(f"{error}: {PROCESS_LIMIT}") from None
        return pool

    def init_process(self) -> None:
        die_with_parent(self.ppid)
        most = self.cfg.threads - 1
        self.admission = admission.Admission(min(self.writers or most, most), self.request_timeout * PATIENCE)
        try:
            if self.long_paths:
                self.long_pool = self.get_thread_pool()
            super().init_process()
        except Exception as error:  # of the host's code or ours: report it to the master
            said = str(error) if isinstance(error, ThreadsRefused) else f"{type(error).__name__}: {error}"
            if self.ready_pipe is not None and not self.booted:
                os.write(self.ready_pipe, said.encode())
                raise SystemExit(1) from None
            if isinstance(error, ThreadsRefused):
                self.log.error("A worker could not start: %s", said)
                raise SystemExit(BOOT_ERROR) from None
            raise

    def init_signals(self) -> None:
        super().init_signals()
        # The terminal sends them to the whole foreground group; the master decides, and sends TERM.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # blocked for the fork

    def say_ready(self) -> None:
        """Report to the master, once, that this worker is ready."""
        if self.ready_pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                os.write(self.ready_pipe, b"\0")
            os.close(self.ready_pipe)
            self.ready_pipe = None

    # The loop

    def notify(self) -> None:
        super().notify()
        if self.in_flight:
            self.idle_clock.touch()

    def accept(self, listener: socket.socket) -> None:
        self._make_room()
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                time.sleep(0.01)  # no connection can be closed now: don't spin
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        self._await_request(Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_request(conn)

    def enqueue_req(self, conn: Connection) -> None:
        if not conn.is_background:
            self.in_flight += 1
            self.idle_clock.touch()
        if not self._takes_long(conn):
            self.served.add(conn)
            super().enqueue_req(conn)
            return
        assert self.long_pool is not None
        served = self.long_pool.submit(self._handle_unless_left, conn)
        served.add_done_callback(lambda done: self.method_queue.defer(partial(self.finish_request, conn, done)))

    def _takes_long(self, conn: Connection) -> bool:
        return self.long_pool is not None and conn.target.startswith(self.long_paths)

    def handle(self, conn: Connection) -> bool:
        with admission.marked(conn) if conn.is_late else contextlib.nullcontext():
            return super().handle(conn)

    def _handle_unless_left(self, conn: Connection) -> bool:
        """Serve a request unless its client disconnected while it waited for a thread."""
        return not has_left(conn.sock) and self.handle(conn)

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        if not conn.is_background:
            self.in_flight -= 1
            self.idle_clock.touch()
        self.served.discard(conn)
        for waiter in self.admission.leave(conn):
            self._dispatch(waiter)
        # A stopping worker keeps no connection; gunicorn's own would keep it for two more seconds.
        if not self.alive or fs.cancelled() or fs.exception() or not fs.result():
            self._linger(conn)
        elif conn.parser and (more := conn.parser.unreader.take_buffered()):  # the client sent it before the answer
            self._await_request(conn, more)
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        now = time.monotonic()
        if self.parked:
            self._serve_parked()
        for late in self.admission.find_late(now):
            self._dispatch(late)
        if len(self.served) + len(self.admission) > self.cfg.threads and now >= self.checked_at + CHECK_INTERVAL:
            self.checked_at = now
            self._disconnect_slow_readers(now)
        for connections in (self.waiting, self.lingering):
            while connections and connections[0].timeout <= now:
                self._drop_first(connections)

    def _disconnect_slow_readers(self, now: float) -> None:
        """Disconnect clients that do not read their response while other requests wait for a thread."""
        for conn in self.slow_readers.find(self.served, now):
            with contextlib.suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RDWR)  # its thread gets an error and returns

    def _cap_keepalive(self, deadline: float) -> None:
        # Called once, when the worker stops. A client that has sent nothing gets no response.
        now = time.monotonic()
        super()._cap_keepalive(min(deadline, now + STOP_LINGER))
        for conn in (*self.waiting, *self.lingering):
            conn.timeout = min(conn.timeout, now + (self.request_timeout if conn.received else STOP_LINGER))
        # Keep the order by timeout; clients that have sent part of a request may finish it.
        self.waiting = deque(sorted(self.waiting, key=lambda conn: conn.timeout))

    # Requests

    def _await_request(self, conn: Connection, received: bytes = b"") -> None:
        conn.expect_request(time.monotonic() + self.request_timeout)
        conn.sock.setblocking(False)
        self.waiting.append(conn)
        self._register(conn, partial(self._gather, conn))
        if received:
            self._add(conn, received)
        else:
            self._gather(conn, None)  # most clients have sent it already

    def _gather(self, conn: Connection, _: object) -> None:
        try:
            data = conn.sock.recv(MAX_GATHERED)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        self._add(conn, data)

    def _add(self, conn: Connection, data: bytes) -> None:
        """Add received bytes to a request, and serve it once it is complete; none: the client has gone."""
        self.waiting_bytes += len(data)
        if data and not conn.gather(data):
            while self.waiting_bytes > MAX_WAITING:
                self._drop_first(self.waiting)
            return
        self.waiting.remove(conn)
        self.waiting_bytes -= len(conn.received)
        if not data:
            self._drop(conn)
            return
        self.poller.unregister(conn.sock)
        if conn.needed is None:
            refuse_head(conn.sock)
            self._linger(conn)
            return
        conn.sock.setblocking(True)
        if conn.parser is None:
            conn.parser = get_parser(self.cfg, conn.reader, conn.client)
            conn.initialized = True
        conn.parser.unreader.unread(bytes(conn.received))
        conn.received = bytearray()
        if conn.requested_wait is not None and self._parks(conn, *conn.requested_wait):
            return
        if self._takes_long(conn) or self.admission.admit(conn, time.monotonic()):
            self._dispatch(conn)

    def _parks(self, conn: Connection, seen: int, seconds: int) -> bool:
        """Hold a complete request that reads if there is no news for it; return whether it is held."""
        if conn.is_slow or conn.is_writing or not self.alive or len(self.parked) >= self.worker_connections // 2:
            return False
        parking.current.on_news(self._report_news)
        if not parking.current.holds(seen):  # after on_news: nothing is missed in between
            return False
        self.parked[conn] = time.monotonic() + seconds
        self._register(conn, partial(self._look_at_parked, conn))
        return True

    def _report_news(self) -> None:
        """Wake the loop; called in the host's thread."""
        self.method_queue.defer(self._serve_parked)

    def _serve_parked(self) -> None:
        """Serve the requests for which there is news, or whose time is over."""
        now = time.monotonic()
        for conn, until in list(self.parked.items()):
            assert conn.requested_wait is not None
            if until <= now or not self.alive or not parking.current.holds(conn.requested_wait[0]):
                self._unpark(conn)
                self._dispatch(conn)

    def _look_at_parked(self, conn: Connection, _: object) -> None:
        """Drop a client that has gone; serve one that sends more."""
        self._unpark(conn)
        if has_left(conn.sock):
            self.nr_conns -= 1
            conn.close()
        else:
            self._dispatch(conn)

    def _unpark(self, conn: Connection) -> None:
        del self.parked[conn]
        self.poller.unregister(conn.sock)

    def _dispatch(self, conn: Connection) -> None:
        conn.reader.deadline = time.monotonic() + self.request_timeout
        self.enqueue_req(conn)

    # Ends

    def _linger(self, conn: Connection) -> None:
        """Close after the client does: closing with unread bytes would cut off the response (RFC 9112, 9.6)."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout = time.monotonic() + (LINGER if self.alive else STOP_LINGER)
        self.lingering.append(conn)
        self._register(conn, partial(self._read_rest, conn))
        self._read_rest(conn, None)

    def _read_rest(self, conn: Connection, _: object) -> None:
        try:
            if conn.sock.recv(MAX_GATHERED):
                return
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            pass
        self.lingering.remove(conn)
        self._drop(conn)

    def _register(self, conn: Connection, callback: Callable[[object], None]) -> None:
        self.poller.register(conn.sock, selectors.EVENT_READ, callback)

    def _drop_first(self, connections: deque[Connection]) -> None:
        conn = connections.popleft()
        if connections is self.waiting:
            self.waiting_bytes -= len(conn.received)
        self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        with contextlib.suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _make_room(self) -> None:
        """Close the connection that has been silent the longest, instead of accepting no more."""
        if self.nr_conns < self.worker_connections - 1:
            return
        for connections in (self.lingering, self.waiting, self.keepalived_conns):
            if connections:
                self._drop_first(connections)
                return


def has_left(client: socket.socket) -> bool:
    """Return True if a client has closed its end."""
    try:
        return not client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, so that no orphan keeps the lock and the port."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call
            os.kill(os.getpid(), signal.SIGKILL)
