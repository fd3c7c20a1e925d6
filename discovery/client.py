"""Find the server of a host from Python and talk to it.

ClientError
├── ServerNotFound      nothing says where a server is
├── RemoteRefused       what was given leads elsewhere than to this machine
└── ServerUnreachable   an address is known, and nobody answers there
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
    """The server can't be talked to."""


class ServerNotFound(ClientError):
    """No argument, variable, live file or default says where a server is."""


class RemoteRefused(ClientError):
    """A URL is not one of a server on this machine."""


class ServerUnreachable(ClientError):
    """Nobody answers at the server's address; the message names where the address came from."""


class Session(requests.Session):
    """A `requests.Session` that knows its server: relative URLs, bounded waits, no proxies."""

    def __init__(self, found: Found, timeout: float) -> None:
        super().__init__()
        self.trust_env = False  # HTTP_PROXY would take loopback requests away
        self.found = found
        self.base_url = found.url
        self.timeout = timeout

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", self.timeout)
        target = url.decode() if isinstance(url, bytes) else url
        try:
            return super().request(method, urljoin(f"{self.base_url}/", target), *args, **kwargs)
        except requests.ConnectionError:
            raise ServerUnreachable(f"no server answers at {self.base_url}, which {self.found.source} names") from None
        except requests.Timeout:
            raise ServerUnreachable(f"the server at {self.base_url} did not answer within {self.timeout:g} s") from None


def resolve_server_url(url: str | None = None) -> str:
    """Return the server's URL: `url`, else the variable's, else the live port file's, else the default.

    Raises ServerNotFound or RemoteRefused. A port file that is not to be believed is warned of and passed over.
    """
    return str(_find(url).url)


def wait_for_server(timeout: float = 10.0, url: str | None = None) -> str:
    """Return the server's URL as soon as a request is answered there, whatever the answer.

    Tries for `timeout` seconds, then raises the last ClientError.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a stale file is what a starting server replaces
                found = _find(url)
            with Session(found, max(deadline - time.monotonic(), POLL_INTERVAL)) as session:
                session.head("/", allow_redirects=False)
            return str(found.url)
        except (ServerNotFound, ServerUnreachable):
            if time.monotonic() >= deadline:
                raise
            time.sleep(POLL_INTERVAL)


def connect(url: str | None = None, *, timeout: float = TIMEOUT) -> Session:
    """Return a session with the server that `resolve_server_url` finds; close it after use.

    The token of `DISCOVERY_TOKEN_FILE` goes only to the address of a verified port file. Raises ClientError.
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
            # The file has no host: it is the one that the host's own default names, such as localhost.
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
