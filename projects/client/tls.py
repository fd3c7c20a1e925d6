"""HTTPS over the same socket as `projects.client.http`, with OpenSSL but without Python's `ssl`.

The import of `ssl` and reading all certificates of the system take longer than a whole local call. Here OpenSSL looks
certificates up by their hash; only where that finds none does it read the whole file. What is private in Python's
`_ssl` is used in this module only.
"""

from __future__ import annotations

import _socket as socket
import _ssl
import os
from functools import partial

from projects.client.http import PIECE, Disconnected, Refused, Silent, SocketTransport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

HTTPS = 443
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # variables that name a file of certificates
_CLIENT = 16  # ssl.PROTOCOL_TLS_CLIENT
_REQUIRED = 2  # ssl.CERT_REQUIRED
_TLS_1_2 = 0x0303  # ssl.TLSVersion.TLSv1_2


class Untrusted(Disconnected):
    """The server's certificate is not valid for its name."""

    was_sent = False


class TLSTransport(SocketTransport):
    """Connect to a host by name, verify its certificate, and send requests as SocketTransport does."""

    def __init__(self, host: str, port: int, silence: float, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(host, port, silence)
        self.environ = environ

    def authority(self) -> str:
        """Return the Host header."""
        return super().authority().removesuffix(f":{HTTPS}")

    def connect(self) -> _TLSConnection:
        """Return a verified connection. Raises TransportError."""
        last: Exception = Refused("the name has no address")
        for complete in (False, True):  # all certificates are read only if the first way trusts nobody
            try:
                context = _context(self.environ, complete=complete)
            except OSError as error:
                raise Untrusted(f"the file of certificates that the environment names is not usable: {error}") from None
            if context is None:
                continue
            connection = self._open()
            try:
                return _TLSConnection(connection, context, self.host)
            except _ssl.SSLError as error:
                connection.close()
                last = Untrusted(_reason(error))
                if not complete and "CERTIFICATE_VERIFY_FAILED" in str(error):
                    continue
                break
            except TimeoutError:
                connection.close()
                raise Silent(f"no data for {self.silence:g} s") from None
            except OSError as error:
                connection.close()
                raise Disconnected(error.strerror or str(error)) from None
        raise last

    def _open(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self.host, self.port, 0, socket.SOCK_STREAM)
        except OSError as error:
            raise Refused(f"{self.host}: {error.strerror}") from None
        except UnicodeError:  # a part of the name is empty, or has more than 63 characters
            raise Refused(f"{self.host} is not the name of a host") from None
        reason = "the name has no address"
        for family, kind, protocol, _, address in found:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self.silence)
                connection.connect(address)
            except OSError as error:
                connection.close()
                if isinstance(error, TimeoutError):
                    raise Silent(f"no data for {self.silence:g} s") from None
                reason = error.strerror or str(error)
            else:
                return connection
        raise Refused(reason)


class _TLSConnection:
    """The methods of a socket that the transport uses, over TLS; OpenSSL reads and writes memory."""

    def __init__(self, connection: socket.socket, context: _ssl._SSLContext, host: str) -> None:
        self._connection = connection
        self._incoming, self._outgoing = _ssl.MemoryBIO(), _ssl.MemoryBIO()
        self._tls = context._wrap_bio(self._incoming, self._outgoing, False, host)  # type: ignore[attr-defined]  # typeshed lacks it
        self._until_done(self._tls.do_handshake)

    def sendall(self, content: bytes) -> None:
        """Encrypt and send everything. Raises OSError."""
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]  # OpenSSL takes all of it, as memory never blocks
            self._until_done(partial(self._tls.write, piece))

    def recv(self, most: int) -> bytes:
        """Return some bytes, b"" at the end. Raises OSError."""
        try:
            found: bytes = self._until_done(lambda: self._tls.read(most))
        except (_ssl.SSLZeroReturnError, _ssl.SSLEOFError):  # with or without a goodbye: the reader notices what lacks
            return b""
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _until_done(self, action: Callable[[], Any]) -> Any:  # Any: what the action returns
        while True:
            try:
                result = action()
            except _ssl.SSLWantReadError:
                self._flush()
                piece = self._connection.recv(PIECE)
                if piece:
                    self._incoming.write(piece)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        pending = self._outgoing.read()
        if pending:
            self._connection.sendall(pending)


def _context(environ: Mapping[str, str], *, complete: bool) -> _ssl._SSLContext | None:
    """Return a context that requires a valid certificate; None if there is no folder of certificates by hash.

    SSL_CERT_FILE and SSL_CERT_DIR replace the system's certificates, as everywhere in OpenSSL; so do the variables of
    `requests`.
    """
    context = _ssl._SSLContext(_CLIENT)
    context.verify_mode, context.check_hostname = _REQUIRED, True
    context.minimum_version = _TLS_1_2
    _, _, folder_variable, folder = _ssl.get_default_verify_paths()
    folder = environ.get(folder_variable) or folder
    bundle = next(filter(None, map(environ.get, BUNDLES)), "")
    if complete:
        if bundle:
            context.load_verify_locations(bundle, None, None)
        else:
            context.set_default_verify_paths()
        return context
    if not os.path.isdir(folder) or (bundle and os.path.dirname(bundle) != os.path.realpath(folder)):
        return None
    context.load_verify_locations(None, folder, None)
    return context


def _reason(error: _ssl.SSLError) -> str:
    detail = getattr(error, "verify_message", "")
    if detail:
        return f"its certificate is not valid: {detail}"
    return f"TLS failed: {error.reason or error}" if isinstance(error.reason, str) else "TLS failed"
