"""What we expect of gunicorn, name by name: an upgrade that changes one fails here, and says which.

The names are those that `discovery/gunicorn_private.py` declares for the type checker.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import os
import queue
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import gunicorn
import pytest

from discovery import arbiter, gunicorn_private, worker
from discovery.gunicorn_private import BaseApplication, HaltServer, TConn, ThreadWorker
from tests.processes import CHECKOUT, poll

W = TypeVar("W", bound=ThreadWorker)
SOURCE = CHECKOUT / "discovery" / "gunicorn_private.py"
PROTOCOLS = {"Config", "Logger", "MethodQueue", "Parser", "Unreader"}  # of objects; the tests of their owners use them


def declared() -> dict[str, list[ast.stmt]]:
    """Return the classes that the module declares for the type checker, with their members."""
    (block,) = (node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.If))
    return {node.name: node.body for node in block.body if isinstance(node, ast.ClassDef)}


MEMBERS = [
    (name, member)
    for name, body in declared().items()
    if name not in PROTOCOLS
    for member in body
    if isinstance(member, ast.FunctionDef | ast.AnnAssign)
]
METHODS = [(name, member) for name, member in MEMBERS if isinstance(member, ast.FunctionDef)]
ATTRIBUTES = [(name, ast.unparse(member.target)) for name, member in MEMBERS if isinstance(member, ast.AnnAssign)]


class Application(BaseApplication):
    """The smallest application: two workers of gunicorn's own, each with two threads."""

    def load_config(self) -> None:
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 2)
        self.cfg.set("workers", 2)
        self.cfg.set("loglevel", "critical")

    def load(self) -> Callable[..., Any]:
        return lambda environ, start_response: []


class Master(gunicorn_private.Arbiter):
    """An arbiter without a socket, whose workers sleep until they get a signal, or exit with `code`."""

    code: int | None = None

    def __init__(self) -> None:
        super().__init__(Application())
        self.pid = os.getpid()
        self.cfg.set("post_fork", self.become_worker)

    def become_worker(self, server: object, worker: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self.code is None:
            time.sleep(60)
        os._exit(self.code or 0)


@pytest.fixture
def master() -> Iterator[Master]:
    made = Master()
    yield made
    for pid in list(made.WORKERS):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        made.WORKERS.pop(pid).tmp.close()


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put the handlers of signals back after the test."""
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@contextlib.contextmanager
def created(kind: type[W]) -> Iterator[W]:
    """Create a worker as the master does, before the fork."""
    application = Application()
    made = kind(1, os.getpid(), [], application, 15.0, application.cfg, None)
    yield made
    made.tmp.close()


@pytest.fixture
def one() -> Iterator[ThreadWorker]:
    with created(ThreadWorker) as made:
        yield made


@pytest.fixture
def connection(one: ThreadWorker) -> Iterator[TConn]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made = TConn(one.cfg, ours, ("127.0.0.1", 1), ("127.0.0.1", 2))
        yield made


def test_version_is_the_one_that_these_tests_were_written_for() -> None:
    assert gunicorn.version_info[0] == 27, "read the changes of this major version, then adapt this number"


def test_gunicorn_is_imported_in_one_module_only() -> None:
    for path in (CHECKOUT / "discovery").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.partition(".")[0] == "gunicorn" for name in names):
                assert path == SOURCE


@pytest.mark.parametrize(("name", "method"), METHODS, ids=[f"{name}.{method.name}" for name, method in METHODS])
def test_method_takes_these_arguments(name: str, method: ast.FunctionDef) -> None:
    real = inspect.signature(getattr(getattr(gunicorn_private, name), method.name)).parameters.values()
    rest = [each.arg for each in (method.args.vararg, method.args.kwarg) if each]
    assert [each.name for each in real] == [each.arg for each in method.args.args] + rest
    optional = [each.name for each in real if each.default is not inspect.Parameter.empty]
    assert optional == [each.arg for each in method.args.args[len(method.args.args) - len(method.args.defaults) :]]


@pytest.mark.parametrize(("name", "attribute"), ATTRIBUTES, ids=[".".join(pair) for pair in ATTRIBUTES])
def test_attribute_is_there(name: str, attribute: str, master: Master, one: ThreadWorker, connection: TConn) -> None:
    instances = {"Arbiter": master, "ThreadWorker": one, "TConn": connection, "BaseApplication": Application()}
    assert hasattr(instances[name], attribute)


# What gunicorn calls, and from where: an override of a method that nothing calls would do nothing.
HOOKS = [
    ("Arbiter", "run", "start"),
    ("Arbiter", "run", "manage_workers"),
    ("Arbiter", "run", "wait_for_signals"),
    ("Arbiter", "run", "halt"),
    ("Arbiter", "run", "stop"),
    ("Arbiter", "start", "init_signals"),
    ("Arbiter", "manage_workers", "spawn_workers"),
    ("Arbiter", "handle_chld", "reap_workers"),
    ("ThreadWorker", "init_process", "get_thread_pool"),
    ("ThreadWorker", "run", "notify"),
    ("ThreadWorker", "run", "murder_pending"),
    ("ThreadWorker", "run", "_cap_keepalive"),
    ("ThreadWorker", "run", "nr_conns"),
    ("ThreadWorker", "run", "worker_connections"),
    ("ThreadWorker", "set_accept_enabled", "accept"),
    ("ThreadWorker", "finish_request", "on_client_socket_readable"),
    ("ThreadWorker", "finish_request", "enqueue_req"),
    ("ThreadWorker", "murder_keepalived", "keepalived_conns"),
]


@pytest.mark.parametrize(("name", "caller", "hook"), HOOKS, ids=[".".join(hook) for hook in HOOKS])
def test_hook_is_called_from(name: str, caller: str, hook: str) -> None:
    assert hook in getattr(getattr(gunicorn_private, name), caller).__code__.co_names


# The master


def test_signal_puts_the_number_into_the_queue(master: Master) -> None:
    assert isinstance(master.SIG_QUEUE, queue.SimpleQueue)
    master.signal(signal.SIGHUP, None)
    assert master.SIG_QUEUE.get_nowait() == signal.SIGHUP


def test_wait_for_signals_returns_all_that_came_and_none_after_the_timeout(master: Master) -> None:
    master.signal(signal.SIGHUP, None)
    master.signal(signal.SIGTERM, None)
    assert master.wait_for_signals(timeout=30) == [signal.SIGHUP, signal.SIGTERM]
    assert master.wait_for_signals(timeout=0.01) == []


@pytest.mark.parametrize(
    "number", [*arbiter.GUARDED_SIGNALS, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCHLD], ids=lambda number: number.name
)
def test_init_signals_queues(master: Master, handlers: None, number: signal.Signals) -> None:
    master.init_signals()
    os.kill(os.getpid(), number)
    assert master.wait_for_signals(timeout=30) == [number]


@pytest.mark.parametrize("name", ["hup", "int", "quit", "term", "usr2", "chld"])
def test_handler_of_a_signal_is_found_by_its_name(name: str) -> None:
    assert callable(getattr(gunicorn_private.Arbiter, f"handle_{name}"))
    names = gunicorn_private.Arbiter.SIG_NAMES
    assert getattr(signal, f"SIG{name.upper()}") in names


def test_run_ends_by_halt_on_stop_iteration_and_on_halt_server() -> None:
    class Ended(Exception):
        """Raised by `halt`."""

    class Stopping(Master):
        reason: BaseException

        def start(self) -> None:
            """Bind nothing."""

        def manage_workers(self) -> None:
            raise self.reason

        def halt(self, reason: str | None = None, exit_status: int = 0) -> Any:
            raise Ended(reason, exit_status)

    stopping = Stopping()
    stopping.reason = StopIteration()
    with pytest.raises(Ended) as ended:
        stopping.run()
    assert ended.value.args == (None, 0)
    stopping.reason = HaltServer("why", 1)
    with pytest.raises(Ended) as ended:
        stopping.run()
    assert ended.value.args == ("why", 1)


def test_halt_server_passes_through_except_exception() -> None:
    assert not issubclass(HaltServer, Exception)


def test_spawned_worker_is_in_workers_until_it_is_reaped(master: Master) -> None:
    master.code = 0
    pid = master.spawn_worker()
    assert list(master.WORKERS) == [pid]
    assert poll(lambda: master.reap_workers() or not master.WORKERS)


def test_worker_that_could_not_boot_halts_the_server(master: Master) -> None:
    assert master.WORKER_BOOT_ERROR == worker.BOOT_ERROR
    master.code = master.WORKER_BOOT_ERROR
    spawned = master.WORKERS[master.spawn_worker()]
    with pytest.raises(HaltServer):
        poll(lambda: master.reap_workers())
    spawned.tmp.close()


def test_workers_are_spawned_up_to_their_number_and_the_oldest_is_ended(master: Master) -> None:
    assert master.num_workers == 2
    master.manage_workers()
    assert len(master.WORKERS) == 2
    oldest = min(master.WORKERS)
    newest = master.spawn_worker()
    master.manage_workers()
    assert poll(lambda: master.reap_workers() or oldest not in master.WORKERS)
    assert newest in master.WORKERS
    assert len(master.WORKERS) == 2


def test_kill_workers_sends_the_signal_to_all(master: Master) -> None:
    master.manage_workers()
    master.kill_workers(signal.SIGKILL)
    assert poll(lambda: master.reap_workers() or not master.WORKERS)


def test_start_takes_over_the_listener_of_a_descriptor(master: Master, handlers: None) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    master.cfg.set("bind", f"fd://{listener.detach()}")
    with pytest.warns(ResourceWarning):  # about its second copy of the socket; `discovery.arbiter` silences it
        master.start()
    assert [each.getsockname() for each in master.LISTENERS] == [address]
    gunicorn_private.close_sockets(master.LISTENERS, unlink=False)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_num_workers_and_graceful_timeout_come_from_the_settings(master: Master) -> None:
    master.cfg.set("graceful_timeout", 7)
    assert (master.num_workers, master.cfg.graceful_timeout, master.cfg.threads) == (2, 7, 2)


def test_error_log_is_a_logger_that_can_be_disabled(master: Master) -> None:
    assert master.log.error_log.disabled is False
    assert master.log.error_log.name == "gunicorn.error"


# The worker and its connections


def test_worker_begins_alive_and_without_connections(one: ThreadWorker) -> None:
    assert (one.alive, one.booted, one.ppid, one.nr_conns) == (True, False, os.getpid(), 0)
    assert one.keepalived_conns == deque()
    assert one.worker_connections == 1000


def test_request_goes_to_the_pool_and_its_future_to_finish_request(connection: TConn) -> None:
    class Handling(ThreadWorker):
        finished: list[tuple[TConn, bool]]
        tpool: ThreadPoolExecutor  # undeclared, as the next: the parts of gunicorn that connect ours
        method_queue: Any

        def handle(self, conn: TConn) -> bool:
            return True

        def finish_request(self, conn: TConn, fs: Future[bool]) -> None:
            self.finished.append((conn, fs.result()))

    with created(Handling) as handling:
        handling.finished = []
        handling.tpool = handling.get_thread_pool()
        handling.method_queue.init()
        handling.enqueue_req(connection)
        handling.tpool.shutdown(wait=True)
        handling.method_queue.run_callbacks(None)
        assert handling.finished == [(connection, True)]
        handling.method_queue.close()


def test_answered_connection_is_kept_and_its_next_request_is_enqueued(connection: TConn) -> None:
    class Counting(ThreadWorker):
        enqueued: list[TConn]

        def enqueue_req(self, conn: TConn) -> None:
            self.enqueued.append(conn)

    done: Future[bool] = Future()
    done.set_result(True)
    with created(Counting) as counting:
        counting.enqueued = []
        counting.poller = selectors.DefaultSelector()
        connection.parser = gunicorn_private.get_parser(counting.cfg, connection.sock, connection.client)
        counting.finish_request(connection, done)
        assert list(counting.keepalived_conns) == [connection]
        assert connection.timeout > time.monotonic()
        counting.poller.get_key(connection.sock).data(connection.sock)  # readable: on_client_socket_readable
        assert counting.enqueued == [connection]
        assert list(counting.keepalived_conns) == []
        counting.poller.close()


def test_cap_keepalive_limits_the_timeouts_of_kept_connections(one: ThreadWorker, connection: TConn) -> None:
    connection.timeout = 100.0
    one.keepalived_conns.append(connection)
    one._cap_keepalive(50.0)
    assert connection.timeout == 50.0


def test_pool_has_the_threads_of_the_settings(one: ThreadWorker) -> None:
    pool = one.get_thread_pool()
    assert pool._max_workers == 2  # private to Python
    pool.shutdown()


def test_notify_touches_the_heartbeat_of_the_master(one: ThreadWorker) -> None:
    begin = time.monotonic()
    one.notify()
    assert one.tmp.last_update() >= begin  # compared with the master's monotonic clock


def test_handle_skips_the_waits_of_an_initialized_connection() -> None:
    names = inspect.getsource(ThreadWorker.handle)  # undeclared: it calls the parser
    assert "if not conn.initialized and not conn.data_ready:" in names
    assert "next(conn.parser)" in names


def test_connection_closes_its_socket(connection: TConn) -> None:
    connection.close()
    assert connection.sock.fileno() == -1


def test_parser_reads_from_any_object_with_recv_after_what_was_unread(connection: TConn, one: ThreadWorker) -> None:
    class Source:
        rest = [b"r: b\r\n\r\n", b""]

        def recv(self, size: int) -> bytes:
            return self.rest.pop(0)

    one.cfg.set("http_parser", "python")
    parser: Any = gunicorn_private.get_parser(one.cfg, Source(), ("127.0.0.1", 1))
    parser.unreader.unread(b"GET /path HTTP/1.1\r\nHost: a\r\nOthe")
    request = next(parser)
    assert (request.method, request.path) == ("GET", "/path")
    assert ("OTHER", "b") in request.headers


# Python's own


def test_thread_pool_starts_its_threads_in_a_method_that_can_fail() -> None:
    pool = worker.Pool(max_workers=1)
    assert "_adjust_thread_count" in pool.submit.__func__.__code__.co_names
    pool.submit(int).result()
    assert len(pool._threads) == 1
    pool.shutdown()


def test_exit_functions_of_python_can_be_run_before_an_exec(tmp_path: Path) -> None:
    code = "import atexit, os; atexit.register(print, 'run', flush=True); atexit._run_exitfuncs(); os._exit(0)"
    read, write = os.pipe()
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)]
    )
    os.close(write)
    os.waitpid(pid, 0)
    assert os.read(read, 100) == b"run\n"
    os.close(read)
