"""A server that answers late: what is typed or pressed meanwhile is neither lost nor done behind one's back."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import VIEWPORT
from tests.browser.pages import card, comments, item, lane, make_item, open_board, paused, show, signed_in
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


def test_wait_for_a_panel_and_a_menu_is_shown(page: Page, board: Server) -> None:
    key = make_item(board, "one")
    open_board(page, board)
    link, waits = card(page, key).get_by_role("link"), page.locator("[aria-busy]")
    link.focus()
    place = card(page, key).bounding_box()
    with paused(board):
        page.keyboard.press("s")
        expect(waits).to_have_id(key)
        assert card(page, key).bounding_box() == place
    expect(page.locator("#field-pop")).to_be_visible()
    expect(waits).to_have_count(0)
    page.keyboard.press("Escape")
    with paused(board):
        page.keyboard.press("Enter")
        expect(waits).to_have_id(key)
        expect(page.locator("#announcer")).to_have_text("Loading…")
    expect(page.locator("#panel")).to_be_focused()
    expect(waits).to_have_count(0)


def test_drag_before_its_script_has_come_is_done_once_it_has(page: Page, board: Server) -> None:
    key = make_item(board, "one")
    open_board(page, board)
    start, goal = card(page, key).bounding_box(), lane(page, "todo").bounding_box()
    assert start
    assert goal
    with paused(board):
        page.mouse.move(start["x"] + 60, start["y"] + 10)
        page.mouse.down()
        page.mouse.move(goal["x"] + 40, goal["y"] + 20)
        page.mouse.up()
    expect(lane(page, "todo").locator(f"#{key}")).to_be_visible()
    poll(lambda: item(board, key)["status"] == "todo")
    expect(page.locator("#panel")).to_have_count(0)


def test_keys_of_a_person_who_is_signed_out_leave_no_page(page: Page, board: Server) -> None:
    show(page, board, make_item(board, "one"))
    text = page.get_by_label("Comment", exact=True)
    text.fill("typed")
    page.evaluate("document.activeElement.blur()")
    page.context.clear_cookies()
    address = page.url
    with page.expect_response("**/items/new/dialog/**"):
        page.keyboard.press("c")
    expect(page.locator("#notice")).to_contain_text("You are signed out")
    with page.expect_response("**/palette/**"):
        page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_have_count(0)
    expect(text).to_have_value("typed")
    assert page.url == address
