"""Which server the client talks to: an explicit URL, PM_SERVER_URL, the live server.json, a new server, none."""

from __future__ import annotations

import os
import stat

from discovery import portfile, process
from projects.client.errors import ClientError, NoServer, RemoteRefused, UsageError
from projects.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

PORT_FILE = "server.json"
TOKEN_FILE = "server.token"  # noqa: S105 -- a file's name
AUTOSTARTED = ("--idle-timeout", "10800")  # seconds: a server that nobody asked for stops by itself


class Target:
    """The server to talk to; `info` is what the live server.json says of it, None for a URL that was given."""

    def __init__(self, url: str, token: str | None, info: portfile.ServerInfo | None, loopback: bool) -> None:
        self.url = url
        self.token = token
        self.info = info
        self.loopback = loopback


def resolve(context: Context) -> Target:
    """Return the server to talk to and the token that it may be sent.

    Raises NoServer, Sandboxed, RemoteRefused, and what starting one raises.
    """
    given = given_url(context)
    if given:
        return _given(context, given)
    info = live(context)
    if info is None and context.autostart:
        from projects.client import launcher

        info = launcher.start(context, AUTOSTARTED)
    if info is None:
        raise no_server(context)
    if info.network and info.network != process.namespace("net") and portfile.is_loopback(info.host):
        from projects.client import sandbox

        # Somebody else may have this port in our namespace: send nothing there, least of all the token.
        raise sandbox.refusal(info.url, info, sandbox.ELSEWHERE)
    if context.compares_versions and info.version not in (None, VERSION):
        context.warn(
            f"the server is version {info.version}, this client {VERSION}; "
            "restart the server: pm server stop && pm server start"
        )
    return Target(info.url, _own_token(context) or _file_token(context), info, True)


def given_url(context: Context) -> str | None:
    """Return the URL that outranks the directory's server, as it was given."""
    url: str | None = context.options.server or context.environ.get("PM_SERVER_URL")
    return url or None


def live(context: Context) -> portfile.ServerInfo | None:
    """Return what the live server of the directory says of itself; None, with a warning, for a file that lies."""
    path = port_file(context)
    try:
        return portfile.read(path)
    except portfile.PortFileMissing:
        return None
    except portfile.PortFileRejected as error:
        context.warn(f"{path} is ignored: {error}")
        return None


def port_file(context: Context) -> str:
    """Return the path of the directory's server.json."""
    return os.path.join(context.directory, PORT_FILE)


def no_server(context: Context) -> NoServer:
    """Return the error that says there is none, and how to start one."""
    return NoServer(f"no server is running for {context.directory}; start one with: pm server start")


def _given(context: Context, url: str) -> Target:
    url, host, port, loopback = check_url(url, allow_remote=context.environ.get("PM_ALLOW_REMOTE") == "1")
    token = _own_token(context)
    if token is None and loopback:
        try:
            info = portfile.read(port_file(context))
        except (portfile.PortFileError, ClientError):
            info = None  # the directory was not asked for: nobody wants to hear of its troubles
        # The directory's own token goes to the directory's own server only.
        if info and port == info.port and host in (info.host, "localhost"):
            return Target(info.url, _file_token(context), None, True)
    return Target(url, token, None, loopback)


def check_url(url: str, *, allow_remote: bool) -> tuple[str, str, int, bool]:
    """Return the URL without a slash at its end, its host, port, and whether it is loopback. Raises RemoteRefused."""
    from urllib.parse import urlsplit

    from discovery.urls import is_loopback_name

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        host, port = "", 0
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \\%")
    if not host or not plain:
        raise RemoteRefused(f"{url!r} is no server's URL; one looks like http://127.0.0.1:8000")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise RemoteRefused("a server's URL has no user, query or fragment")
    loopback = is_loopback_name(host)
    if not loopback and not (allow_remote and parts.scheme == "https"):
        raise RemoteRefused(
            f"{host} is not this machine; PM_ALLOW_REMOTE=1 allows https to others"
            if not allow_remote
            else f"{host} is not this machine; only https is allowed to others"
        )
    return url.rstrip("/"), host, port, loopback


def _own_token(context: Context) -> str | None:
    token = context.environ.get("PM_TOKEN")
    if token and not _is_token(token):
        raise UsageError("PM_TOKEN holds characters that no token has")
    return token or None


def _file_token(context: Context) -> str | None:
    path = os.path.join(context.directory, TOKEN_FILE)
    try:
        fileno = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        context.warn(f"{path} is ignored: {error.strerror}")
        return None
    try:
        status = os.fstat(fileno)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            context.warn(f"{path} is ignored: it is not a regular file of yours (uid {status.st_uid})")
            return None
        if stat.S_IMODE(status.st_mode) & 0o077:
            context.warn(f"{path} is ignored: others can read it; stop the server and start it again")
            return None
        token = os.read(fileno, 1024).decode("latin-1").strip()
    except OSError as error:
        context.warn(f"{path} is ignored: {error.strerror}")
        return None
    finally:
        os.close(fileno)
    return token if _is_token(token) else None


def _is_token(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
