"""Stop the server: through its API, or by signalling its verified process."""

from __future__ import annotations

import os
import signal
import time

from discovery import lock, portfile, process
from projects.client import sandbox
from projects.client.errors import BadAnswer, NoServer, StopFailed, UsageError
from projects.client.resolution import port_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

PATIENCE = 15.0  # seconds
GRACE = 5.0  # seconds between SIGTERM and SIGKILL
EXIT = 2.0  # seconds for the process to end after it released the lock; a program that called the server lives on
POLL = 0.02  # seconds


def stop(context: Context, *, force: bool = False) -> None:
    """Stop the server and wait until it is gone. Raises NoServer, Sandboxed, StopFailed, and errors of the API."""
    target = context.api.target
    info = target.info
    deadline = time.monotonic() + context.timeout(PATIENCE)
    if force:
        if info is None:
            raise UsageError("--force ends a local process: it can't be used with a URL")
        _end(context, info, deadline)
        return
    try:
        context.api.call("POST", "/api/v1/server/stop/", silence=PATIENCE)
    except (NoServer, BadAnswer):
        # It may have exited before it responded; otherwise raise this error.
        if info is None or not _is_gone(context, info):
            raise
    while not (_is_gone(context, info) if info else _is_deaf(context)):
        if time.monotonic() > deadline:
            raise StopFailed(f"the server at {target.url} is still stopping; to end it: pm server stop --force")
        time.sleep(POLL)
    if info:
        _await_exit(info)


def _end(context: Context, info: portfile.ServerInfo, deadline: float) -> None:
    why = sandbox.obstacle(info) or sandbox.prohibition(info)
    if why:
        raise sandbox.refusal(info.url, info, why)
    kill_at = min(time.monotonic() + GRACE, deadline - 1)
    _signal(context, info, signal.SIGTERM)
    killed = False
    while not _is_gone(context, info):
        if not killed and time.monotonic() > kill_at:
            _signal(context, info, signal.SIGKILL)
            killed = True
        if time.monotonic() > deadline:
            raise StopFailed(f"the server's lock is still held, though its process {info.pid} was killed")
        time.sleep(POLL)
    _await_exit(info)


def _await_exit(info: portfile.ServerInfo) -> None:
    """Wait until the process of a stopped server has ended, if it can be seen from here."""
    deadline = time.monotonic() + EXIT
    while (
        info.process_start
        and info.namespace == process.namespace()
        and process.start_time(info.pid) == info.process_start
        and time.monotonic() < deadline
    ):
        time.sleep(POLL)


def _signal(context: Context, info: portfile.ServerInfo, number: signal.Signals) -> None:
    """Signal the process of `info` if it is still the same. Raises StopFailed if that can't be verified."""
    if not info.process_start or info.namespace != process.namespace():
        raise StopFailed(f"pid {info.pid} can't be verified from here (another container?), so no signal was sent")
    try:
        # Linux: opened before the check, the descriptor can't refer to a reused pid.
        handle = os.pidfd_open(info.pid) if hasattr(os, "pidfd_open") else None
    except ProcessLookupError:
        return
    try:
        if process.start_time(info.pid) != info.process_start:
            return  # it has already exited
        if handle is None:
            os.kill(info.pid, number)
        else:
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise StopFailed(f"pid {info.pid} belongs to another user") from None
    finally:
        if handle is not None:
            os.close(handle)


def _is_gone(context: Context, info: portfile.ServerInfo) -> bool:
    """Return True if the server has ended: its lock is free, or another server holds it."""
    path = port_file(context.directory)
    locked = lock.probe(portfile.lock_path(path))
    if locked == lock.HELD:
        try:
            return bool(portfile.read(path).instance_id != info.instance_id)
        except portfile.PortFileError:
            return False  # it or its workers are finishing requests
    return locked == lock.FREE or process.start_time(info.pid) != info.process_start


def _is_deaf(context: Context) -> bool:
    try:
        context.api.call("GET", "/health")
    except NoServer:
        return True
    except BadAnswer:  # it is closing the connection
        return False
    return False
