"""A real Chromium for the scenarios, and a foreign site for it to visit."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import launch
from tests.torture.board import Board
from tests.torture.reporter import Missing

EVIL = "evil.example"  # resolves to this machine, as in DNS rebinding


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium in which `evil.example` resolves to this machine. Raises Missing."""
    try:
        with launch(f"--host-resolver-rules=MAP *.{EVIL} 127.0.0.1,MAP {EVIL} 127.0.0.1") as browser:
            yield browser
    except pytest.skip.Exception as missing:
        raise Missing(str(missing)) from None


def person_of(browser: Browser, board: Board) -> tuple[BrowserContext, Page]:
    """Return a context that is signed in to the board's server, and its page."""
    context = browser.new_context()
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(board.server.url + board.server.api("POST", "login-links/").json()["url"])
    assert "/login/" not in page.url, page.url
    return context, page


class ForeignSite:
    """An empty page on its own port. `seen` has the Cookie headers that it got; `cookies` are those that it sets."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.cookies: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.seen.append(self.headers.get("Cookie", ""))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                for cookie in site.cookies:
                    self.send_header("Set-Cookie", cookie)
                with contextlib.suppress(OSError):  # the browser has navigated away
                    self.end_headers()
                    self.wfile.write(b"<!doctype html><title>evil</title><body>")

            def log_message(self, *_: object) -> None:
                """Suppress the log."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> ForeignSite:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
