"""Find the server: an explicit URL, PM_SERVER_URL, the live server.json, or a new server."""

from __future__ import annotations

import os
import stat

from discovery import portfile, process, safe_files
from projects.client.errors import ClientError, NoServer, RemoteRefused, UsageError
from projects.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

PORT_FILE = "server.json"
TOKEN_FILE = "server.token"  # noqa: S105 -- a file's name
AUTOSTARTED = ("--idle-timeout", "10800")  # seconds: an automatically started server stops by itself


class Target:
    """The server to use; `info` is the content of the live server.json, None for an explicit URL."""

    def __init__(self, url: str, token: str | None, info: portfile.ServerInfo | None, loopback: bool) -> None:
        self.url = url
        self.token = token
        self.info = info
        self.loopback = loopback


def resolve(context: Context) -> Target:
    """Return the server to use and the token to send.

    Raises NoServer, Sandboxed, RemoteRefused, and the errors of `launcher.start`.
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

        # Another process may have this port in our namespace: don't send it the token.
        raise sandbox.refusal(info.url, info, sandbox.ELSEWHERE)
    if context.compares_versions and info.version not in (None, VERSION):
        context.warn(
            f"the server is version {info.version}, this client {VERSION}; "
            "restart the server: pm server stop && pm server start"
        )
    return Target(info.url, _own_token(context) or _file_token(context), info, True)


def given_url(context: Context) -> str | None:
    """Return the explicit URL that overrides the directory's server, unchecked."""
    url: str | None = context.options.server or context.environ.get("PM_SERVER_URL")
    return url or None


def live(context: Context) -> portfile.ServerInfo | None:
    """Return the info of the directory's live server; None, with a warning, if server.json is rejected."""
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
    """Return the error for a missing server, with advice to start one."""
    return NoServer(f"no server is running for {context.directory}; start one with: pm server start")


def _given(context: Context, url: str) -> Target:
    url, host, port, loopback = check_url(url, allow_remote=context.environ.get("PM_ALLOW_REMOTE") == "1")
    token = _own_token(context)
    if token is None and loopback:
        try:
            info = portfile.read(port_file(context))
        except (portfile.PortFileError, ClientError):
            info = None  # ignore errors: this directory was not requested
        # The directory's own token goes to the directory's own server only.
        if info and port == info.port and host in (info.host, "localhost"):
            return Target(info.url, _file_token(context), None, True)
    return Target(url, token, None, loopback)


def check_url(url: str, *, allow_remote: bool) -> tuple[str, str, int, bool]:
    """Return the URL without its trailing slash, its host, port, and whether it is loopback. Raises RemoteRefused."""
    from urllib.parse import urlsplit

    from discovery.loopback import is_loopback_name

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        host, port = "", 0
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \\%")
    if not host or not plain:
        raise RemoteRefused(f"{url!r} is not a server URL; expected for example http://127.0.0.1:8000")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise RemoteRefused("a server URL must not have a user, query or fragment")
    loopback = is_loopback_name(host)
    if not loopback and not (allow_remote and parts.scheme == "https"):
        raise RemoteRefused(
            f"{host} is not this machine; set PM_ALLOW_REMOTE=1 to allow https to other machines"
            if not allow_remote
            else f"{host} is not this machine; other machines need https"
        )
    return url.rstrip("/"), host, port, loopback


def _own_token(context: Context) -> str | None:
    token = context.environ.get("PM_TOKEN")
    if token and not _is_token(token):
        raise UsageError("PM_TOKEN contains characters that are not allowed in a token")
    return token or None


def _file_token(context: Context) -> str | None:
    path = os.path.join(context.directory, TOKEN_FILE)
    try:
        fileno = safe_files.open_regular(path)
    except safe_files.FileMissing:
        return None
    except safe_files.FileRejected as error:
        context.warn(f"{path} is ignored: {error}")
        return None
    try:
        if stat.S_IMODE(os.fstat(fileno).st_mode) & 0o077:
            context.warn(
                f"{path} is ignored: other users can read it; restart the server: pm server stop && pm server start"
            )
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
