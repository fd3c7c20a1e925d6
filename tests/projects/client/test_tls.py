"""HTTPS with OpenSSL alone, against real TLS servers with good and bad certificates."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from projects.client.http import Disconnected, Malformed, Refused, Silent, TransportError
from projects.client.tls import TLSTransport, Untrusted
from tests.processes import scaled
from tests.projects.team.places import certificate, free_port

Serve = Callable[..., int]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Listener:
    """A TLS server that reads one head for each connection and sends `answer`."""

    def __init__(self, folder: Path, answer: bytes, version: ssl.TLSVersion | None) -> None:
        self.answer = answer
        self.received: list[bytes] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        if version is not None:
            context.minimum_version, context.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, version
            context.set_ciphers("ALL:@SECLEVEL=0")
        self.context = context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.socket.getsockname()[1])
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(plain, server_side=True) as connection:
                    connection.settimeout(scaled(10))
                    content = b""
                    while b"\r\n\r\n" not in content or not content.endswith(b"."):
                        piece = connection.recv(65536)
                        content += piece
                        if not piece or content.startswith(b"GET"):
                            break
                    self.received.append(content)
                    connection.sendall(self.answer)
            except OSError:
                pass

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Listener]]:
    started: list[Listener] = []

    def start(
        answer: bytes = OK, version: ssl.TLSVersion | None = None, *, name: str = "localhost", days: int = 1
    ) -> Listener:
        certificate(tmp_path, name=name, days=days)
        started.append(Listener(tmp_path, answer, version))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def trusting(tmp_path: Path) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(tmp_path / "cert.pem")}


def get(port: int, environ: dict[str, str], host: str = "localhost", silence: float = 5) -> bytes:
    return TLSTransport(host, port, scaled(silence), environ).send("GET", "/x", {"Accept": "a/b"}).body


def test_answer_comes_over_a_verified_connection(serve: Callable[..., Listener], trusting: dict[str, str]) -> None:
    server = serve()
    assert get(server.port, trusting) == b"{}"
    assert get(server.port, trusting, "127.0.0.1") == b"{}"
    assert f"Host: localhost:{server.port}\r\n".encode() in server.received[0]


def test_usual_port_is_not_in_the_host_header() -> None:
    assert TLSTransport("pm.example.org", 443, 1).authority() == "pm.example.org"


def test_large_bodies_go_both_ways(serve: Callable[..., Listener], trusting: dict[str, str]) -> None:
    body = b"x" * 3_000_000
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body)
    sent = TLSTransport("localhost", server.port, scaled(10), trusting).send("POST", "/", {}, body + b".")
    assert sent.body == body
    assert server.received[0].endswith(body + b".")


def test_unknown_certificate_is_refused(serve: Callable[..., Listener]) -> None:
    with pytest.raises(Untrusted, match="its certificate is not valid: self-signed certificate") as caught:
        get(serve().port, {})
    assert not caught.value.was_sent  # so a write was not done


def test_certificate_of_another_name_is_refused(serve: Callable[..., Listener], trusting: dict[str, str]) -> None:
    server = serve(name="pm.example.org")
    with pytest.raises(Untrusted, match=r"not valid: .*[Hh]ostname mismatch"):
        get(server.port, trusting)


def test_expired_certificate_is_refused(serve: Callable[..., Listener], trusting: dict[str, str]) -> None:
    server = serve(days=-1)
    with pytest.raises(Untrusted, match="has expired"):
        get(server.port, trusting)


def test_nothing_is_sent_to_a_server_without_a_valid_certificate(serve: Callable[..., Listener]) -> None:
    server = serve()
    with pytest.raises(Untrusted):
        TLSTransport("localhost", server.port, scaled(5), {}).send("GET", "/", {"Authorization": "Bearer pmt_secret"})
    assert b"pmt_secret" not in b"".join(server.received)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_of_tls_are_refused(serve: Callable[..., Listener], trusting: dict[str, str]) -> None:
    server = serve(version=ssl.TLSVersion.TLSv1_1)
    with pytest.raises(TransportError):
        get(server.port, trusting)


def test_early_end_is_noticed(serve: Callable[..., Listener], trusting: dict[str, str]) -> None:
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}")
    with pytest.raises(Disconnected, match="before the response was complete"):
        get(server.port, trusting)


def test_plain_http_on_the_port_is_an_error(trusting: dict[str, str], serve: Callable[..., Listener]) -> None:
    serve()
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(100)
                connection.sendall(OK)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(Disconnected, match="TLS failed"):
            get(plain.getsockname()[1], trusting)


def test_silence_and_refusal_are_distinguished(trusting: dict[str, str], serve: Callable[..., Listener]) -> None:
    serve()
    with socket.create_server(("127.0.0.1", 0)) as quiet, pytest.raises(Silent):
        TLSTransport("localhost", quiet.getsockname()[1], 0.2, trusting).send("GET", "/", {})
    with pytest.raises(Refused):
        get(free_port(), trusting)
    with pytest.raises(Refused, match=r"nowhere\.invalid"):
        get(443, trusting, "nowhere.invalid")


def test_garbage_is_malformed(serve: Callable[..., Listener], trusting: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        get(serve(b"hello\r\n\r\n").port, trusting)


@pytest.mark.parametrize("name", [".example.org", "a..example.org", f"{64 * 'a'}.example.org"])
def test_text_that_is_no_name_of_a_host_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="is not the name of a host"):
        TLSTransport(name, 443, scaled(5)).send("GET", "/", {})


def test_unusable_file_of_certificates_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path, Path(__file__)):
        with pytest.raises(Untrusted, match="file of certificates that the environment names"):
            TLSTransport("localhost", free_port(), scaled(5), {"SSL_CERT_FILE": str(path)}).send("GET", "/", {})
