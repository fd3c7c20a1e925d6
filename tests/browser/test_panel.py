"""An item's panel beside the board: opening, stepping, closing, drafts, and the same on a phone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.pages import SOON, card, choose, edit_field, item, make_item, open_board, pm
from tests.processes import Server


def test_panel_opens_steps_and_closes_where_it_was_opened(page: Page, board: Server) -> None:
    one, two = (make_item(board, title, status="todo") for title in ("One", "Two"))
    open_board(page, board, "?group=assignee")
    page.evaluate("window.loaded = 1")
    card(page, one).get_by_role("link").first.click()
    panel = page.locator("#panel")
    expect(panel).to_be_focused()
    expect(panel.locator("h1")).to_contain_text("One")
    expect(page).to_have_url(re.compile(rf"\?group=assignee&item={one}$"))
    expect(card(page, one)).to_have_attribute("data-shown", "")
    page.keyboard.press("j")
    expect(panel.locator("h1")).to_contain_text("Two")
    page.keyboard.press("j")
    expect(page.locator("#announcer")).to_have_text("This is the last item.")
    page.keyboard.press("ArrowUp")
    expect(panel.locator("h1")).to_contain_text("One")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?group=assignee$"))
    expect(card(page, one).get_by_role("link").first).to_be_focused()
    page.go_forward()
    expect(panel.locator("h1")).to_contain_text("One")
    page.go_back()
    expect(panel).to_have_count(0)
    assert page.evaluate("window.loaded") == 1
    with page.context.expect_page() as opened:
        card(page, two).get_by_role("link").first.click(modifiers=["ControlOrMeta"])
    expect(opened.value.locator("h1")).to_contain_text("Two")
    assert "/items/" in opened.value.url


def test_panel_follows_the_board_and_keeps_what_is_typed(page: Page, board: Server) -> None:
    one, two = make_item(board, "One"), make_item(board, "Two")
    open_board(page, board, f"?item={one}")  # a bookmark
    panel = page.locator("#panel")
    panel.get_by_label("Comment", exact=True).fill("Half a thought")
    pm(board.directory, "work-item", "update", one, "--title", "By the agent", "--status", "todo")
    expect(panel.locator("h1")).to_contain_text("By the agent", timeout=SOON)
    expect(page.locator("#lane-0-todo")).to_contain_text("By the agent")
    expect(panel.get_by_label("Comment", exact=True)).to_have_value("Half a thought")
    page.keyboard.press("Escape")
    expect(panel).to_be_focused()
    page.keyboard.press("k")
    expect(panel.locator("h1")).to_contain_text("Two")
    expect(panel.get_by_label("Comment", exact=True)).to_have_value("")
    page.keyboard.press("j")
    expect(panel.get_by_label("Comment", exact=True)).to_have_value("Half a thought")
    panel.get_by_label("Comment", exact=True).press("Control+Enter")
    expect(panel.locator("#i-comments")).to_contain_text("Half a thought")
    choose(page, "status", "Blocked")
    expect(page.locator("#lane-0-blocked")).to_contain_text("By the agent")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#lane-0-todo")).to_contain_text("By the agent")
    pm(board.directory, "work-item", "claim", one)
    expect(panel.locator("#i-claim")).to_contain_text("llm", timeout=SOON)
    edit_field(page, "status").get_by_role("button", name="Review").click()
    expect(page.locator("#field-pop")).to_contain_text("is claimed by llm")
    page.get_by_role("button", name="End the claim and save").click()
    expect(page.locator("#lane-0-review")).to_contain_text("By the agent")
    assert item(board, one)["status"] == "review"
    assert two


def test_panel_covers_a_phone(page: Page, board: Server) -> None:
    key = make_item(board, "One")
    page.set_viewport_size({"width": 360, "height": 740})
    open_board(page, board)
    card(page, key).get_by_role("link").first.click()
    panel = page.locator("#panel")
    expect(panel).to_be_focused()
    box = panel.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 740)
    assert page.evaluate("document.getElementById('panel').scrollWidth") == 360
    expect(page.locator("#main")).to_have_attribute("inert", "")
    panel.get_by_label("Close the panel").click()
    expect(panel).to_have_count(0)
    expect(page.locator("#main")).not_to_have_attribute("inert", "")


def test_draft_does_not_overwrite_what_changed_since_it_was_begun(page: Page, board: Server) -> None:
    key = make_item(board, "One", description="Old")
    page.on("dialog", lambda dialog: dialog.accept())
    open_board(page, board, f"?item={key}")
    text = page.get_by_label("Description, in Markdown")
    page.keyboard.press("e")
    text.fill("Half a text")
    page.keyboard.press("Escape")
    expect(text).not_to_be_visible()
    board.api("PATCH", f"work-items/{key}/", json={"description": "Of the agent"})
    page.goto(f"{board.url}/items/{key}/")  # the draft is the same on the item's page
    expect(text).to_have_value("Half a text")
    text.press("Control+Enter")
    expect(page.locator("#i-editor [data-error]")).to_contain_text("Changed in the meantime")
    assert item(board, key)["description"] == "Of the agent"
    page.get_by_role("button", name="Use mine").click()
    expect(page.locator("#i-read")).to_contain_text("Half a text")
