"""Start the server in the background, and wait until it would answer."""

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
from projects.client.resolution import TOKEN_FILE, live, port_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from projects.client.context import Context

MANAGE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "pmsite", "__main__.py"
)
PATIENCE = 60.0  # seconds
LAST_WORDS = 10.0  # seconds for a child that closed its output to end
GRACE = 15.0  # seconds for a child to end when asked: it finishes requests first
MAX_OUTPUT = 1 << 20  # bytes that others may print before the ready line


def start(context: Context, flags: Iterable[str] = (), patience: float = PATIENCE) -> portfile.ServerInfo:
    """Start a server with the flags of `runserver_discover`; return what it says of itself, in `patience` seconds.

    A live one stays and is returned, with a warning; of two starts at once both return the winner's.
    Whatever goes wrong, the child does not outlive it. Raises StartFailed, Sandboxed, FileRefused.
    """
    running = live(context)
    if running is not None:
        context.warn(f"a server is already running at {running.url} (pid {running.pid}); its settings stay as they are")
        return running
    why = sandbox.obstacle()
    if why:
        raise Sandboxed(
            f"this shell can't connect even to itself ({why}), so no server was started; "
            f"run pm outside of the sandbox, {sandbox.SETTINGS}"
        )
    try:
        workspace.create(context.directory)
    except workspace.WorkspaceError as error:
        raise FileRefused(str(error)) from None
    log = logfile.open_for_start(context.directory)
    try:
        offset = os.fstat(log).st_size
        child = _spawn(context, flags, log)
    finally:
        os.close(log)
    try:
        deadline = time.monotonic() + patience
        info = _ready_info(child, deadline)
        if info is not None:
            _check_answer(info, max(1.0, deadline - time.monotonic()))
            for warning in logfile.warnings_since(context.directory, offset):
                context.warn(warning)
            _disown(child)
            return info
        child.wait(LAST_WORDS)
    except BaseException as error:
        _end(context, child)
        if isinstance(error, subprocess.TimeoutExpired):
            raise StartFailed("the server started, but did not say where it is; see: pm server logs") from None
        raise
    winner = live(context)
    if winner is not None:
        context.warn(f"another start was first: {winner.url} (pid {winner.pid})")
        return winner
    why = logfile.failure_since(context.directory, offset)
    raise StartFailed(why or f"the server ended with {child.returncode} and said nothing; see: pm server logs")


def _spawn(context: Context, flags: Iterable[str], log: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [sys.executable, MANAGE, "runserver_discover", "--json", *flags],
            env={**context.environ, "PM_CONFIG_DIR": context.directory},
            cwd=context.directory,  # ours may be deleted while it serves
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # the terminal's Ctrl-C is not meant for it
            close_fds=True,
        )
    except OSError as error:
        limit = "; the limit of processes is reached (ulimit -u, or the container's)"
        why = f"{error.strerror}{limit if error.errno == errno.EAGAIN else ''}"
        raise StartFailed(f"{sys.executable} can't be started: {why}") from None


def _ready_info(child: subprocess.Popen[bytes], deadline: float) -> portfile.ServerInfo | None:
    """Return what the server prints of itself when it answers; None where it ends without that.

    Lines of others are passed over: a `sitecustomize` prints, too.
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
    """Ask the server that was started whether it is well. Raises StartFailed."""
    try:
        answer = SocketTransport(info.host, info.port, silence).send("GET", "/health", {"Accept": "application/json"})
        healthy = quickjson.loads(answer.body)["instance_id"] == info.instance_id
    except TransportError as error:
        raise StartFailed(f"the server that was started did not answer, and was stopped: {error}") from None
    except (ValueError, KeyError, TypeError):
        healthy = False
    if not healthy:
        raise StartFailed(f"the server started, but another answers at {info.url}; it was stopped")


def _end(context: Context, child: subprocess.Popen[bytes]) -> None:
    """End the child, and what it published if it had no time to withdraw that."""
    child.terminate()
    try:
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        path = port_file(context)
        with suppress(portfile.PortFileError, OSError):
            if portfile.parse(portfile.read_text(path)).pid == child.pid:
                os.unlink(path)
                os.unlink(os.path.join(context.directory, TOKEN_FILE))


def _disown(child: subprocess.Popen[bytes]) -> None:
    # Popen warns of a child that outlives it, and this one is meant to.
    child.returncode = 0
