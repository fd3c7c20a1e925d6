from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.pages import signed_in
from tests.processes import Server, scaled

expect.set_options(timeout=scaled(5000))  # milliseconds
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launch(*flags: str) -> Iterator[Browser]:
    """Run a headless Chromium, the installed one, with these `flags`."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *sandbox, *flags])
        yield browser
        browser.close()


@pytest.fixture(scope="package")  # not longer: Django refuses the database while Playwright's event loop runs
def browser() -> Iterator[Browser]:
    with launch() as browser:
        yield browser


@pytest.fixture
def server(shared_server: Server) -> Server:
    return shared_server


@pytest.fixture
def person(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context with its own cookies and storage; an error that a page logs fails the test."""
    context = browser.new_context()
    context.set_default_timeout(scaled(15_000))
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    # Violations of the Content-Security-Policy appear only in the console.
    refused = "Content Security Policy"
    context.on("console", lambda line: errors.append(line.text) if refused in line.text else None)
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def board(server: Server) -> Server:
    """A server whose only project is PONE."""
    server.api("POST", "projects/", json={"key": "PONE", "title": "First"})
    return server


@pytest.fixture
def page(person: BrowserContext, board: Server) -> Page:
    """A page of a person who has signed in."""
    return signed_in(person, board)
