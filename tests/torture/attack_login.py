"""Scenario 14: login links, their redirects, planted and stolen sessions, and the timing of a wrong token."""

from __future__ import annotations

import ast
import inspect
import secrets
import sqlite3
import statistics
import time
from contextlib import closing
from types import ModuleType
from urllib.parse import quote, urljoin, urlsplit

import requests

from tests.processes import Server
from tests.torture.board import Board, besieged, rows
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

TARGETS = (
    "//evil.example",
    "///evil.example",
    "////evil.example//",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "http:evil.example",
    "http:///evil.example",
    "https://evil.example",
    "HTTPS:\\\\evil.example",
    "//evil.example@{host}",
    "//{host}@evil.example",
    "//{host}.evil.example",
    "http://{host}\\@evil.example",
    "//[::1]@evil.example",
    "//evil.example\\@{host}",
    "//\u3002evil.example",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "./\\evil.example",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "/\r\nSet-Cookie: x=1",
    "/\r\nLocation: //evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "/\x00/evil.example",
    "\u2028//evil.example",
    "/\xa0/evil.example",
    "//" + "a" * 3000 + ".evil.example",
)
PREFETCHING = ({"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"})


def login_links(count: int) -> Result:
    """Reuse, guess (`count` times), prefetch, expire and redirect login links; plant, keep and carry over sessions."""
    result = Result("login links and sessions", "a guess")
    with besieged(result) as board:
        server = board.server
        for number in range(count):
            with result.attempt("guess"), result.clock():
                guess = secrets.token_urlsafe(32) if number % 2 else "a" * (number % 300 + 1)
                answer = server.request("GET", f"/login/{guess}/")
                assert (answer.status_code, answer.headers.get("Set-Cookie")) == (410, None), answer.status_code
        for target in TARGETS:
            with result.attempt(f"next={target[:40]!r}"):
                _leads_home(server, f"{_link(server)}?next={quote(target.format(host=server.url[7:]), safe='')}")
        for headers in PREFETCHING:
            with result.attempt(f"{headers}"):
                link = _link(server)
                assert server.request("GET", link, headers=headers).status_code == 204
                assert server.request("HEAD", link).status_code == 204
                assert server.request("POST", link).status_code == 405
                assert server.request("GET", link).status_code == 303
                assert server.request("GET", link).status_code == 410, "a link was used twice"
        with result.attempt("expired"):
            link = _link(server)
            with closing(sqlite3.connect(server.config / "data.db", timeout=20)) as database, database:
                database.execute("UPDATE projects_loginticket SET expires_at = '2000-01-01 00:00:00'")
            assert server.request("GET", link).status_code == 410
        with result.attempt("sessions"):
            _plant(board)
        with result.attempt("another server's session"):
            _carry_over(board)
        with result.attempt("the token's time"):
            result.notes.append(_time_tokens(server, max(20, count)))
    return result


def _link(server: Server) -> str:
    return str(server.api("POST", "login-links/").json()["url"])


def _leads_home(server: Server, url: str) -> None:
    answer = server.request("GET", url)
    if "%00" in url:
        assert answer.status_code == 400, answer.status_code  # refused before any view sees it
        return
    assert answer.status_code == 303, answer.status_code
    where = answer.headers["Location"]
    # As a browser reads it: it drops tabs and line breaks, and treats a backslash as a slash.
    seen = "".join(sign for sign in where.strip(" \x00\x1f") if sign not in "\t\r\n").replace("\\", "/")
    assert urlsplit(urljoin(f"{server.url}/", seen)).netloc == server.url[7:], f"it redirects to {where!r}"
    assert "x=1" not in answer.headers.get("Set-Cookie", "")


def _plant(board: Board) -> None:
    """Check that login ignores a planted session, and that a session is invalid after logout."""
    server, person = board.server, board.signed_in()
    [name] = [cookie for cookie in person.cookies.get_dict() if "session" in cookie]
    with requests.Session() as victim:
        victim.trust_env = False
        victim.cookies.set(name, "planted" * 5, domain="127.0.0.1")
        answer = victim.get(server.url + _link(server), allow_redirects=False, timeout=30)
        cookie = answer.headers["Set-Cookie"]
        assert "planted" not in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert rows(server, "SELECT count(*) FROM django_session WHERE session_key LIKE 'planted%'") == [(0,)]
    kept = person.cookies[name]
    headers = {"Cookie": f"{name}={kept}", "Accept": "text/html"}
    assert server.request("GET", "/board/PONE/", headers=headers).status_code == 200
    assert person.post(f"{server.url}/admin/logout/", headers={"Origin": server.url}).status_code == 200
    assert server.request("GET", "/board/PONE/", headers=headers).status_code == 302, "the session outlives the logout"
    for forged in ("", "a" * 32, "../" * 10, "'; --", kept[:-1] + "x"):
        answer = server.request("GET", "/board/PONE/", headers={**headers, "Cookie": f"{name}={forged}"})
        assert answer.status_code == 302, forged


def _carry_over(board: Board) -> None:
    """Check that another server accepts neither the session, nor the token, nor the link of this one."""
    person, link = board.signed_in(), _link(board.server)
    values = [value for name, value in person.cookies.items() if "session" in name]
    with repository() as directory:
        other = Server(directory).ready()
        with ended(other):
            names = [name for name in Board(other).signed_in().cookies.get_dict() if "session" in name]
            assert names != [name for name in person.cookies.get_dict() if "session" in name], (
                "two servers use the same cookie name"
            )
            headers = {"Cookie": f"{names[0]}={values[0]}", "Accept": "text/html"}
            assert other.request("GET", "/board/PONE/", headers=headers).status_code == 302
            assert other.request("GET", link).status_code == 410
            bearer = {"Authorization": f"Bearer {board.server.token}"}
            assert other.request("GET", "/api/v1/projects/", headers=bearer).status_code == 401
            other.end()


def _time_tokens(server: Server, count: int) -> str:
    """Time tokens that are wrong at their start and at their end; the comparison must take constant time."""
    from projects.api import authentication

    calls = [ast.unparse(node.func) for node in ast.walk(_tree(authentication)) if isinstance(node, ast.Call)]
    assert "hmac.compare_digest" in calls, "the token is not compared in constant time"
    token = server.token
    wrong = {"first": ("b" if token[0] == "a" else "a") + token[1:], "last": token[:-1] + "?"}
    times: dict[str, list[float]] = {name: [] for name in wrong}
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(count):
            for name, given in wrong.items():
                begin = time.perf_counter()
                headers = {"Authorization": f"Bearer {given}"}
                answer = session.get(f"{server.url}/api/v1/projects/", headers=headers, timeout=30)
                times[name].append(time.perf_counter() - begin)
                assert answer.status_code == 401
    medians = [statistics.median(one) * 1000 for one in times.values()]
    return f"a token wrong in its first character: median {medians[0]:.3f} ms, in its last: {medians[1]:.3f} ms"


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))
