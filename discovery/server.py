"""Start the server: lock, database, socket, application, first worker, port file, in this order.

The port file exists only while the server can respond to requests.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.handlers.wsgi import WSGIHandler
from django.db import DatabaseError, connections

from discovery import (
    application,
    autoreload,
    database,
    exclusive_start,
    lock,
    portfile,
    process,
    receivers,
    restart,
    runtime,
    sockets,
)
from discovery.conf import conf
from discovery.exceptions import ServerError
from discovery.portfile import ServerInfo
from discovery.signals import ServerStop, server_checked, server_started, server_starting, server_stopped

logger = logging.getLogger("discovery")

GRACE = 10  # seconds to finish requests when the server stops
MAX_CONNECTIONS = 10_000  # of a worker
_NOT_LOOPBACK = "host {} is not loopback: other machines could reach the server; to allow that: --allow-remote"
SPARE_FILES = 200  # descriptors reserved for other uses


@dataclass(frozen=True)
class Options:
    """The options of a start; `announce` is called once, when the server is ready.

    `instance_id`: the same for all nodes of one site; by default each start has one of its own.
    `host_advice`: completes the error for a wrong Host header, after "use"; "" for the default.
    """

    host: str
    port: int
    announce: Callable[[ServerInfo], None]
    strict_port: bool = False
    allow_remote: bool = False
    allowed_hosts: tuple[str, ...] = ()
    workers: int = 2
    threads: int = 4
    idle_timeout: int = 0
    request_timeout: int = 30
    long_paths: tuple[str, ...] = ()
    writers: int = 0
    migrate: bool = True
    reload: bool = False
    static: bool = False
    instance_id: str = ""
    host_advice: str = ""


def serve(options: Options) -> None:
    """Serve until a signal, idleness or a failure ends it. Raises ServerError."""
    if threading.current_thread() is not threading.main_thread():
        raise ServerError("the server must run in the main thread, which receives signals; start a process for it")
    for name in ("GUNICORN_PID", "GUNICORN_FD", "GUNICORN_CMD_ARGS", "WEB_CONCURRENCY"):
        os.environ.pop(name, None)  # meant for another gunicorn
    try:
        sockets.check_port(options.port)
    except sockets.BindError as error:
        raise ServerError(str(error)) from None
    if not options.allow_remote and not sockets.is_loopback(options.host):
        raise ServerError(_NOT_LOOPBACK.format(_printable(options.host)))
    os.umask(os.umask(0o077) & ~0o700)  # we must be able to use our own files
    with contextlib.suppress(OSError):  # the next step that needs the directory reports it
        os.makedirs(conf.directory, mode=0o700, exist_ok=True)
    exclusive_start.check_file_system()
    handed = restart.take()
    with contextlib.ExitStack() as cleanup:
        held = exclusive_start.take_lock(handed.lock) if conf.exclusive else None
        if held:
            cleanup.callback(held.release)
        _start(options, held, handed, cleanup)


def _start(options: Options, held: lock.Lock | None, handed: restart.State, cleanup: contextlib.ExitStack) -> None:
    try:
        if held:
            exclusive_start.remove_stale_files()
        database.prepare(migrate=options.migrate)
        bound = _bind(options, last_port(held), handed)
        cleanup.callback(bound.socket.close)
        info = _describe(bound, options.instance_id)
        if held:
            held.note(portfile.lock_note(info))
        runtime.describe(info, held, named=options.host, allowed=options.allowed_hosts)
        runtime.current.host_advice = options.host_advice or runtime.current.host_advice
        wsgi = application.load(static=options.static)
        server_starting.send(sender=serve, info=info)
    except sockets.BindError as error:
        raise ServerError(str(error)) from None
    except (DatabaseError, OSError) as error:
        raise ServerError(f"the start failed: {' '.join(str(error).split())}") from error
    try:
        _run(wsgi, bound, info, held, options, handed)
    finally:
        # Python removes its handlers before it exits: a second TERM would then kill us with a signal status.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)


def last_port(held: lock.Lock | None) -> int:
    """Return the port of the last server here, so that open pages find the new one; 0 if it is unknown."""
    port = (held.last_note.split() if held else [])[2:]
    if len(port) != 1 or not port[0].isdecimal() or len(port[0]) > 5:
        return 0
    last = int(port[0])
    allowed = sockets.LOWEST_PORT <= last <= sockets.HIGHEST_PORT and last not in sockets.BLOCKED_PORTS
    return last if allowed else 0


def _bind(options: Options, preferred: int, handed: restart.State) -> sockets.Bound:
    if handed.listener >= 0:
        kept = sockets.adopt(handed.listener)
        if (handed.host, handed.port) == (options.host, options.port):
            return kept
        kept.socket.close()
    bound = sockets.bind(options.host, options.port or preferred, strict=options.strict_port and options.port > 0)
    sockets.check_reachable(bound)
    if not options.allow_remote and not sockets.is_loopback(bound.socket.getsockname()[0]):
        bound.socket.close()  # the address of the name changed since the check
        raise ServerError(_NOT_LOOPBACK.format(_printable(options.host)))
    if bound.fell_back and options.port:
        logger.warning("port %s is in use; serving on %s instead", options.port, bound.url)
    if bound.port in sockets.BLOCKED_PORTS:
        logger.warning("browsers refuse to open port %s; choose another, or 0 for a free one", bound.port)
    if not sockets.is_loopback(options.host):
        logger.warning("serving on %s: everyone who can reach this machine can reach the server", options.host)
    return bound


def _describe(bound: sockets.Bound, instance_id: str) -> ServerInfo:
    pid = os.getpid()
    return ServerInfo(
        schema=portfile.SCHEMA,
        pid=pid,
        port=bound.port,
        host=bound.host,
        url=bound.url,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        version=conf.version,
        instance_id=instance_id or secrets.token_hex(16),
        process_start=process.start_time(pid),
        boot_id=process.boot_id(),
        namespace=process.namespace(),
        network=process.namespace("net"),
        root=str(conf.directory.parent),
    )


def _run(
    wsgi: WSGIHandler,
    bound: sockets.Bound,
    info: ServerInfo,
    held: lock.Lock | None,
    options: Options,
    handed: restart.State,
) -> None:
    from discovery import arbiter as gunicorn_side
    from discovery.codewatch import CodeWatch, own_files
    from discovery.connection import MAX_GATHERED
    from discovery.watchdog import Watchdog
    from discovery.worker import Worker

    watchdog = Watchdog(info, held)
    reloader = autoreload.Reloader(handed, bound.socket, options.host, options.port) if options.reload else None
    code = CodeWatch(own_files())

    def started() -> None:
        server_started.send(sender=serve, info=info)
        connections.close_all()
        if not sys.stderr.isatty():  # a person sees the ready line
            logger.info("serving %s", info.url)
        options.announce(info)

    def checked() -> None:
        if any(answer for _, answer in server_checked.send(sender=serve, info=info)):
            arbiter.replace_workers()
        watchdog.look(arbiter)
        code.look()
        if reloader and reloader.look():
            arbiter.cfg.set("graceful_timeout", autoreload.GRACE)
            raise StopIteration  # leaves the master's loop

    def stopped() -> None:
        if arbiter.published:
            try:
                server_stopped.send(sender=serve, info=info)
            except Exception as error:  # of a receiver; the workers must stop anyway
                arbiter.failure = _sentence(error)
        if reloader and not reloader.wanted:
            reloader.close_listener()

    def worker_started(worker: Worker) -> None:
        if autoreload.is_wanted(reloader):
            autoreload.start_worker_thread(reloader)
        gunicorn_side.post_worker_init(worker)

    address = bound.url
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MAX_CONNECTIONS + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        files = min(files, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, soft), hard))
    shared_memory = "/dev/shm"  # noqa: S108 -- gunicorn's heartbeat files must not fail on a full disk
    gunicorn_settings = {
        "bind": f"fd://{bound.socket.detach()}",
        "worker_class": Worker,
        "workers": options.workers,
        "threads": options.threads,
        "worker_connections": max(files - SPARE_FILES, options.threads + 1),
        "worker_tmp_dir": shared_memory if os.access(shared_memory, os.W_OK) else None,
        "graceful_timeout": GRACE,
        "preload_app": True,
        "control_socket_disable": True,
        "forwarded_allow_ips": "",  # trust no X-Forwarded-Proto
        "http_parser": "python",
        "limit_request_line": 0,  # discovery.connection limits the whole head
        "limit_request_field_size": MAX_GATHERED,
        # Never "debug": gunicorn would log the path of every request, and a path may be a login link.
        "loglevel": "info" if logger.isEnabledFor(logging.DEBUG) else "warning",
        "pre_fork": gunicorn_side.pre_fork,
        "post_fork": gunicorn_side.post_fork,
        "post_worker_init": worker_started,
    }
    gc.freeze()  # a collection in a worker would copy every memory page with an object; one here would free 1 %
    gc.enable()  # a site may have turned it off while it was loading
    arbiter = gunicorn_side.Arbiter(
        gunicorn_side.Application(wsgi, gunicorn_settings),
        started=_halting(started),
        checked=_halting(checked),
        stopped=stopped,
        idle_timeout=options.idle_timeout,
        request_timeout=options.request_timeout,
        long_paths=options.long_paths,
        writers=options.writers,
    )
    try:
        arbiter.run()
    except SystemExit as end:
        cause = f": {_sentence(end.__context__)}" if isinstance(end.__context__, Exception) else ""
        if end.code:
            raise ServerError(arbiter.failure or f"the server at {address} failed{cause}") from None
    except Exception as error:  # of the master itself, outside its loop
        raise ServerError(f"the server at {address} failed: {_sentence(error)}") from error
    finally:
        if os.getpid() == info.pid:
            with contextlib.suppress(OSError):  # the start failed halfway, or stop() did
                receivers.withdraw_port_file(info)
    database.settle()
    if reloader and reloader.wanted:
        try:
            reloader.restart(held, unless=arbiter.must_end)
        except restart.RestartError as error:
            raise ServerError(str(error)) from None


def _halting(action: Callable[[], None]) -> Callable[[], None]:
    """Convert an exception of a receiver to a one-line end of the server."""
    from discovery.gunicorn_private import HaltServer

    def run() -> None:
        try:
            action()
        except ServerStop as stop:
            raise HaltServer(str(stop), 1) from None
        except StopIteration:  # a regular stop
            raise
        except Exception as error:  # a receiver can raise anything; HaltServer ends the master's loop cleanly
            logger.debug("the exception that ends the server", exc_info=True)
            raise HaltServer(_sentence(error), 1) from None

    return run


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)


def _sentence(error: BaseException) -> str:
    """Return the message of an exception on one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or conf.directory}: {error.strerror}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def print_line(text: str) -> None:
    """Print a line to standard output, even if its reader has closed it."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 -- otherwise flushing it at exit would fail
