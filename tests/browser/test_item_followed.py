"""An item's page while an agent changes the item, the server restarts or the session ends."""

from __future__ import annotations

import signal
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.pages import SOON, choose, comments, error_of, item, login_url, make_item, pm, show
from tests.processes import Server

Start = Callable[..., Server]


def test_page_follows_an_agent_without_disturbing_the_user(page: Page, board: Server) -> None:
    key = make_item(board, "Item", description="long\n\n" * 60)
    show(page, board, key)
    content = page.get_by_label("Comment", exact=True)
    content.focus()
    page.keyboard.type("half a sent")
    page.evaluate("scrollTo(0, 100)")
    place = page.evaluate("scrollY")
    assert place > 0
    page.evaluate("document.getElementById('i-content').setSelectionRange(4, 4)")
    pm(board.directory, "work-item", "update", key, "--status", "review", "--label", "new")
    expect(page.locator("#i-status")).to_have_text("Review", timeout=SOON)
    expect(page.locator("#f-labels .label")).to_have_text("new")
    pm(board.directory, "work-item", "claim", key, "--force")  # it is in review
    expect(page.locator("#i-claim")).to_contain_text("llm", timeout=SOON)
    pm(board.directory, "comment", "create", "--work-item", key, "--content", "By the agent")
    expect(page.locator("#i-comments")).to_contain_text("By the agent", timeout=SOON)
    page.keyboard.type("!")
    expect(content).to_be_focused()
    expect(content).to_have_value("half! a sent")
    page.locator("#i-status").focus()
    pm(board.directory, "work-item", "update", key, "--status", "todo")
    expect(page.locator("#i-status")).to_have_text("To do", timeout=SOON)
    expect(page.locator("#i-status")).to_be_focused()
    choose(page, "priority", "Low")
    expect(page.locator("#announcer")).to_have_text(f"Priority of {key}: Low")
    expect(content).to_have_value("half! a sent")


def test_deleting_the_item_keeps_a_half_written_comment(page: Page, board: Server) -> None:
    key = make_item(board, "Item", item_type="story")
    show(page, board, key)
    page.get_by_label("Comment", exact=True).fill("Not lost")
    pm(board.directory, "work-item", "delete", key)
    expect(page.locator("#i-deleted")).to_contain_text("by llm", timeout=SOON)
    for gone in ("#i-edit", "#i-child", "#i-link"):
        expect(page.locator(gone)).not_to_be_visible()
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(error_of(page, "i-comment")).to_contain_text("restore it first")
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("#i-deleted")).to_have_count(0)
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#i-comments .rows")).to_contain_text("Not lost")


def test_comment_and_edit_are_sent_once_after_a_killed_server_returns(
    person: BrowserContext, page: Page, start_server: Start, board: Server
) -> None:
    key = make_item(board, "Old")
    show(page, board, key)
    port = str(board.info["port"])
    page.get_by_label("Comment", exact=True).fill("Half a thought")
    page.keyboard.press("Escape")
    page.locator("#i-edit > summary").click()
    page.get_by_label("Description, in Markdown").fill("Half a text")
    board.end(signal.SIGKILL)
    expect(page.locator("#notice")).to_contain_text("The server is unreachable")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(error_of(page, "i-comment")).to_contain_text("kept and will be sent after reconnecting")
    page.locator("#i-editor").get_by_role("button", name="Save", exact=True).click()
    expect(error_of(page, "i-editor")).to_contain_text("kept and will be sent after reconnecting")
    expect(page.get_by_label("Description, in Markdown")).to_have_value("Half a text")
    again = start_server(board.directory, "--port", port, "--strict-port")
    expect(page.locator("#notice")).to_contain_text("Reconnected")
    expect(page.locator("#i-comments .rows")).to_contain_text("Half a thought")
    expect(page.locator("#i-read")).to_contain_text("Half a text")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("")
    assert comments(again, key) == ["Half a thought"]
    assert item(again, key)["version"] == 2


def test_unsent_text_survives_a_restart(page: Page, start_server: Start, board: Server) -> None:
    key = make_item(board, "Old")
    show(page, board, key)
    port = str(board.info["port"])
    page.get_by_label("Comment", exact=True).fill("Half a thought")
    board.end(signal.SIGKILL)
    expect(page.locator("#notice")).to_contain_text("The server is unreachable")
    again = start_server(board.directory, "--port", port, "--strict-port")
    expect(page.locator("#notice")).to_contain_text("Reconnected")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Half a thought")
    assert comments(again, key) == []
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#i-comments .rows")).to_contain_text("Half a thought")
    assert comments(again, key) == ["Half a thought"]


def test_ended_session_keeps_the_text_until_it_is_sent(person: BrowserContext, page: Page, board: Server) -> None:
    key = make_item(board, "Old")
    show(page, board, key)
    page.get_by_label("Comment", exact=True).fill("Half a thought")
    person.clear_cookies()
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(error_of(page, "i-comment")).to_contain_text("pm server open")
    expect(page.locator("#notice")).to_contain_text("pm server open")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Half a thought")
    person.new_page().goto(login_url(board.directory))
    page.bring_to_front()
    expect(page.locator("#notice")).to_contain_text("Reconnected")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator("#i-comments .rows")).to_contain_text("Half a thought")
    assert comments(board, key) == ["Half a thought"]
