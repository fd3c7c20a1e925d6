"""The dialog of a new item: from anywhere, with defaults, templates, drafts, errors and undo."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.pages import card, item, make_item, open_board
from tests.processes import Server

HOSTILE = "<img src=x onerror=window.hit=1>"


def open_new(page: Page) -> None:
    page.keyboard.press("c")
    expect(page.locator("#new-item")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_be_focused()


def test_item_of_a_column_is_created_shown_and_undone(page: Page, board: Server) -> None:
    make_item(board, "One", status="todo")
    open_board(page, board)
    page.keyboard.press("g")
    page.keyboard.press("b")
    card(page, "PONE-1").get_by_role("link").first.focus()
    open_new(page)
    dialog = page.locator("#new-item")
    expect(dialog.get_by_label("Status")).to_have_value("todo")
    dialog.get_by_role("link", name="Bug").click()
    expect(dialog.get_by_label("Type", exact=True)).to_have_value("bug")
    expect(dialog.locator(".preview")).to_contain_text("What should happen")
    page.keyboard.type(f"c {HOSTILE}")  # no key of the page
    dialog.get_by_label("Points").fill("many")
    dialog.get_by_label("Points").press("Control+Enter")
    expect(dialog.locator("[data-error-of=story_points]")).to_contain_text("whole number")
    expect(dialog.get_by_label("Points")).to_be_focused()
    dialog.get_by_label("Points").fill("3")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.reload()
    open_new(page)
    expect(dialog.get_by_label("Title", exact=True)).to_have_value(f"c {HOSTILE}")
    expect(dialog.get_by_label("Status")).to_have_value("todo")
    dialog.get_by_label("Create another").check()
    dialog.get_by_label("Title", exact=True).press("Control+Enter")
    expect(card(page, "PONE-2")).to_contain_text(f"c {HOSTILE}")
    expect(page.locator("#lane-0-todo #PONE-2")).to_have_count(1)
    expect(dialog.get_by_label("Title", exact=True)).to_have_value("")
    expect(dialog.get_by_label("Title", exact=True)).to_be_focused()
    dialog.get_by_label("Title", exact=True).fill("Another")
    dialog.get_by_label("Create another").uncheck()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(card(page, "PONE-3")).to_contain_text("Another")
    toast = page.locator(".toast", has_text="PONE-3 created")
    expect(toast.get_by_role("link", name="Open PONE-3")).to_have_attribute("href", "/items/PONE-3/")
    toast.get_by_role("button", name="Undo").click()
    expect(card(page, "PONE-3")).to_have_count(0)
    assert item(board, "PONE-2")["story_points"] == 3
    assert page.evaluate("window.hit") is None


def test_new_item_that_the_filter_hides_is_said_to_be_hidden(page: Page, board: Server) -> None:
    make_item(board, "One", item_type="bug")
    open_board(page, board, "?type=bug")
    open_new(page)
    dialog = page.locator("#new-item")
    expect(dialog.get_by_label("Type", exact=True)).to_have_value("bug")
    dialog.get_by_label("Type", exact=True).select_option("task")
    dialog.get_by_label("Title", exact=True).fill("Two")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast", has_text="hide the new card")).to_contain_text("Open PONE-2")
    page.locator(".toast", has_text="PONE-2 created").get_by_role("link").click()
    page.wait_for_url(re.compile("/items/PONE-2/"))
