"""Start the server in the background and wait until it is ready."""

from __future__ import annotations

import errno
import os
import select
import subprocess
import sys
import time
from contextlib import suppress

from discovery import portfile, quickjson
from projects import workspace
from projects.client import logfile, sandbox
from projects.client.errors import FileRefused, Sandboxed, StartFailed
from projects.client.http import SocketTransport, TransportError
from projects.client.resolution import REMOTE_FILE, TOKEN_FILE, live, port_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from projects.client.resolution import Warn

MANAGE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "pmsite", "__main__.py"
)
PATIENCE = 60.0  # seconds
LAST_WORDS = 10.0  # seconds for a child to exit after it closed its output
GRACE = 15.0  # seconds for a child to exit after SIGTERM: it finishes requests first
MAX_OUTPUT = 1 << 20  # bytes that other code may print before the ready line


def start(
    directory: str, environ: Mapping[str, str], warn: Warn, flags: Iterable[str] = (), patience: float = PATIENCE
) -> portfile.ServerInfo:
    """Start a server with the flags of `runserver_discover`; return its info within `patience` seconds.

    A running server is returned with a warning; two concurrent starts both return the winner. On any error the child
    is ended. Raises StartFailed, Sandboxed, FileRefused.
    """
    running = live(directory, warn)
    if running is not None:
        warn(f"a server is already running at {running.url} (pid {running.pid}); its settings stay as they are")
        return running
    if os.path.lexists(os.path.join(directory, REMOTE_FILE)):
        from projects.client import remote_board

        remote_board.refuse_second_board(directory)
    why = sandbox.obstacle()
    if why:
        raise Sandboxed(
            f"this shell can't connect to its own sockets ({why}), so no server was started; "
            f"run pm outside the sandbox, or {sandbox.way_out()}"
        )
    try:
        workspace.create(directory)
    except workspace.WorkspaceError as error:
        raise FileRefused(str(error)) from None
    log = logfile.open_for_start(directory)
    try:
        offset = os.fstat(log).st_size
        child = _spawn(directory, environ, flags, log)
    finally:
        os.close(log)
    try:
        deadline = time.monotonic() + patience
        info = _ready_info(child, deadline)
        if info is not None:
            _check_answer(info, max(1.0, deadline - time.monotonic()))
            for warning in logfile.warnings_since(directory, offset):
                warn(warning)
            _disown(child)
            return info
        child.wait(LAST_WORDS)
    except BaseException as error:
        _end(directory, child)
        if isinstance(error, subprocess.TimeoutExpired):
            raise StartFailed("the server started, but did not print its address; see: pm server logs") from None
        raise
    winner = live(directory, warn)
    if winner is not None:
        warn(f"another process started the server first: {winner.url} (pid {winner.pid})")
        return winner
    why = logfile.failure_since(directory, offset)
    raise StartFailed(why or f"the server exited with {child.returncode} without a message; see: pm server logs")


def _spawn(directory: str, environ: Mapping[str, str], flags: Iterable[str], log: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [sys.executable, MANAGE, "runserver_discover", "--json", *flags],
            env={**environ, "PM_CONFIG_DIR": directory},
            cwd=directory,  # the caller's may be deleted while the server runs
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C in the terminal must not reach it
            close_fds=True,
        )
    except OSError as error:
        limit = "; the limit of processes is reached (ulimit -u, or the container's)"
        why = f"{error.strerror}{limit if error.errno == errno.EAGAIN else ''}"
        raise StartFailed(f"{sys.executable} can't be started: {why}") from None


def _ready_info(child: subprocess.Popen[bytes], deadline: float) -> portfile.ServerInfo | None:
    """Return the info that the server prints when it is ready; None if it exits first.

    Other lines are skipped: a `sitecustomize` may print, too.
    """
    if child.stdout is None:  # never: it is a pipe
        return None
    with child.stdout as pipe:
        line, total = b"", 0
        while total <= MAX_OUTPUT:
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise StartFailed("the server did not become ready in time and was stopped; see: pm server logs")
            piece = os.read(pipe.fileno(), 4096)
            if not piece:
                return None
            total += len(piece)
            *lines, line = (line + piece).split(b"\n")
            for one in lines:
                with suppress(portfile.PortFileRejected):
                    return portfile.parse(one.decode("utf-8", "replace"))
    return None


def _check_answer(info: portfile.ServerInfo, silence: float) -> None:
    """Check that the new server responds. Raises StartFailed."""
    try:
        answer = SocketTransport(info.host, info.port, silence).send("GET", "/health", {"Accept": "application/json"})
        healthy = quickjson.loads(answer.body)["instance_id"] == info.instance_id
    except TransportError as error:
        raise StartFailed(f"the new server did not respond and was stopped: {error}") from None
    except (ValueError, KeyError, TypeError):
        healthy = False
    if not healthy:
        raise StartFailed(f"the server started, but another one responds at {info.url}; the new one was stopped")


def _end(directory: str, child: subprocess.Popen[bytes]) -> None:
    """End the child; if it had to be killed, remove the files that it published."""
    child.terminate()
    try:
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        path = port_file(directory)
        with suppress(portfile.PortFileError, OSError):
            if portfile.parse(portfile.read_text(path)).pid == child.pid:
                os.unlink(path)
                os.unlink(os.path.join(directory, TOKEN_FILE))


def _disown(child: subprocess.Popen[bytes]) -> None:
    # Popen warns about children that are still running; this one is meant to be.
    child.returncode = 0
