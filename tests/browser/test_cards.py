"""Cards and columns in a real browser: single keys, selection, folding, the menu of a column, growing lists."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import card, card_to_drag, item, lane, make_item, open_board, signed_in
from tests.processes import Server, poll


def focus(page: Page, key: str) -> None:
    card(page, key).get_by_role("link").focus()


def test_click_beside_the_title_opens_the_item(page: Page, board: Server) -> None:
    key = make_item(board, "one", priority="high")
    open_board(page, board)
    box = card(page, key).bounding_box()
    assert box is not None
    for x, y in ((box["width"] - 8, box["height"] - 8), (16, box["height"] - 16)):  # a corner, and the sign of the type
        page.mouse.click(box["x"] + x, box["y"] + y)
        expect(page).to_have_url(re.compile(key))
        open_board(page, board)


def test_single_keys_and_signs_edit_the_card(page: Page, board: Server) -> None:
    key = make_item(board, "one")
    open_board(page, board)
    with page.expect_response("**/move/"):  # a sign is no obstacle for a drag, and opens nothing then
        card_to_drag(page, key).locator(".medium").drag_to(lane(page, "done"))
    expect(lane(page, "done").locator(f"#{key}")).to_be_visible()
    expect(page.locator("#field-pop")).to_have_count(0)
    page.locator(".toast [data-undo]").click()
    expect(lane(page, "backlog").locator(f"#{key}")).to_be_visible()
    focus(page, key)
    page.keyboard.press("p")
    page.get_by_role("dialog").get_by_role("button", name="Critical").click()
    expect(card(page, key).locator(".critical")).to_be_visible()
    expect(card(page, key).get_by_role("link")).to_be_focused()
    page.keyboard.press("e")
    page.get_by_role("dialog").get_by_role("textbox").fill("8")
    page.keyboard.press("Enter")
    expect(card(page, key).locator(".points")).to_contain_text("8")
    page.keyboard.press("s")
    page.get_by_role("dialog").get_by_role("button", name="Review").click()
    expect(lane(page, "review").locator(f"#{key}")).to_be_visible()
    card(page, key).locator(".critical").click()
    page.get_by_role("dialog").get_by_role("button", name="Low").click()
    expect(card(page, key).locator(".low")).to_be_visible()
    expect(page).to_have_url(f"{board.url}/board/PONE/")
    found = item(board, key)
    assert (found["priority"], found["story_points"], found["status"]) == ("low", 8, "review")


def test_selected_cards_change_together_and_come_back_with_one_undo(page: Page, board: Server) -> None:
    keys = [make_item(board, f"number {number}") for number in range(4)]
    held = make_item(board, "held", status="todo")
    assert board.api("POST", f"work-items/{held}/claim/", json={}).status_code == 200
    open_board(page, board)
    focus(page, keys[0])
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#selection .selected")).to_have_text("2 selected")
    card(page, keys[3]).click(modifiers=["Shift"], position={"x": 60, "y": 30})
    expect(page.locator("#selection .selected")).to_have_text("4 selected")
    card(page, held).hover()
    card(page, held).get_by_role("checkbox").check()
    expect(page.locator("#selection .selected")).to_have_text("5 selected")
    focus(page, keys[0])
    page.keyboard.press("s")
    page.keyboard.press("ArrowDown")  # To do
    page.keyboard.press("Enter")
    alert = page.locator("#selection [role=alert]")
    expect(alert).to_contain_text(f"{held} is claimed by llm")
    assert item(board, keys[0])["status"] == "backlog"
    alert.get_by_role("button", name="End the claims").click()
    expect(lane(page, "todo").locator("[data-card]")).to_have_count(5)
    expect(page.locator(".toast")).to_contain_text("5 items: status set to To do.")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("Escape")
    expect(page.locator("#selection")).to_have_count(0)
    page.locator(".toast [data-undo]").click()
    expect(lane(page, "backlog").locator("[data-card]")).to_have_count(4)
    poll(lambda: item(board, held)["status"] == "in_progress")
    focus(page, keys[0])
    page.keyboard.press("x")
    page.locator("#selection summary", has_text="Labels").click()
    page.get_by_label("Find or add a label").fill("needs a map")
    page.keyboard.press("Enter")
    poll(lambda: item(board, keys[0])["labels"] == ["needs a map"])


def test_menus_of_the_bar_take_a_typed_name_and_enter(page: Page, board: Server) -> None:
    keys = [make_item(board, f"number {number}", labels=[f"v{number}"]) for number in range(2)]
    epic = make_item(board, "Plan", item_type="epic")
    for name in ("ada", "grace"):
        make_item(board, f"of {name}", assignee=name)
    open_board(page, board)
    focus(page, keys[0])
    page.keyboard.press("x")
    bar = page.locator("#selection")
    expect(bar).to_be_visible()
    dates = {"start_date": "2026-01-01", "end_date": "2026-01-14"}  # what is created now, is offered, too
    board.api("POST", "sprints/", json={"project": "PONE", "name": "Fresh", **dates})
    make_item(board, "late", labels=["later"], assignee="zoe")
    for name in ("Fresh", "later", "zoe"):
        expect(bar.locator("button", has_text=name).first).to_be_attached()
    for menu, typed, field, value in (
        ("Status", "rev", "status", "review"),
        ("Priority", "crit", "priority", "critical"),
        ("Assignee", "gra", "assignee", "grace"),
        ("Labels", "v1", "labels", ["v0", "v1"]),
        ("Parent", epic, "parent", epic),
    ):
        bar.locator("summary", has_text=menu).click()
        expect(bar.locator("details[open] :focus:not(summary)")).to_have_count(1)
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(bar.locator("summary", has_text=menu)).to_be_focused()
        assert item(board, keys[0])[field] == value


def test_long_press_selects_a_card(browser: Browser, board: Server) -> None:
    key = make_item(board, "one")
    context = browser.new_context(has_touch=True, viewport={"width": 900, "height": 700})
    page = open_board(signed_in(context, board), board)
    fingers = context.new_cdp_session(page)
    box = card(page, key).bounding_box()
    assert box is not None
    at = {"x": box["x"] + 60, "y": box["y"] + 30}
    fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    expect(page.locator("[data-lifted]")).to_have_count(1)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#selection .selected")).to_have_text("1 selected")
    expect(page).to_have_url(f"{board.url}/board/PONE/")
    context.close()


def test_empty_column_is_a_strip_that_takes_cards_and_unfolds(page: Page, board: Server) -> None:
    first, second = make_item(board, "one"), make_item(board, "two")
    open_board(page, board)
    strip = lane(page, "review")
    expect(strip).to_have_class(re.compile("folded"))
    card_to_drag(page, first).hover()
    page.mouse.down()
    target = strip.bounding_box()
    assert target is not None
    assert target["width"] < 60
    page.mouse.move(target["x"] + 20, target["y"] + 60, steps=4)
    expect(strip.locator(".slot")).to_be_visible()  # where the card would land
    with page.expect_response("**/move/"):
        page.mouse.up()
    expect(strip.locator(f"#{first}")).to_be_visible()
    expect(strip).not_to_have_class(re.compile("folded"))
    expect(page.locator(".slot")).to_have_count(0)
    page.locator("#head-done [data-fold]").click()
    expect(lane(page, "done")).not_to_have_class(re.compile("folded"))
    page.locator("#head-backlog [data-fold]").click()
    expect(card(page, second)).not_to_be_visible()
    page.reload()
    expect(lane(page, "done")).not_to_have_class(re.compile("folded"))
    expect(card(page, second)).not_to_be_visible()


def test_menu_of_a_column_sets_name_limit_and_place(page: Page, board: Server) -> None:
    for number in range(2):
        make_item(board, f"number {number}", status="todo")
    open_board(page, board)
    menu = page.locator("#menu-todo")
    menu.locator("summary").click()
    menu.get_by_label("Name", exact=True).fill("Next")
    menu.get_by_label("WIP limit").fill("many")
    menu.get_by_role("button", name="Save", exact=True).click()
    expect(menu.locator("#e-column-todo")).to_contain_text("Limit: must be empty or a whole number")
    menu.get_by_label("WIP limit").fill("1")
    menu.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#name-todo")).to_contain_text("Next 2/1")
    menu.locator("summary").click()
    menu.get_by_role("button", name="Move right").click()
    expect(page.locator(".lane-head").nth(2)).to_have_id("head-todo")
    expect(page.locator("#board [data-row] > .lane").nth(2)).to_have_id("lane-0-todo")


def test_columns_scroll_by_themselves_and_load_further_cards(page: Page, board: Server) -> None:
    for number in range(60):
        make_item(board, f"number {number}")
    make_item(board, "other", status="todo")
    open_board(page, board)
    expect(lane(page, "backlog").locator("[data-card]")).to_have_count(25)
    top = page.locator("#head-backlog").bounding_box()
    lane(page, "backlog").evaluate("lane => lane.scrollTo(0, lane.scrollHeight)")
    expect(lane(page, "backlog").locator("[data-card]")).to_have_count(60)
    assert page.locator("#head-backlog").bounding_box() == top
    assert lane(page, "todo").evaluate("lane => lane.scrollTop") == 0
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    focus(page, "PONE-25")
    page.keyboard.press("ArrowDown")
    expect(card(page, "PONE-26").get_by_role("link")).to_be_focused()


def test_row_of_a_grouping_folds_and_stays_folded(page: Page, board: Server) -> None:
    make_item(board, "of ada", assignee="ada")
    key = make_item(board, "of nobody")
    open_board(page, board, "?group=assignee")
    page.locator(".group [data-fold-row]").last.click()
    expect(card(page, key)).not_to_be_visible()
    make_item(board, "appears", assignee="ada")
    expect(page.locator(".group").first).to_contain_text("appears")
    expect(card(page, key)).not_to_be_visible()
    page.reload()
    expect(card(page, key)).not_to_be_visible()


def test_sign_of_a_blocked_card_opens_the_blocker(page: Page, board: Server) -> None:
    blocked, blocker = make_item(board, "Blocked"), make_item(board, "Blocker")
    last = make_item(board, "Blocked twice", story_points=100, assignee="ada")
    for one, other in ((blocker, blocked), (blocker, last), (blocked, last)):
        link = {"blocking_item": one, "blocked_item": other, "dependency_type": "blocks"}
        assert board.api("POST", "dependencies/", json=link).status_code == 201
    open_board(page, board)
    card(page, last).evaluate("one => { one.style.width = '185px'; }")  # as with six columns at 1440 px
    signs = card(page, last).locator(".marks")
    whole, shown = signs.bounding_box(), signs.locator(".blocked").bounding_box()
    assert whole is not None
    assert shown is not None
    assert shown["y"] < whole["y"] + whole["height"] / 2  # it is on the only line that is seen
    sign = card(page, blocked).get_by_role("link", name=f"Blocked by {blocker} Blocker")
    sign.click()
    expect(page.locator("#panel")).to_have_attribute("data-item", blocker)
    card(page, blocked).locator("> a").click()
    page.locator("#i-blocked").get_by_role("link", name="Blocker").click()
    expect(page.locator("#panel")).to_have_attribute("data-item", blocker)
