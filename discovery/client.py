"""Find a host's server from Python, and connect to it.

ClientError
├── ServerNotFound      no source has the address of a server
├── RemoteRefused       the given URL is not on this machine
└── ServerUnreachable   the address is known, but no server responds
"""

from __future__ import annotations

import os
import time
import warnings
from collections import namedtuple
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from discovery import loopback, portfile
from discovery.conf import conf

TIMEOUT = 30.0  # seconds of silence
POLL_INTERVAL = 0.05  # seconds

Found = namedtuple("Found", "url source verified")


class ClientError(Exception):
    """The server can't be reached."""


class ServerNotFound(ClientError):
    """No argument, variable, valid port file or default has the address of a server."""


class RemoteRefused(ClientError):
    """The URL is not that of a server on this machine."""


class ServerUnreachable(ClientError):
    """No server responds at the address; the message names the source of the address."""


class Session(requests.Session):
    """A `requests.Session` for one server: relative URLs, timeouts, no proxies."""

    def __init__(self, found: Found, timeout: float) -> None:
        super().__init__()
        self.trust_env = False  # HTTP_PROXY would redirect loopback requests
        self.found = found
        self.base_url = found.url
        self.timeout = timeout

    def request(
        self,
        method: str | bytes,
        url: str | bytes,
        *args: Any,  # Any: as in requests' stubs
        **kwargs: Any,  # Any: as in requests' stubs
    ) -> requests.Response:
        kwargs.setdefault("timeout", self.timeout)
        target = url.decode() if isinstance(url, bytes) else url
        try:
            return super().request(method, urljoin(f"{self.base_url}/", target), *args, **kwargs)
        except requests.ConnectionError:
            raise ServerUnreachable(f"no server responds at {self.base_url} (from {self.found.source})") from None
        except requests.Timeout:
            raise ServerUnreachable(f"{self.base_url} did not respond within {self.timeout:g} s") from None


def resolve_server_url(url: str | None = None) -> str:
    """Return the server's URL: `url`, else the variable's, else the live port file's, else the default.

    Raises ServerNotFound or RemoteRefused. A rejected port file causes a warning and is ignored.
    """
    return str(_find(url).url)


def wait_for_server(timeout: float = 10.0, url: str | None = None) -> str:
    """Wait until the server responds to a request, with any status, and return its URL.

    Raises the last ClientError after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a starting server replaces a stale file
                found = _find(url)
            with Session(found, max(deadline - time.monotonic(), POLL_INTERVAL)) as session:
                session.head("/", allow_redirects=False)
            return str(found.url)
        except (ServerNotFound, ServerUnreachable):
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL_INTERVAL)


def connect(url: str | None = None, *, timeout: float = TIMEOUT) -> Session:
    """Return a session for the server that `resolve_server_url` finds; close it after use.

    The token of `DISCOVERY_TOKEN_FILE` is sent only to the address of a verified port file. Raises ClientError.
    """
    found = _find(url)
    session = Session(found, timeout)
    token = _token() if found.verified else None
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session


def _find(url: str | None) -> Found:
    variable = conf.server_url_env
    try:
        if url:
            return Found(loopback.check_loopback(url), "the argument", False)
        if variable and os.environ.get(variable):
            return Found(loopback.check_loopback(os.environ[variable]), variable, False)
    except loopback.RemoteRefused as error:
        raise RemoteRefused(str(error)) from None
    path = conf.port_file
    try:
        if conf.port_file_format == "port":
            # The file has no host: use that of the default URL, such as localhost.
            host = urlsplit(conf.default_url or "").hostname or "127.0.0.1"
            return Found(portfile.build_url(host, portfile.read_port(path)), path, False)
        return Found(portfile.read(path).url, path, True)
    except portfile.PortFileMissing:
        pass
    except portfile.PortFileRejected as error:
        warnings.warn(f"{path} is not used: {error}", stacklevel=3)
    if conf.default_url:
        return Found(loopback.check_loopback(conf.default_url), "DISCOVERY_DEFAULT_URL", False)
    raise ServerNotFound(f"no server is running for {conf.directory}; start one with: runserver_discover")


def _token() -> str | None:
    try:
        return portfile.read_text(conf.token_file).strip() if conf.token_file else None
    except portfile.PortFileError:
        return None
