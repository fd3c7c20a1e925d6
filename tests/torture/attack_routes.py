"""Scenario 14: unauthorized requests to every route, with every combination of headers."""

from __future__ import annotations

import http.client
import itertools
import json
import random
from contextlib import closing
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from tests.torture.board import Board, besieged, rows
from tests.torture.leaks import Secrets
from tests.torture.reporter import Result

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "CONNECT")
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
HOSTS = ("ours", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "")
ORIGINS = (None, "ours", "http://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil.example")
SITES = (None, "none", "same-origin", "same-site", "cross-site")
KINDS = ("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", None)
ACCEPTS = ("*/*", "text/html")
PUBLIC = ("/health", "/ready", "/favicon.ico", "/static/", "/admin/login/", "/login/", "/admin/jsi18n/")
STRANGE = ("/nothing", "/api/", "/api/v2/projects/", "/admin/nothing/", "/static/", "/static/../../secret_key", "//")


class Asked(NamedTuple):
    """One request of the matrix."""

    route: str
    method: str
    host: str
    origin: str | None
    site: str | None
    kind: str | None
    accept: str
    credentials: str


def uninvited(count: int) -> Result:
    """Send `count` combinations of the matrix; each route gets at least one request without credentials."""
    result = Result("unauthorized requests", "a response")
    with besieged(result) as board:
        intruder = Intruder(board)
        secrets = Secrets(board.server, *intruder.secrets)
        with closing(intruder.connection):
            for asked in mixtures(board, count):
                with result.attempt(), result.clock():
                    intruder.check(asked, secrets)
        if tickets := rows(board.server, "SELECT * FROM projects_loginticket"):
            result.failures.append(f"login links were created: {len(tickets)}")
    return result


def mixtures(board: Board, count: int) -> list[Asked]:
    """Return every route with its own method and no credentials, then random combinations."""
    draw = random.Random(14)  # the same ones in each run
    operations = [(route.path, route.method) for route in board.api_routes()]
    paths = sorted({path for path, _ in operations} | {*board.pages(), *STRANGE, *PUBLIC[:3], "/login/guess/"})
    plain = [Asked(path, method, "ours", None, None, KINDS[0], "*/*", "none") for path, method in operations]
    plain += [Asked(path, "GET", "ours", None, None, None, "text/html", "none") for path in paths]
    draw.shuffle(plain)
    drawn = (
        Asked(
            draw.choice(paths),
            draw.choice(METHODS),
            draw.choice((HOSTS[0], draw.choice(HOSTS))),
            draw.choice(ORIGINS),
            draw.choice(SITES),
            draw.choice(KINDS),
            draw.choice(ACCEPTS),
            draw.choice(Intruder.CREDENTIALS),
        )
        for _ in itertools.count()
    )
    wanted = (asked for asked in drawn if not _is_invited(asked))
    return [*plain, *itertools.islice(wanted, max(0, count - len(plain)))][:count]


def _is_invited(asked: Asked) -> bool:
    """Return whether the request has everything that it needs to be allowed."""
    if asked.credentials not in ("token", "session", "session+csrf") or asked.host != "ours":
        return False
    if asked.method in SAFE:
        return True
    foreign = asked.origin not in (None, "ours") or asked.site in ("same-site", "cross-site")
    return not foreign and asked.credentials != "session"


class Intruder:
    """Sends requests over one connection after another, with valid and invalid credentials."""

    CREDENTIALS = ("none", "wrong", "basic", "query", "cookie", "twice", "token", "session", "session+csrf")

    def __init__(self, board: Board) -> None:
        self.board = board
        self.server = board.server
        self.port = urlsplit(self.server.url).port or 0
        person = board.signed_in()
        self.cookies = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
        self.csrf = str(person.headers["X-CSRFToken"])
        self.names = list(person.cookies.keys())
        self.secrets = [value for name, value in person.cookies.items() if "session" in name]
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def headers(self, asked: Asked) -> list[tuple[str, str]]:
        ours = f"127.0.0.1:{self.port}"
        found = [
            ("Host", ours if asked.host == "ours" else asked.host.format(port=self.port)),
            ("Accept", asked.accept),
        ]
        if asked.origin:
            origin = f"http://{ours}" if asked.origin == "ours" else asked.origin.format(port=self.port)
            found.append(("Origin", origin))
        found += [("Sec-Fetch-Site", asked.site)] if asked.site else []
        found += [("Content-Type", asked.kind)] if asked.kind else []
        bearer = f"Bearer {self.server.token}"
        return (
            found
            + {
                "none": [],
                "wrong": [("Authorization", "Bearer " + "a" * 43)],
                "basic": [("Authorization", "Basic YWRtaW46YWRtaW4=")],
                "query": [],
                "cookie": [("Cookie", "; ".join(f"{name}={'x' * 32}" for name in self.names))],
                "twice": [("Authorization", "Bearer x"), ("Authorization", bearer)],
                "token": [("Authorization", bearer)],
                "session": [("Cookie", self.cookies)],
                "session+csrf": [("Cookie", self.cookies), ("X-CSRFToken", self.csrf)],
            }[asked.credentials]
        )

    def send(self, asked: Asked) -> tuple[int, dict[str, str], str]:
        path = quote(asked.route, safe="/?=&%")
        if asked.credentials == "query":
            path += f"{'&' if '?' in path else '?'}token={self.server.token}&access_token={self.server.token}"
        collection = asked.route.split("/")[3:4]
        body = b""
        if asked.method not in SAFE and asked.kind:
            body = json.dumps(self.board.bodies.get(collection[0] if collection else "", {})).encode()
        try:
            self.connection.putrequest(asked.method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers(asked):
                self.connection.putheader(name, value)
            self.connection.putheader("Content-Length", str(len(body)))
            self.connection.endheaders(body)
            answer = self.connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode("utf-8", "replace")
        except (ConnectionError, http.client.RemoteDisconnected):
            self.connection.close()
            raise AssertionError(f"no response to {asked}") from None

    def check(self, asked: Asked, secrets: Secrets) -> None:
        status, headers, text = self.send(asked)
        if asked.route.startswith(("/static/", "/admin/login/")) and status == 200:
            return  # public files, and the login form
        # A redirect to the login repeats the requested path.
        sent = self.server.token if asked.credentials == "query" else "\0"
        leaked = secrets.found_in(f"{headers} {text}".replace(sent, ""))
        assert not leaked, f"{asked} leaked {leaked}"
        assert "access-control-allow-origin" not in {name.lower() for name in headers}, f"{asked}: CORS"
        if asked.host != "ours":
            assert status == 400, f"{asked}: {status}"
        elif asked.method not in SAFE and (
            asked.origin not in (None, "ours") or asked.site in ("same-site", "cross-site")
        ):
            assert status == 403, f"{asked}: {status}"
        elif asked.route.startswith(PUBLIC):
            assert status in (200, 204, 302, 403, 404, 405, 410), f"{asked}: {status}"
        elif status == 302:
            assert not asked.route.startswith("/api/") or asked.route == "/api/v1/docs/", f"{asked}: {status}"
            assert headers["Location"].startswith("/admin/login/?next="), f"{asked}: {headers['Location']}"
        else:
            assert 400 <= status < 500, f"{asked}: {status} {text[:200]}"
