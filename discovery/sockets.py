"""Bind the requested port or a free one. The bound socket is the one that serves.

Standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from collections import namedtuple

from discovery.portfile import build_url

LOWEST_PORT, HIGHEST_PORT = 1024, 65535
BACKLOG = 2048  # connections
SELF_PATIENCE = 1.0  # seconds
# "Bad ports" from 1024: browsers refuse URLs with one of them. https://fetch.spec.whatwg.org/#port-blocking
BLOCKED_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080}
)

Bound = namedtuple("Bound", "socket host port url fell_back")


class BindError(Exception):
    """No socket could be bound; the message is one line."""


def check_port(port: int) -> int:
    """Return `port` if it is 0 (the system picks one) or in 1024..65535. Raises BindError."""
    if port and not LOWEST_PORT <= port <= HIGHEST_PORT:
        raise BindError(f"port {port} is not allowed: use 0 (a free one) or {LOWEST_PORT}..{HIGHEST_PORT}")
    return port


def is_loopback(host: str) -> bool:
    """Return True if all addresses of the name or address `host` are loopback."""
    try:
        return all(ipaddress.ip_address(address).is_loopback for _, address in _resolve(host))
    except (BindError, ValueError):
        return False


def bind(host: str, port: int, *, strict: bool = False) -> Bound:
    """Bind `host`:`port` and return the socket, its literal host, port and URL, and whether it fell back.

    For port 0, and for a port in use unless `strict`, the system picks a port that browsers accept. A wildcard
    address is reported as its loopback address. Raises BindError.
    """
    check_port(port)
    family, address = _resolve(host)[0]
    fell_back = False
    try:
        server = _bound(family, address, port) if port else _bound_free(family, address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise BindError(
                _explain(error, address) or f"{build_url(address, port)} can't be bound: {error.strerror}"
            ) from None
        if strict:
            raise BindError(f"port {port} is in use on {address}; omit --strict-port to use a free one") from None
        fell_back = True
        server = _bound_free(family, address)
    return _name(server, fell_back=fell_back)


def adopt(fileno: int) -> Bound:
    """Return the listening socket that a program of this process bound before. Raises OSError."""
    server = socket.socket(fileno=fileno)
    server.set_inheritable(False)
    return _name(server, fell_back=False)


def _name(server: socket.socket, *, fell_back: bool) -> Bound:
    bound_host, bound_port = server.getsockname()[:2]
    if ipaddress.ip_address(bound_host).is_unspecified:
        bound_host = "::1" if server.family == socket.AF_INET6 else "127.0.0.1"
    return Bound(server, bound_host, bound_port, build_url(bound_host, bound_port), fell_back)


def check_reachable(bound: Bound) -> None:
    """Raise BindError, and close the socket, if not even this process can connect to it.

    Binding also works where the loopback interface is down, or where a sandbox forbids connections.
    """
    try:
        with socket.socket(bound.socket.family, socket.SOCK_STREAM) as client:
            client.settimeout(SELF_PATIENCE)
            client.connect((bound.host, bound.port))
    except TimeoutError:  # from a firewall; other clients may get through
        return
    except OSError as error:
        bound.socket.close()
        raise BindError(
            f"this process can't connect to {bound.url}: {error.strerror}; "
            "is the loopback interface up, and may this shell open connections (is it a sandbox)?"
        ) from None


def _resolve(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """Return (family, literal address) of `host`, IPv4 first, for clients that speak nothing else."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BindError(f"host {host!r} can't be resolved: {getattr(error, 'strerror', None) or error}") from None
    return sorted({(family, str(address[0])) for family, _, _, _, address in found})


def _bound_free(family: socket.AddressFamily, address: str) -> socket.socket:
    """Return a socket on a free port that browsers accept. Raises BindError."""
    with contextlib.ExitStack() as blocked:  # keep them bound, so that the system does not offer them again
        while True:
            try:
                server = _bound(family, address, 0)
            except OSError as error:
                raise BindError(_explain(error, address) or f"no free port on {address}: {error.strerror}") from None
            if server.getsockname()[1] not in BLOCKED_PORTS:
                return server
            blocked.enter_context(server)


def _explain(error: OSError, address: str) -> str | None:
    """Return a message for an address that no interface has; None for another error."""
    if error.errno != errno.EADDRNOTAVAIL:
        return None
    other = "::1" if address == "127.0.0.1" else "127.0.0.1"
    return f"this machine has no address {address}; serve on another: --host {other}"


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Otherwise connections in TIME_WAIT block the port for a minute after its last server.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        # Listen at once: with SO_REUSEADDR, Linux lets two sockets bind a port until one of them listens.
        server.listen(BACKLOG)
    except BaseException:
        server.close()
        raise
    return server
