"""Tell a server that hangs from one that only this shell can't reach, as in the sandbox of an agent program.

Such a sandbox gives the shell a network namespace of its own, or lets the system refuse `socket()`, `bind()` or
`connect()` (seccomp, Landlock, Seatbelt). The server is well then: nobody there may be told to end it.
"""

from __future__ import annotations

import _socket as socket
import errno

from discovery import portfile, process
from projects.client.errors import Sandboxed

SETTINGS = "or let the settings of the sandbox allow pm, or connections to localhost"
ADVICE = f"run pm where the server was started, {SETTINGS}"
ELSEWHERE = "it runs in another network namespace, so this shell or the server is in a sandbox or container"
# What the system says where a policy lets a process connect to some ports only.
FORBIDDEN = (errno.EPERM, errno.EACCES)
# No sandbox: the machine or the process has too much open.
SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRINUSE)
PATIENCE = 1.0  # seconds


def refusal(url: str, info: portfile.ServerInfo | None, why: str) -> Sandboxed:
    """Return the error for a server that lives and can't be reached from here, for the reason `why`."""
    server = f"the server at {url} (pid {info.pid}) runs, but" if info else f"{url} can't be asked:"
    return Sandboxed(f"{server} this shell may not connect to it: {why}; {ADVICE}")


def is_elsewhere(info: portfile.ServerInfo) -> bool:
    """Return True if the loopback address of `info` is another than ours."""
    ours = process.namespace("net")
    theirs = info.network
    if theirs is None and info.namespace == process.namespace():  # of an older version
        theirs = process.namespace("net", info.pid)
    return bool(portfile.is_loopback(info.host) and ours and theirs and ours != theirs)


def obstacle(info: portfile.ServerInfo | None = None) -> str | None:
    """Return why this shell can't reach the server of `info`, or any on this machine; None if nothing hinders it.

    A listener of our own proves it: if even that can't be reached, the server is not at fault.
    """
    if info is not None and is_elsewhere(info):
        return ELSEWHERE
    if info is not None and portfile.is_loopback(info.host):
        return _obstacle_at(info.host)
    reason = _obstacle_at("127.0.0.1")
    return reason if reason and _obstacle_at("::1") else None  # a system may have IPv6 only


def _obstacle_at(host: str) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.bind((host, 0))
            listener.listen(1)
            _connect(host, listener.getsockname()[1])
        finally:
            listener.close()
    except OSError as error:
        return None if error.errno in SCARCE else error.strerror or str(error)
    return None


def prohibition(info: portfile.ServerInfo) -> str | None:
    """Return what the system says where it lets us connect to some ports only, and not to that of `info`; else None."""
    try:
        _connect(info.host, info.port)
    except OSError as error:  # a hung server's connections time out, a dead one's are refused
        return error.strerror if error.errno in FORBIDDEN else None
    return None


def _connect(host: str, port: int) -> None:
    connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(PATIENCE)
        connection.connect((host, port))
    finally:
        connection.close()
