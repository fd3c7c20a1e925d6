"""The API client: send and receive JSON documents, raise errors, reconnect to a restarted server."""

from __future__ import annotations

import os

from discovery import quickjson
from projects.client.errors import ApiError, BadAnswer, NoServer, Unresponsive, UsageError
from projects.client.http import Disconnected, Malformed, Refused, Silent, SocketTransport
from projects.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Json = Any  # a JSON document; the API's schema has its shape

    from projects.client.errors import ClientError
    from projects.client.http import Response, TransportError
    from projects.client.remote import RequestsTransport
    from projects.client.resolution import Target
    from projects.client.streaming import Sink, Upload

SILENCE = 30.0  # seconds
CONTENT = "X-PM-Content"
IN_DOUBT = "; it may have been done anyway: check before you retry"
# What a proxy answers for a server that does not: RFC 9110, 15.6.
OF_PROXIES = {
    502: "the proxy at {url} got no answer from its pm server (502)",
    503: "the proxy at {url} has no pm server to ask (503)",
    504: "the pm server behind {url} took longer than its proxy waits (504)",
}
UNRESERVED = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"  # RFC 3986, 2.3


class Api:
    """A client of the server that `find` returns; `find` is called again when that server is gone.

    `headers` are sent with each request; `timeout` (seconds) overrides the timeout of each call. `content` returns the
    ID of the content of the worktree, for writes for which the server asks.
    """

    def __init__(
        self,
        find: Callable[[], Target],
        *,
        headers: Mapping[str, str],
        timeout: float | None,
        warn: Callable[[str], None],
        content: Callable[[], str] | None = None,
    ) -> None:
        self.find = find
        self.content = content
        self.headers = headers
        self.timeout = timeout
        self.warn = warn
        self.target = find()

    def get(self, path: str, query: Mapping[str, object] | None = None, *, wanted: tuple[str, ...] = ()) -> Json:
        """Return the document at `path`; query parameters that are None are omitted. Raises ClientError."""
        return self.call("GET", path + encode_query(query or {}), wanted=wanted)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        silence: float = SILENCE,
        wanted: tuple[str, ...] = (),
    ) -> Json:
        """Send a request and return the document in the response; a write gets its own Idempotency-Key.

        Returns None for 204. `silence` is the timeout in seconds, unless the client has its own; `wanted` names the
        members that the document must have. Raises ClientError.
        """
        message = self._head(headers or {})
        content = b""
        if body is not None:
            content = quickjson.dumps(body).encode("ascii")
            if b"\\ud" in content:
                _check_unicode(body)
            message["Content-Type"] = "application/json"
        if method != "GET":
            message["Idempotency-Key"] = os.urandom(16).hex()
        wait = silence if self.timeout is None else self.timeout
        try:
            document = self._document(self._send(method, path, message, content, wait))
        except ApiError as error:
            if self.content is None or error.error["code"] != "CONTENT_NEEDED" or CONTENT in message:
                raise
            # A write that checks decide; for all others nobody reads the worktree.
            message |= {CONTENT: self.content(), "Idempotency-Key": os.urandom(16).hex()}
            document = self._document(self._send(method, path, message, content, wait))
        if wanted and not (isinstance(document, dict) and document.keys() >= set(wanted)):
            raise BadAnswer(f"the response of {self.target.url} lacks {', '.join(wanted)}; is it a pm server?")
        return document

    def upload(self, path: str, body: Upload, silence: float, headers: Mapping[str, str] | None = None) -> Json:
        """Send a file and return the document in the response; it may be sent twice, so this must be idempotent."""
        headers = self._head({"Content-Type": "application/json", **(headers or {})})
        return self._document(self._send("POST", path, headers, body, silence))

    def download(self, path: str, sink: Sink, silence: float) -> None:
        """Write the response body to `sink`, which is emptied before each attempt."""
        response = self._send("GET", path, self._head({"Accept": "*/*"}), b"", silence, sink)
        if response.status != 200:
            self._document(response)
            raise BadAnswer(f"{self.target.url} answered {response.status} without a file; is it a pm server?")

    def _head(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {"Accept": "application/json", "User-Agent": f"pm/{VERSION}", **self.headers, **headers}

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | Upload,
        silence: float,
        sink: Sink | None = None,
    ) -> Response:
        """Send a request; if the server from server.json is gone or has a new token, resolve it again and retry once.

        A write without a response is in doubt: NO_SERVER would claim that it was not done.
        """
        second = in_doubt = False
        while True:
            own = self.target.info is not None
            try:
                if sink is not None:
                    sink.empty()
                response = self._transport(silence).send(method, path, self._with_token(headers), body, sink)
            except Disconnected as error:
                in_doubt = method != "GET" and (in_doubt or error.was_sent)
                if second or not own:
                    raise self._failure(error, in_doubt) from None
                try:
                    self.target = self.find()
                except NoServer:
                    if in_doubt:
                        raise self._failure(error, in_doubt) from None
                    raise
            except (Silent, Malformed) as error:
                raise self._failure(error, method != "GET") from None
            else:
                if not own and response.status in OF_PROXIES and not _is_json(response):
                    doubt = IN_DOUBT if method != "GET" else ""
                    raise Unresponsive(f"{OF_PROXIES[response.status].format(url=self.target.url)}{doubt}")
                if response.status != 401 or second or not own:
                    return response
                again = self.find()
                if again.token == self.target.token:
                    return response
                self.target = again
            second = True

    def _transport(self, silence: float) -> SocketTransport | RequestsTransport:
        info = self.target.info
        if info is not None:
            return SocketTransport(info.host, info.port, silence)
        if self.target.is_direct:
            from projects.client.tls import TLSTransport

            return TLSTransport(self.target.host, self.target.port, silence)
        from projects.client.remote import RequestsTransport

        return RequestsTransport(self.target.url, silence, loopback=self.target.loopback)

    def _with_token(self, headers: Mapping[str, str]) -> dict[str, str]:
        token = self.target.token
        return {**headers, "Authorization": f"Bearer {token}"} if token else {**headers}

    def _failure(self, error: TransportError, in_doubt: bool) -> ClientError:
        info = self.target.info
        if self.target.loopback and isinstance(error, Silent | Refused):
            from projects.client import sandbox

            why = sandbox.obstacle(info)
            if why is None and info is not None and isinstance(error, Refused):
                why = sandbox.prohibition(info)
            if why:
                return sandbox.refusal(self.target.url, info, why)
        server = f"the server at {self.target.url}" + (f" (pid {info.pid})" if info else "")
        doubt = IN_DOUBT if in_doubt else ""
        force = doubt + ("; if it hangs: pm server stop --force" if info else "")
        if isinstance(error, Silent):
            return Unresponsive(f"{server} does not respond: {error}{force}")
        if isinstance(error, Refused):
            if info is None:
                return NoServer(f"no server answers at {self.target.url}: {error}")
            return Unresponsive(f"{server} does not accept connections: {error}{force}")
        return BadAnswer(f"{server} sent no usable response: {error}{doubt}")

    def _document(self, response: Response) -> Json:
        status = response.status
        if status == 204:
            return None
        if 300 <= status < 400:
            raise BadAnswer(f"{self.target.url} redirects elsewhere; pm does not follow redirects")
        try:
            document = quickjson.loads(response.body)
        except (ValueError, RecursionError):
            raise BadAnswer(f"{self.target.url} answered {status} without JSON; is it a pm server?") from None
        if status < 300:
            if "x-pm-warning" in response.headers:
                self.warn(response.headers["x-pm-warning"])
            return document
        error = document.get("error") if isinstance(document, dict) else None
        if not isinstance(error, dict) or not {"code", "message"} <= error.keys():
            raise BadAnswer(f"{self.target.url} answered {status} without an error object; is it a pm server?")
        if status == 401 and self.target.token is None:
            self.warn(f"pm sent no token to {self.target.url}; set PM_TOKEN to send one")
        raise ApiError(error, status)


def _is_json(response: Response) -> bool:
    return response.headers.get("content-type", "").startswith("application/json")


def _check_unicode(body: object) -> None:
    """Raise UsageError if a text of the body has a lone surrogate: Python's form of a byte that is not UTF-8."""
    try:
        quickjson.dumps(body, ascii_only=False).encode()
    except UnicodeEncodeError:
        raise UsageError("an argument contains bytes that are not UTF-8") from None


def quote(text: str) -> str:
    """Return `text` percent-encoded as UTF-8. Avoids the slow import of `urllib.parse`."""
    content = text.encode("utf-8", "surrogatepass")
    if not content.translate(None, UNRESERVED):
        return text
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in content)


def unquote(text: str) -> str:
    """Decode percent-encoded text."""
    first, *others = text.split("%")
    found = bytearray(first.encode())
    for part in others:
        found += bytes.fromhex(part[:2]) + part[2:].encode()
    return found.decode("utf-8", "replace")


def encode_query(values: Mapping[str, object]) -> str:
    """Return a query string such as `?a=1&b=2` without the parameters that are None; "" if none is left."""
    pairs = [f"{name}={quote(str(value))}" for name, value in values.items() if value is not None]
    return "?" + "&".join(pairs) if pairs else ""
