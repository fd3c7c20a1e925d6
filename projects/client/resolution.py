"""The server to use, from an explicit URL or the live server.json, and the token to send."""

from __future__ import annotations

import os
import stat

from discovery import portfile, process, safe_files
from projects.client.errors import RemoteRefused, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from projects.client.team_servers import Login

    Warn = Callable[[str], None]

PORT_FILE = "server.json"
REMOTE_FILE = "remote.json"  # what the repository suggests; see remote_board
TOKEN_FILE = "server.token"  # noqa: S105 -- a file's name


PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


class Target:
    """The server to use; `info` is the content of the live server.json, None for an explicit URL.

    `is_direct` is True for HTTPS to `host` and `port` without a proxy, which needs no `requests`.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        info: portfile.ServerInfo | None,
        loopback: bool,
        *,
        host: str = "",
        port: int = 0,
        is_direct: bool = False,
    ) -> None:
        self.url = url
        self.token = token
        self.info = info
        self.loopback = loopback
        self.host = host
        self.port = port
        self.is_direct = is_direct


def given_target(url: str, directory: str | None, environ: Mapping[str, str], warn: Warn) -> Target:
    """Return the target of an explicit URL; `directory` is the config directory, if it can be used.

    Raises RemoteRefused, UsageError.
    """
    url, host, port, loopback = check_url(url, allow_remote=environ.get("PM_ALLOW_REMOTE") == "1")
    token = _own_token(environ)
    if token is None and loopback and directory is not None:
        try:
            info = portfile.read(port_file(directory))
        except portfile.PortFileError:
            info = None  # ignore errors: this directory was not requested
        # The directory's own token goes to the directory's own server only.
        if info and port == info.port and host in (info.host, "localhost"):
            return Target(info.url, _file_token(directory, warn), None, True)
    return Target(url, token, None, loopback, host=host, port=port, is_direct=is_direct(url, environ))


def team_target(login: Login, environ: Mapping[str, str]) -> Target:
    """Return the target of a repository that is logged in to a team server. Raises RemoteRefused, UsageError."""
    url, host, port, loopback = check_url(login.url, allow_remote=True)
    token = _own_token(environ) or login.token
    return Target(url, token, None, loopback, host=host, port=port, is_direct=is_direct(url, environ))


def is_direct(url: str, environ: Mapping[str, str]) -> bool:
    """Return True for HTTPS without a path, or a proxy."""
    return url.startswith("https:") and url.count("/") == 2 and not any(map(environ.get, PROXIES))


def own_target(info: portfile.ServerInfo, directory: str, environ: Mapping[str, str], warn: Warn) -> Target:
    """Return the target of the directory's live server. Raises Sandboxed, UsageError."""
    if info.network and info.network != process.namespace("net") and portfile.is_loopback(info.host):
        from projects.client import sandbox

        # Another process may have this port in our namespace: don't send it the token.
        raise sandbox.refusal(info.url, info, sandbox.ELSEWHERE)
    return Target(info.url, _own_token(environ) or _file_token(directory, warn), info, True)


def live(directory: str, warn: Warn) -> portfile.ServerInfo | None:
    """Return the info of the directory's live server; None, with a warning, if server.json is rejected."""
    path = port_file(directory)
    try:
        return portfile.read(path)
    except portfile.PortFileMissing:
        return None
    except portfile.PortFileRejected as error:
        warn(f"{path} is ignored: {error}")
        return None


def team_servers_file(environ: Mapping[str, str]) -> str:
    """Return the path of the user's list of team servers; it need not exist."""
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):  # the XDG specification ignores relative ones
        folder = os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".config")
    return f"{folder}/pm/servers.toml"


def port_file(directory: str) -> str:
    """Return the path of the directory's server.json."""
    return os.path.join(directory, PORT_FILE)


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


def is_token(text: str) -> bool:
    """Return True if the text can be sent as a token."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _own_token(environ: Mapping[str, str]) -> str | None:
    token = environ.get("PM_TOKEN")
    if token and not is_token(token):
        raise UsageError("PM_TOKEN contains characters that are not allowed in a token")
    return token or None


def _file_token(directory: str, warn: Warn) -> str | None:
    path = os.path.join(directory, TOKEN_FILE)
    try:
        fileno = safe_files.open_regular(path)
    except safe_files.FileMissing:
        return None
    except safe_files.FileRejected as error:
        warn(f"{path} is ignored: {error}")
        return None
    try:
        if stat.S_IMODE(os.fstat(fileno).st_mode) & 0o077:
            warn(f"{path} is ignored: other users can read it; restart the server: pm server stop && pm server start")
            return None
        token = os.read(fileno, 1024).decode("latin-1").strip()
    except OSError as error:
        warn(f"{path} is ignored: {error.strerror}")
        return None
    finally:
        os.close(fileno)
    return token if is_token(token) else None
