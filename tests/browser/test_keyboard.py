"""Work with the keyboard alone: where the first key leads, and where the focus is after each act."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.pages import card, item, lane, make_item, open_board
from tests.browser.test_sprints import make_sprint, open_sprints
from tests.processes import Server, poll


def test_first_key_focuses_the_first_card(page: Page, board: Server) -> None:
    first, second = make_item(board, "one"), make_item(board, "two")
    for key in ("j", "ArrowDown"):
        open_board(page, board)
        page.keyboard.press(key)
        expect(card(page, first).get_by_role("link")).to_be_focused()
        page.keyboard.press(key)
        expect(card(page, second).get_by_role("link")).to_be_focused()


def test_card_dropped_in_an_empty_column_keeps_the_focus(page: Page, board: Server) -> None:
    key = make_item(board, "one")
    open_board(page, board)
    card(page, key).get_by_role("link").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(lane(page, "in_progress").locator(f"#{key}")).to_be_visible()
    with page.expect_response("**/move/"):
        page.keyboard.press("Space")
    expect(page.locator("#name-in_progress")).to_contain_text("1")
    expect(card(page, key).get_by_role("link")).to_be_focused()


def test_escape_leaves_the_field_of_a_new_card(page: Page, board: Server) -> None:
    key = make_item(board, "one")
    open_board(page, board)
    page.keyboard.press("n")
    expect(page.get_by_label("Add a card to Backlog")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(card(page, key).get_by_role("link")).to_be_focused()


def test_typing_replaces_a_name_that_is_offered(page: Page, board: Server) -> None:
    make_item(board, "one", status="done")
    open_board(page, board)
    page.locator("#menu-done summary").click()
    expect(page.locator("#menu-done").get_by_role("button", name="Move left")).to_be_visible()
    expect(page.locator("#menu-done").get_by_role("button", name="Move right")).to_have_count(0)
    page.keyboard.type("Shipped")
    page.keyboard.press("Enter")
    expect(page.locator("#name-done .lane-name")).to_have_text("Shipped")
    open_sprints(page, board)
    page.keyboard.press("n")
    expect(page.locator("#f-new [name=name]")).to_have_value("Sprint 1")
    page.keyboard.type("Beta")
    page.keyboard.press("Enter")
    poll(lambda: [row["name"] for row in board.api("GET", "sprints/?project=PONE").json()["results"]] == ["Beta"])


def test_selected_rows_get_a_sprint_and_each_key_is_listed_once(page: Page, board: Server) -> None:
    keys = [make_item(board, f"number {number}") for number in range(3)]
    make_sprint(board, "Walk")
    held: list[Route] = []
    page.route("**/items/bulk/?**", lambda route: held.append(route))
    page.goto(f"{board.url}/list/PONE/")
    for key in ("j", "x", "j", "x", "i"):  # the bar is still on its way
        page.keyboard.press(key)
    poll(lambda: (page.wait_for_timeout(10), held)[1])
    held[0].continue_()
    expect(page.locator("#selection .selected")).to_have_text("2 selected")
    expect(page.get_by_label("Find a sprint")).to_be_focused()
    page.unroute("**/items/bulk/?**")
    page.keyboard.type("walk")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("2 items: sprint set to Walk.")
    found = board.api("GET", "work-items/?sprint=Walk").json()["results"]
    assert [row["display_key"] for row in found] == keys[:2]
    open_board(page, board)
    page.keyboard.press("j")
    page.keyboard.press("x")  # loads what registers the key again
    expect(page.locator("#selection")).to_be_visible()
    page.keyboard.press("?")
    listed = page.locator("#keys section").filter(has=page.get_by_role("heading", name="Card")).locator("dt")
    expect(listed.get_by_text("i", exact=True)).to_be_visible()
    keys_of_cards = listed.all_inner_texts()
    assert keys_of_cards.count("x") == 1


def test_selected_items_are_changed_with_the_keyboard_alone(page: Page, board: Server) -> None:
    keys = [make_item(board, f"number {number}") for number in range(3)]
    make_item(board, "of ada", assignee="ada", status="done")
    bar, message = page.locator("#selection"), page.locator(".toast")
    for path, typed, name in (("board", "hi", "High"), ("list", "low", "Low")):
        page.goto(f"{board.url}/{path}/PONE/")
        for number, key in enumerate(keys[:2], 1):
            page.keyboard.press("j")
            expect(page.locator(f"[data-key={key}] a:focus")).to_have_count(1)
            page.keyboard.press("x")
            expect(bar.locator(".selected")).to_have_text(f"{number} selected")
        page.keyboard.press("p")
        expect(bar.locator("details[open] li button:focus")).to_have_count(1)
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(message).to_contain_text(f"2 items: priority set to {name}.")
        expect(bar.locator("details[open]")).to_have_count(0)
        expect(bar.locator("summary", has_text="Priority")).to_be_focused()
        assert [item(board, key)["priority"] for key in keys] == [name.lower(), name.lower(), "medium"]
        page.keyboard.press("Tab")
        expect(bar.locator("summary", has_text="Assignee")).to_be_focused()
        page.keyboard.press("Enter")
        expect(bar.locator("details[open] :focus:not(summary)")).to_have_count(1)
        page.keyboard.type("ada" if path == "board" else "no")
        page.keyboard.press("Enter")
        expect(message.last).to_contain_text("2 items: assignee")
        expect(bar.locator("summary", has_text="Assignee")).to_be_focused()
        page.keyboard.press("Escape")
        expect(bar).to_have_count(0)
        expect(page.locator(f"[data-key={keys[1]}] a:focus")).to_have_count(1)
