"""HTTP with `requests`, for an explicit URL: https, host names, proxies. Imported only then."""

from __future__ import annotations

import sys

from projects.client.http import MAX_BODY, MAX_STREAM, PIECE, Disconnected, Malformed, Refused, Response, Silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

    from projects.client.streaming import Sink, Upload


class RequestsTransport:
    """Connect to the server at `url`; `silence` is the socket timeout in seconds."""

    def __init__(self, url: str, silence: float, *, loopback: bool, max_body: int = MAX_BODY) -> None:
        self.url = url
        self.silence = silence
        self.loopback = loopback
        self.max_body = max_body

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | Upload = b"",
        sink: Sink | None = None,
    ) -> Response:
        """Send one request and return the response; redirects are not followed. Raises TransportError."""
        if sys.flags.no_site:  # scripts/pm starts Python without the packages of its environment
            import site

            site.main()
        import requests

        with requests.Session() as session:
            # Never use a proxy from the environment for loopback.
            session.trust_env = not self.loopback
            # Otherwise ~/.netrc would replace the token.
            session.auth = _keep_authorization
            session.headers.clear()
            try:
                with session.request(
                    method,
                    self.url + path,
                    data=body or None,  # an Upload has a length, so it is not sent chunked
                    headers={"Connection": "close", "Accept-Encoding": "identity", **headers},
                    timeout=self.silence,
                    allow_redirects=False,
                    stream=True,
                ) as answer:
                    lowered = {name.lower(): value for name, value in answer.headers.items()}
                    if sink is None or answer.status_code != 200:
                        return Response(answer.status_code, lowered, b"".join(self._pieces(answer, self.max_body)))
                    for piece in self._pieces(answer, MAX_STREAM):
                        sink.write(piece)
                    return Response(answer.status_code, lowered, b"")
            except requests.Timeout:
                raise Silent(f"no data for {self.silence:g} s") from None
            except requests.exceptions.InvalidHeader as error:
                raise Malformed(str(error)) from None
            except requests.ConnectionError as error:
                if "Read timed out" in str(error):  # requests raises this for a timeout in the body
                    raise Silent(f"no data for {self.silence:g} s") from None
                if "BadStatusLine" in str(error):
                    raise Malformed("its response is not HTTP") from None
                kind = Refused if "NewConnectionError" in repr(error) else Disconnected
                raise kind(_reason(error)) from None
            except requests.RequestException as error:
                raise Disconnected(f"the connection closed too early ({type(error).__name__})") from None

    def _pieces(self, answer: requests.Response, most: int) -> Iterator[bytes]:
        announced = answer.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced[:20]) > most:
            raise Malformed(f"its response is larger than {most} bytes")
        total = 0
        for piece in answer.iter_content(PIECE):
            total += len(piece)
            if total > most:
                raise Malformed(f"its response is larger than {most} bytes")
            yield piece


def _keep_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _reason(error: Exception) -> str:
    """Return the system's message for a failed connection, from the innermost exception."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return "the connection failed"
