"""`pm login` and `pm logout` with a server that may be anybody's."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from projects.client import team_servers
from projects.client.cli import attempt
from projects.client.team_servers import Login

Answer = dict[str, object]
TOKEN: Answer = {"token": "pmt_x", "user": "ada", "board": "b", "expires_at": "2027-01-01"}


class Handler(BaseHTTPRequestHandler):
    """Answers with the JSON that its server has for the path, and remembers the tokens that it gets."""

    server: Server

    def do_POST(self) -> None:
        self.server.tokens.append(self.headers["Authorization"])
        self.server.paths.append(f"{self.command} {self.path}")
        if self.path.endswith("/token/"):
            self.server.before_token()
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        content = json.dumps(self.server.answers.get(self.path, {})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_POST

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """A server of another team."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.tokens: list[str | None] = []
        self.paths: list[str] = []
        self.before_token: Callable[[], object] = lambda: None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.code: Answer = {
            "device_code": "secret",
            "user_code": "BCDF-GHJK",
            "verification_uri": f"{self.url}/device/?code=BCDF-GHJK",
            "interval": 1,
            "expires_in": 60,
        }
        self.answers = {"/api/v1/device-codes/": self.code, "/api/v1/device-codes/token/": {**TOKEN}}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "repository"
    folder.mkdir()
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path), "PM_CONFIG_DIR": str(folder / ".pm")}


def pm(environ: dict[str, str], *arguments: str) -> str:
    """Return what the command writes to standard error."""
    errors = io.StringIO()
    attempt(arguments, io.StringIO(), errors, environ)
    return errors.getvalue()


def test_login_is_kept(server: Server, environ: dict[str, str]) -> None:
    pm(environ, "login", server.url, "--no-browser")
    assert [(each.url, each.token) for each in team_servers.read(environ)] == [(server.url, "pmt_x")]


@pytest.mark.parametrize(
    "changes",
    [
        {"verification_uri": "https://evil.example/device/"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": ["x"]},
        {"interval": "1"},
        {"interval": 10**9},
        {"interval": -1},
        {"expires_in": None},
        {"user_code": "A\x1b[2J"},
    ],
)
def test_code_of_a_strange_server_is_refused(server: Server, environ: dict[str, str], changes: Answer) -> None:
    server.code.update(changes)
    assert "sent no usable code for a sign-in" in pm(environ, "login", server.url, "--no-browser")
    assert len(server.tokens) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"token": "pmt_x\r\nX-Other: 1"},
        {"token": "pmt_\u00e9"},
        {"token": None},
        {"user": {"a": 1}},
        {"user": "ada\x7f"},
        {"board": "b\u2028[[server]]"},
    ],
)
def test_nothing_strange_is_kept(server: Server, environ: dict[str, str], changes: Answer) -> None:
    server.answers["/api/v1/device-codes/token/"] |= changes
    assert "sent no usable token" in pm(environ, "login", server.url, "--no-browser")
    assert team_servers.read(environ) == []


def kept(server: Server, environ: dict[str, str], tmp_path: Path, board: str = "b") -> None:
    team_servers.keep(Login(str(tmp_path / "repository"), server.url, board, "ada", "pmt_old", "2027-01-01"), environ)


def test_another_board_is_refused_before_anybody_is_asked(
    server: Server, environ: dict[str, str], tmp_path: Path
) -> None:
    kept(server, environ, tmp_path)
    server.code["board"] = "another"
    assert "has another board than before (another, not b)" in pm(environ, "login", server.url, "--no-browser")
    assert server.paths == ["POST /api/v1/device-codes/"]
    assert [each.token for each in team_servers.read(environ)] == ["pmt_old"]


def test_token_of_another_board_is_revoked(server: Server, environ: dict[str, str], tmp_path: Path) -> None:
    kept(server, environ, tmp_path)
    server.code["board"] = "b"
    server.answers["/api/v1/device-codes/token/"] |= {"board": "another"}
    assert "has another board than before (another, not b)" in pm(environ, "login", server.url, "--no-browser")
    assert (server.paths[-1], server.tokens[-1]) == ("DELETE /api/v1/tokens/current/", "Bearer pmt_x")
    assert [each.token for each in team_servers.read(environ)] == ["pmt_old"]


def test_token_that_cannot_be_kept_is_revoked(server: Server, environ: dict[str, str], tmp_path: Path) -> None:
    server.before_token = lambda: (tmp_path / "config" / "pm" / "servers.toml").mkdir(parents=True)
    assert "is not used: it is not a regular file" in pm(environ, "login", server.url, "--no-browser")
    assert (server.paths[-1], server.tokens[-1]) == ("DELETE /api/v1/tokens/current/", "Bearer pmt_x")


def test_unusable_answer_with_a_token_revokes_it(server: Server, environ: dict[str, str]) -> None:
    server.answers["/api/v1/device-codes/token/"] |= {"user": 1}
    assert "sent no usable token" in pm(environ, "login", server.url, "--no-browser")
    assert (server.paths[-1], server.tokens[-1]) == ("DELETE /api/v1/tokens/current/", "Bearer pmt_x")


def test_new_login_revokes_the_token_of_the_one_before(server: Server, environ: dict[str, str], tmp_path: Path) -> None:
    kept(server, environ, tmp_path)
    server.code["board"] = "b"
    assert pm(environ, "login", server.url, "--no-browser").count("\n") == 1
    assert (server.paths[-1], server.tokens[-1]) == ("DELETE /api/v1/tokens/current/", "Bearer pmt_old")
    assert [each.token for each in team_servers.read(environ)] == ["pmt_x"]


def test_logout_revokes_the_token_of_the_repository(server: Server, environ: dict[str, str], tmp_path: Path) -> None:
    login = Login(str(tmp_path / "repository"), server.url, "b", "ada", "pmt_mine", "2027-01-01")
    team_servers.keep(login, environ)
    others = {"PM_TOKEN": "pmt_of_another_server", "PM_SERVER_URL": "http://127.0.0.1:9"}
    assert pm({**environ, **others}, "logout") == ""
    assert server.tokens == ["Bearer pmt_mine"]
    assert team_servers.read(environ) == []
