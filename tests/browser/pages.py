"""Shared by the browser tests: signing in, and a board."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page

from tests.processes import MANAGE, Server, environment, scaled

BLANK = "about:blank"
SOON = scaled(1500)  # milliseconds


def pm(directory: Path, *arguments: str) -> Any:
    """Run `pm` in a repository, in a session of the test's own, and return its answer.

    The shared server gets a new board for each test, and its workers remember sessions for a minute.
    """
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    env = environment(PM_SESSION=f"test-{zlib.crc32(test.encode())}")
    answer = subprocess.run(
        [*MANAGE, "pm", *arguments], cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def login_url(directory: Path) -> str:
    return str(pm(directory, "server", "open", "--no-browser")["server"]["login_url"])


def signed_in(person: BrowserContext, server: Server) -> Page:
    """Sign in on the page that each test finds, or on a new one, which takes a second, if that is in use.

    The page of a test keeps its listeners (`page.on`): one that does more than take notes needs a page of its own.
    """
    page = next((page for page in person.pages if page.url == BLANK), None) or person.new_page()
    page.goto(login_url(server.directory))
    return page


def make_item(server: Server, title: str, **values: Any) -> str:
    """Create a work item in PONE by the API; return its display key."""
    body = {"project": "PONE", "item_type": "task", "title": title, **values}
    answer = server.api("POST", "work-items/", json=body, headers={"X-PM-New-User": "person"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["display_key"])


def item(server: Server, key: str) -> dict[str, Any]:
    found: dict[str, Any] = server.api("GET", f"work-items/{key}/").json()
    return found


def open_board(page: Page, server: Server, query: str = "") -> Page:
    page.goto(f"{server.url}/board/PONE/{query}")
    return page


def card(page: Page, key: str) -> Locator:
    return page.locator(f"#{key}")


def card_to_drag(page: Page, key: str) -> Locator:
    """Return a card once it can be dragged: the script for it loads with the first move of the pointer.

    A gesture of a test is over before that; one of a person is not.
    """
    page.evaluate("import('/static/pm/drag.js')")
    return card(page, key)


def lane(page: Page, status: str) -> Locator:
    return page.locator(f"#lane-0-{status}")


def show(page: Page, server: Server, key: str) -> Page:
    """Show the page of an item."""
    page.goto(f"{server.url}/items/{key}/")
    return page


def edit_field(page: Page, name: str) -> Locator:
    """Open the editor of a field that the page shows."""
    page.locator(f"button[data-field={name}]").click()
    return page.locator("#field-pop")


def choose(page: Page, name: str, value: str) -> None:
    """Choose a value of a field and wait until it is saved."""
    edit_field(page, name).get_by_role("button", name=value, exact=True).click()
    page.locator("#field-pop").wait_for(state="detached")


def error_of(page: Page, form: str) -> Locator:
    return page.locator(f"#{form} [data-error]")


def comments(server: Server, key: str) -> list[str]:
    rows = server.api("GET", f"comments/?work_item={key}&fields=content").json()["results"]
    return [row["content"] for row in rows]


@contextmanager
def paused(server: Server) -> Iterator[None]:
    """Stop the workers meanwhile, as a machine without memory does."""
    workers = [int(pid) for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()]
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
