"""A small HTTP server for git repositories, by git-http-backend(1)."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.processes import environment

LINGER = 5.0  # seconds


class HttpRemote:
    """Serves the repositories below `root`; use it in a `with` statement.

    With `password`, users must send it. `status` answers every request with an error instead.
    """

    def __init__(self, root: Path, *, password: str = "", status: int = 0) -> None:
        self.headers: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(handler) -> None:
                self.headers.append(dict(handler.headers))
                _, _, credentials = handler.headers.get("Authorization", "").partition(" ")
                if status:
                    handler.send_error(status)
                elif password and not base64.b64decode(credentials).decode().endswith(f":{password}"):
                    handler.send_response(401)
                    handler.send_header("WWW-Authenticate", 'Basic realm="git"')
                    handler.end_headers()
                else:
                    _run_backend(handler, root)

            do_POST = do_GET

            def finish(handler) -> None:
                """Read what the client still sends: closing before that resets the connection and loses the answer."""
                super().finish()
                with suppress(OSError):
                    handler.connection.shutdown(socket.SHUT_WR)
                    handler.connection.settimeout(LINGER)
                    while handler.connection.recv(1 << 16):
                        pass

            def log_message(handler, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> HttpRemote:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _run_backend(handler: BaseHTTPRequestHandler, root: Path) -> None:
    path, _, query = handler.path.partition("?")
    # git sends large bodies in chunks, small ones with their length.
    body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    variables = {
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REMOTE_USER": "guest",
        "REQUEST_METHOD": handler.command,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
    }
    program = Path(subprocess.check_output(["git", "--exec-path"], text=True).strip(), "git-http-backend")
    done = subprocess.run([program], input=body, env=environment(**variables), stdout=subprocess.PIPE, check=True)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
    handler.send_response(int(fields.pop("Status", "200").split()[0]))
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


def without_proxies() -> dict[str, str]:
    """Return variables for a client of this server."""
    return {"no_proxy": "*", "HOME": os.environ["HOME"]}
