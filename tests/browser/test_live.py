"""An open page follows the board without disturbing the user."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.pages import SOON, card, lane, login_url, make_item, open_board, pm, signed_in
from tests.processes import Server, scaled

Start = Callable[..., Server]


def test_change_by_the_command_line_appears_without_reload(page: Page, board: Server) -> None:
    key, other = make_item(board, "old title"), make_item(board, "other")
    open_board(page, board)
    page.evaluate("window.loaded = 1")
    focused = card(page, other).get_by_role("link")
    focused.focus()
    pm(board.directory, "work-item", "update", key, "--title", "new title", "--status", "review")
    moved = lane(page, "review").locator(f"#{key}")
    expect(moved).to_contain_text("new title", timeout=SOON)
    expect(moved).to_have_attribute("data-lit", "")
    expect(focused).to_be_focused()
    pm(board.directory, "work-item", "create", "--project", "PONE", "--type", "task", "--title", "brand new")
    expect(card(page, "PONE-3")).to_contain_text("brand new", timeout=SOON)
    pm(board.directory, "work-item", "claim", other)
    expect(card(page, other)).to_contain_text("Claimed by llm", timeout=SOON)
    expect(focused).to_be_focused()
    assert page.evaluate("window.loaded") == 1


def test_live_update_keeps_typed_text_scroll_position_and_lifted_card(page: Page, board: Server) -> None:
    for number in range(25):
        make_item(board, f"number {number}")
    open_board(page, board)
    title = page.get_by_label("Add a card to Backlog")
    title.fill("half a sent")
    page.evaluate("document.getElementById('lane-0-backlog').scrollTop = 700")
    make_item(board, "appears", status="todo")
    expect(lane(page, "todo")).to_contain_text("appears", timeout=SOON)
    expect(title).to_have_value("half a sent")
    assert page.evaluate("document.getElementById('lane-0-backlog').scrollTop") == 700
    lifted = card(page, "PONE-20").get_by_role("link")
    lifted.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    with page.expect_response(re.compile("/live/"), timeout=scaled(5000)) as answer:
        make_item(board, "not now", status="todo")
    while answer.value.status == 204:
        with page.expect_response(re.compile("/live/"), timeout=scaled(5000)) as answer:
            pass
    expect(lane(page, "todo").locator("#PONE-20")).to_be_visible()
    expect(lane(page, "todo")).not_to_contain_text("not now")
    page.keyboard.press("Space")
    expect(lane(page, "todo")).to_contain_text("not now")
    expect(lifted).to_be_focused()


def test_refresh_repeats_no_field_of_a_menu(page: Page, board: Server) -> None:
    for number in range(9):
        epic = make_item(board, f"epic {number}", item_type="epic")
    open_board(page, board)
    expect(page.locator("[aria-label='Find in Epic']")).to_have_count(1)
    pm(board.directory, "work-item", "update", epic, "--title", "another title")
    expect(page.locator("#facet-descendants_of label", has_text="another title")).to_have_count(1, timeout=SOON)
    expect(page.locator("[aria-label='Find in Epic']")).to_have_count(1)


def test_restart_is_reported_and_typed_text_is_sent_once(
    person: BrowserContext, start_server: Start, board: Server
) -> None:
    page = signed_in(person, board)
    open_board(page, board)
    port = str(board.info["port"])
    title = page.get_by_label("Add a card to To do")
    title.fill("Written while it was away")
    board.end()
    expect(page.locator("#notice")).to_contain_text("The server is unreachable")
    title.press("Enter")
    expect(page.locator("#add-todo [data-error]")).to_contain_text("kept")
    expect(title).to_have_value("Written while it was away")
    again = start_server(board.directory, "--port", port, "--strict-port")
    expect(page.locator("#notice")).to_contain_text("Reconnected")
    expect(lane(page, "todo")).to_contain_text("Written while it was away")
    expect(title).to_have_value("")
    assert len(again.api("GET", "work-items/?project=PONE").json()["results"]) == 1


def test_signed_out_page_explains_and_continues_after_login(person: BrowserContext, page: Page, board: Server) -> None:
    open_board(page, board)
    title = page.get_by_label("Add a card to To do")
    title.fill("not lost")
    person.clear_cookies()
    expect(page.locator("#notice")).to_contain_text("pm server open")
    expect(title).to_have_value("not lost")
    person.new_page().goto(login_url(board.directory))
    page.bring_to_front()
    expect(page.locator("#notice")).to_contain_text("Reconnected")
    title.press("Enter")
    expect(lane(page, "todo")).to_contain_text("not lost")


def test_page_that_went_while_its_person_was_signed_out_says_so(
    person: BrowserContext, page: Page, board: Server
) -> None:
    open_board(page, board)
    person.clear_cookies()
    expect(page.locator("#notice")).to_contain_text("pm server open")
    assert board.api("DELETE", "projects/PONE/").status_code == 204
    person.new_page().goto(login_url(board.directory))
    page.bring_to_front()
    expect(page.locator("#notice")).to_contain_text("This page is no longer available")


def test_hidden_page_polls_rarely(page: Page, board: Server) -> None:
    asked: list[float] = []
    open_board(page, board)
    page.on("request", lambda request: asked.append(time.monotonic()) if "/live/" in request.url else None)
    with page.expect_response(re.compile("/live/")):
        pass
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true }); window.away = true;"
    )
    with page.expect_response(re.compile("/live/")):
        pass
    before = len(asked)
    make_item(board, "unseen")
    page.evaluate("new Promise((done) => setTimeout(done, 1500))")
    assert len(asked) == before
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(card(page, "PONE-1")).to_be_visible(timeout=SOON)


def test_page_that_is_gone_says_so_and_keeps_typed_text(page: Page, board: Server) -> None:
    open_board(page, board)
    field = page.get_by_label("Add a card to Backlog")
    field.fill("half a title")
    board.api("PATCH", "projects/PONE/", json={"status": "archived"})
    expect(page.locator("h1")).to_contain_text("archived", timeout=SOON)
    expect(field).to_have_value("half a title")
    board.api("PATCH", "projects/PONE/", json={"status": "active"})
    expect(page.locator("h1")).not_to_contain_text("archived", timeout=SOON)
    project = board.api("GET", "projects/PONE/").json()
    answer = board.api("DELETE", "projects/PONE/")
    assert answer.status_code == 204, answer.text
    expect(page.locator("#notice")).to_contain_text("This page is no longer available", timeout=SOON)
    field.press("Enter")
    expect(page.locator("#add-backlog [data-error]")).to_contain_text("not found")
    expect(page.locator("#notice")).to_contain_text("This page is no longer available")
    expect(field).to_have_value("half a title")
    assert board.api("POST", f"projects/{project['id']}/restore/").ok
    page.keyboard.press("Enter")
    expect(page.locator(".card", has_text="half a title")).to_be_visible()
    expect(page.locator("#notice")).not_to_be_visible()
