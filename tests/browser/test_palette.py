"""The command palette and the list of keys, by keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.pages import card, item, make_item, open_board
from tests.processes import Server

HOSTILE = "<img src=x onerror=window.hit=1>"


def open_palette(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search items, pages and actions")).to_be_focused()
    page.keyboard.type(words)


def test_palette_finds_items_pages_and_actions(page: Page, board: Server) -> None:
    one, two = make_item(board, "Read files"), make_item(board, HOSTILE)
    make_item(board, "Export the diary")
    open_board(page, board)
    card(page, one).get_by_role("link").first.focus()
    open_palette(page, "onerror")
    chosen = page.locator("#palette [aria-selected=true]")
    expect(chosen).to_contain_text(f"{two} {HOSTILE}")
    page.keyboard.press("Enter")
    expect(page.locator("#panel h1")).to_contain_text(HOSTILE)
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_have_count(0)
    card(page, one).get_by_role("link").first.focus()
    open_palette(page, "status: rev")
    expect(chosen).to_have_text("Status: Review")
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="Review")).to_be_visible()
    assert item(board, one)["status"] == "review"
    open_palette(page, "theme: da")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    open_palette(page, "nothing at all")
    expect(page.locator("#palette")).to_contain_text("Nothing matches")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_have_count(0)
    open_palette(page, "export")  # at once: the first answer, of the empty field, comes too late
    expect(chosen).to_have_text("Export Settings")
    expect(page.locator("#palette")).to_contain_text("Export the diary")
    page.keyboard.press("Escape")
    open_palette(page, "inbox")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/inbox/"))
    assert page.evaluate("window.hit") is None


def test_keys_are_listed_and_never_act_while_a_person_types(page: Page, board: Server) -> None:
    make_item(board, "One")
    open_board(page, board)
    page.keyboard.press("?")
    keys = page.locator("#keys")
    expect(keys.get_by_role("heading", name="Card")).to_be_visible()
    expect(keys).to_contain_text("Go to Inbox")
    page.keyboard.press("c")  # the dialog is open
    expect(page.locator("#new-item")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    page.keyboard.press("f")
    page.keyboard.type("c?gi")
    expect(page.get_by_label("Filter by words")).to_have_value("c?gi")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    card(page, "PONE-1").wait_for(state="detached")
    page.get_by_label("Filter by words").blur()
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url(re.compile("/list/PONE/"))
