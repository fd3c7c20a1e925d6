"""Every name of gunicorn that this package uses, with the type that we rely on.

Most of them are not documented, so an upgrade of gunicorn may change them without notice. Import gunicorn through
this module only. mypy sees the classes below instead of gunicorn's, so no other attribute can be used by accident;
at run time the names are gunicorn's own. `tests/discovery/test_gunicorn_private.py` compares each of them with the
installed version, and fails first when an upgrade changes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import queue
    import selectors
    import socket
    from collections import deque
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future, ThreadPoolExecutor
    from logging import Logger as LogRecorder
    from types import FrameType
    from typing import Any, NoReturn, Protocol

    class Config(Protocol):
        """The settings; each is an attribute."""

        graceful_timeout: int
        threads: int

        def set(self, name: str, value: object) -> None: ...

    class Logger(Protocol):
        error_log: LogRecorder

        def error(self, msg: str, *args: object) -> None: ...
        def warning(self, msg: str, *args: object) -> None: ...

    class BaseApplication:
        cfg: Config

        def __init__(self, usage: str | None = None, prog: str | None = None) -> None: ...

    class ParseException(Exception): ...

    class HaltServer(BaseException):
        def __init__(self, reason: str, exit_status: int = 1) -> None: ...

    class Arbiter:
        WORKER_BOOT_ERROR: int
        SIG_QUEUE: queue.SimpleQueue[int]
        WORKERS: dict[int, ThreadWorker]
        LISTENERS: list[Any]  # Any: gunicorn's own wrappers of sockets
        cfg: Config
        log: Logger
        num_workers: int

        def __init__(self, app: BaseApplication) -> None: ...
        def run(self) -> None: ...
        def start(self) -> None: ...
        def init_signals(self) -> None: ...
        def signal(self, sig: int, frame: FrameType | None) -> None: ...
        def wait_for_signals(self, timeout: float = 1.0) -> list[int]: ...
        def handle_hup(self) -> None: ...
        def handle_int(self) -> NoReturn: ...
        def handle_quit(self) -> NoReturn: ...
        def handle_usr2(self) -> None: ...
        def manage_workers(self) -> None: ...
        def spawn_workers(self) -> None: ...
        def spawn_worker(self) -> int: ...
        def reap_workers(self) -> None: ...
        def kill_workers(self, sig: int) -> None: ...
        def stop(self, graceful: bool = True) -> None: ...
        def halt(self, reason: str | None = None, exit_status: int = 0) -> NoReturn: ...

    class MethodQueue(Protocol):
        def defer(self, callback: Callable[[], None]) -> None: ...

    class ThreadWorker:
        cfg: Config
        log: Logger
        ppid: int
        alive: bool
        booted: bool
        poller: selectors.BaseSelector
        method_queue: MethodQueue
        nr_conns: int
        worker_connections: int
        keepalived_conns: deque[Any]  # Any, here and below: a connection of the class that `accept` creates

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # Any: passed on as they come
        def init_process(self) -> None: ...
        def init_signals(self) -> None: ...
        def get_thread_pool(self) -> ThreadPoolExecutor: ...
        def notify(self) -> None: ...
        def accept(self, listener: socket.socket) -> None: ...
        def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None: ...  # Any: gunicorn has no types
        def enqueue_req(self, conn: Any) -> None: ...  # Any: gunicorn has no types
        def handle(self, conn: Any) -> bool: ...  # Any: gunicorn has no types
        def finish_request(self, conn: Any, fs: Future[bool]) -> None: ...  # Any: gunicorn has no types
        def murder_pending(self) -> None: ...
        def _cap_keepalive(self, deadline: float) -> None: ...

    class Unreader(Protocol):
        def unread(self, data: bytes) -> None: ...
        def take_buffered(self) -> bytes: ...

    class Parser(Protocol):
        unreader: Unreader

    class TConn:
        sock: socket.socket
        client: Any  # Any: an address, whose form depends on the family of the socket
        timeout: float
        parser: Parser | None
        initialized: bool
        data_ready: bool

        def __init__(
            self,
            cfg: Config,
            sock: socket.socket,
            client: Any,  # Any: an address, which differs by family
            server: Any,  # Any: an address, which differs by family
        ) -> None: ...
        def close(self, graceful: bool = False) -> None: ...

    # What a parser reads from needs `recv` alone.
    get_parser: Callable[[Config, object, object], Parser]

    def close_sockets(listeners: Iterable[socket.socket], unlink: bool = True) -> None: ...

else:
    from gunicorn.app.base import BaseApplication
    from gunicorn.arbiter import Arbiter
    from gunicorn.errors import HaltServer
    from gunicorn.http import get_parser
    from gunicorn.http.errors import ParseException
    from gunicorn.sock import close_sockets
    from gunicorn.workers.gthread import TConn, ThreadWorker

__all__ = [
    "Arbiter",
    "BaseApplication",
    "HaltServer",
    "ParseException",
    "TConn",
    "ThreadWorker",
    "close_sockets",
    "get_parser",
]
