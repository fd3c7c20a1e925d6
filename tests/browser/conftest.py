from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    WebError,
    expect,
    sync_playwright,
)

from tests.browser.pages import BLANK, signed_in
from tests.processes import Server, scaled

expect.set_options(timeout=scaled(5000))  # milliseconds
VIEWPORT: ViewportSize = {"width": 1280, "height": 720}
SLOWER = float(os.environ.get("PM_TEST_SLOW_BROWSER", "1"))  # makes pages slower, to find tests that do not wait
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


@pytest.fixture(scope="package")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """A browser context for many tests: making one takes more processor time than most tests."""
    with browser.new_context(viewport=VIEWPORT) as context:
        context.set_default_timeout(scaled(15_000))
        if SLOWER > 1:
            context.on("page", slow_down)
        context.new_page()
        yield context


def slow_down(page: Page) -> None:
    """Divide the page's processor time by `SLOWER`, and let its requests take longer."""
    browser = page.context.new_cdp_session(page)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    speed = {"latency": 50 * SLOWER, "downloadThroughput": -1, "uploadThroughput": -1, "offline": False}
    browser.send("Network.emulateNetworkConditions", speed)


@pytest.fixture
def person(profile: BrowserContext) -> Iterator[BrowserContext]:
    """A browser context without cookies, storage, cache or pages of before; an error of a page fails the test."""
    errors: list[str] = []

    def note_error(error: WebError) -> None:
        errors.append(str(error.error))

    def note_violation(line: ConsoleMessage) -> None:
        # Violations of the Content-Security-Policy appear only in the console.
        if "Content Security Policy" in line.text:
            errors.append(line.text)

    profile.on("weberror", note_error)
    profile.on("console", note_violation)
    yield profile
    forget(profile)
    profile.remove_listener("weberror", note_error)
    profile.remove_listener("console", note_violation)
    assert errors == []


def forget(context: BrowserContext) -> None:
    """Clear what pages and their servers have stored, and close all pages but the first, which the next test uses."""
    kept, *others = context.pages
    origins = {"/".join(page.url.split("/")[:3]) for page in context.pages if page.url.startswith("http")}
    if kept.url.startswith("http"):
        kept.evaluate("name = ''; sessionStorage.clear()")
    kept.goto(BLANK)
    kept.emulate_media(media="null")
    kept.set_viewport_size(VIEWPORT)
    for page in others:
        page.close()
    browser = context.new_cdp_session(kept)
    browser.send("Network.clearBrowserCache")
    for origin in origins:
        browser.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    browser.detach()
    context.clear_cookies()
    context.clear_permissions()


@pytest.fixture
def board(server: Server) -> Server:
    """A server whose only project is PONE."""
    server.api("POST", "projects/", json={"key": "PONE", "title": "First"})
    return server


@pytest.fixture
def page(person: BrowserContext, board: Server) -> Page:
    """A page of a person who has signed in."""
    return signed_in(person, board)
