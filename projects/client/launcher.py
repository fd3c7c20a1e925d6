"""Start the server in the background, and wait until it would answer."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

from discovery import portfile
from projects import workspace
from projects.client import logfile
from projects.client.errors import FileRefused, StartFailed
from projects.client.resolution import live

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from projects.client.context import Context

MANAGE = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "pmsite", "__main__.py"
)
PATIENCE = 60.0  # seconds
LAST_WORDS = 10.0  # seconds for a child that closed its output to end


def start(context: Context, flags: Iterable[str] = (), patience: float = PATIENCE) -> portfile.ServerInfo:
    """Start a server with the flags of `runserver_discover`; return what it says of itself, in `patience` seconds.

    A live one stays and is returned, with a warning; of two starts at once both return the winner's.
    Raises StartFailed, FileRefused.
    """
    running = live(context)
    if running is not None:
        context.warn(f"a server is already running at {running.url} (pid {running.pid}); its settings stay as they are")
        return running
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
        line = _ready_line(child, time.monotonic() + patience)
        if line is not None:
            info = portfile.parse(line.decode("utf-8", "replace"))
            _disown(child)
            for warning in logfile.warnings_since(context.directory, offset):
                context.warn(warning)
            return info
        child.wait(LAST_WORDS)
    except BaseException as error:
        child.terminate()
        _disown(child)
        if isinstance(error, subprocess.TimeoutExpired | portfile.PortFileRejected):
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
        raise StartFailed(f"{sys.executable} can't be started: {error.strerror}") from None


def _ready_line(child: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """Return the line that the server prints when it answers; None where it ends without one."""
    if child.stdout is None:  # never: it is a pipe
        return None
    with child.stdout as pipe:
        found = b""
        while len(found) <= portfile.MAX_BYTES:
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise StartFailed("the server did not become ready in time and was stopped; see: pm server logs")
            piece = os.read(pipe.fileno(), 4096)
            if not piece:
                return None
            found += piece
            if found.endswith(b"\n"):
                return found
    return found


def _disown(child: subprocess.Popen[bytes]) -> None:
    # Popen warns of a child that outlives it, and this one is meant to.
    child.returncode = 0
