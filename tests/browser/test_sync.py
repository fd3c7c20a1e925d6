"""A person shares the board from the browser, synchronises, and stops sharing, with the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.pages import make_item, pm, signed_in
from tests.processes import DEADLINE, Server, poll
from tests.projects.sync.repositories import REF, bare, git

pytestmark = pytest.mark.slow


def heads(remote: Path) -> str:
    return git("for-each-ref", "--format=%(objectname)", REF, cwd=remote)


def test_board_is_shared_synchronized_and_left(person: BrowserContext, server: Server, tmp_path: Path) -> None:
    remote = bare(tmp_path / "remote.git")
    git("config", "remote.origin.url", str(remote), cwd=server.directory)
    pm(server.directory, "project", "create", "--key", "PONE", "--title", "One")
    page = signed_in(person, server)
    page.goto(f"{server.url}/settings/")
    page.get_by_role("link", name="Share this board…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(str(remote))).to_be_visible()
    page.get_by_label("Synchronize").select_option("0")
    page.get_by_label("I understand this").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Share the board").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sync now")).to_be_visible()
    poll(lambda: heads(remote), DEADLINE, "the first sync")
    first = heads(remote)
    make_item(server, "Later")
    page.get_by_role("button", name="Sync now").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 published")).to_be_attached()
    assert heads(remote) != first
    page.locator("#s-sync-off summary").focus()
    page.keyboard.press("Enter")
    page.locator("#s-sync-disable button.danger").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Share this board…")).to_be_visible()
    assert not server.api("GET", "sync/").json()["enabled"]
