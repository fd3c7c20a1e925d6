"""A server that answers late: what is typed or pressed meanwhile is neither lost nor done behind one's back."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import VIEWPORT
from tests.browser.pages import card, comments, lane, make_item, open_board, paused, show, signed_in
from tests.processes import Server, poll


def test_text_typed_while_a_form_is_sent_stays(page: Page, board: Server) -> None:
    key = make_item(board, "first")
    open_board(page, board)
    title = page.get_by_label("Add a card to Backlog")
    title.fill("second")
    with paused(board):
        page.keyboard.press("Enter")
        page.keyboard.type(" third")
    expect(lane(page, "backlog").locator("[data-card]")).to_have_count(2)
    expect(title).to_have_value("third")
    title.press("Enter")
    expect(lane(page, "backlog").locator("[data-card]")).to_have_count(3)
    show(page, board, key)
    text = page.get_by_label("Comment", exact=True)
    text.fill("said")
    with paused(board):
        page.keyboard.press("Control+Enter")
        page.keyboard.type(" and more")
    poll(lambda: comments(board, key) == ["said"])
    expect(text).to_have_value("and more")


def test_escape_stops_a_panel_that_is_on_its_way(page: Page, board: Server) -> None:
    key = make_item(board, "one")
    open_board(page, board)
    link = card(page, key).get_by_role("link")
    link.focus()
    with paused(board):
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
    with page.expect_response("**/panel/"):
        pass
    expect(page.locator("#panel")).to_have_count(0)
    expect(link).to_be_focused()


def test_cards_are_moved_after_the_server_was_away(browser: Browser, board: Server) -> None:
    key = make_item(board, "one")
    with browser.new_context(viewport=VIEWPORT) as person:
        page = open_board(signed_in(person, board), board)
        person.set_offline(True)
        page.mouse.move(400, 300)  # asks for the scripts that move cards
        page.mouse.move(410, 310)
        expect(page.locator("#notice")).to_contain_text("unreachable")
        person.set_offline(False)
        expect(page.locator("#notice")).to_contain_text("Reconnected")
        card(page, key).get_by_role("link").focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        with page.expect_response("**/move/"):
            page.keyboard.press("Space")
        expect(lane(page, "todo").locator(f"#{key}")).to_be_visible()
