"""The board in a real browser: drag, keyboard, quick add, filters, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.pages import card, card_to_drag, item, lane, make_item, open_board, signed_in
from tests.conftest import make_repository
from tests.processes import Server, poll

Start = Callable[..., Server]
HOSTILE = [
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "<svg onload='window.hacked = 1'>",
    "javascript:window.hacked=1",
    "\"><b onmouseover='window.hacked=1'>",
]


def keys_of(page: Page, status: str) -> list[str | None]:
    return [one.get_attribute("data-key") for one in lane(page, status).locator("[data-card]").all()]


def test_single_project_opens_its_board_and_empty_board_shows_next_step(page: Page, board: Server) -> None:
    page.goto(board.url)
    expect(page).to_have_url(f"{board.url}/board/PONE/")
    expect(page.locator(".empty")).to_contain_text("Add the first card at the top of a column")


def test_drag_to_another_column_and_place_survives_reload(page: Page, board: Server) -> None:
    first, second, third = (make_item(board, title, status="todo") for title in ("one", "two", "three"))
    moved = make_item(board, "moved")
    open_board(page, board)
    with page.expect_response("**/move/") as answer:
        card_to_drag(page, moved).drag_to(card(page, third), target_position={"x": 20, "y": 3})
    assert answer.value.status == 200
    page.reload()
    assert keys_of(page, "todo") == [first, second, moved, third]
    assert item(board, moved)["status"] == "todo"
    assert item(board, moved)["updated_by"] not in ("llm", "")


def test_dragging_beyond_the_edge_scrolls(page: Page, board: Server) -> None:
    page.set_viewport_size({"width": 700, "height": 600})
    key = make_item(board, "far to go")
    open_board(page, board)
    box = card_to_drag(page, key).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(690, box["y"] + 10, steps=4)
    expect(lane(page, "done").locator(f"#{key}")).to_be_visible()  # the board scrolls on by itself
    assert item(board, key)["status"] == "backlog"
    with page.expect_response("**/move/"):
        page.mouse.up()
    expect(page).to_have_url(f"{board.url}/board/PONE/")  # not a click on the card's link
    poll(lambda: item(board, key)["status"] == "done")


def test_escape_cancels_a_drag(page: Page, board: Server) -> None:
    key = make_item(board, "one")
    open_board(page, board)
    card_to_drag(page, key).hover()
    page.mouse.down()
    target = lane(page, "review").bounding_box()
    assert target is not None
    page.mouse.move(target["x"] + 30, target["y"] + 30, steps=4)
    expect(lane(page, "review").locator(f"#{key}")).to_be_visible()
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(lane(page, "backlog").locator(f"#{key}")).to_be_visible()
    expect(page).to_have_url(f"{board.url}/board/PONE/")
    assert item(board, key)["version"] == 1


def test_touch_drags_after_a_delay_and_scrolls_before(browser: Browser, board: Server) -> None:
    key, other = make_item(board, "one"), make_item(board, "two", status="todo")
    context = browser.new_context(has_touch=True, viewport={"width": 900, "height": 700})
    page = open_board(signed_in(context, board), board)
    fingers = context.new_cdp_session(page)
    start, end = card(page, key).bounding_box(), card(page, other).bounding_box()
    assert start is not None
    assert end is not None

    def touch(kind: str, at: dict[str, float] | None = None) -> None:
        points = [{"x": at["x"] + 30, "y": at["y"] + 5}] if at else []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", start)
    for step in range(1, 9):  # at once: a swipe
        touch("touchMove", {"x": start["x"], "y": start["y"] + 10 * step})
    touch("touchEnd")
    expect(page.locator("[data-lifted]")).to_have_count(0)
    assert item(board, key)["version"] == 1
    page.locator("#board").evaluate("board => board.scrollTo(0, 0)")
    touch("touchStart", start)
    expect(page.locator("[data-lifted]")).to_have_count(1)
    touch("touchMove", end)
    expect(lane(page, "todo").locator(f"#{key}")).to_be_visible()
    with page.expect_response("**/move/"):
        touch("touchEnd")
    assert item(board, key)["status"] == "todo"
    context.close()


def test_keyboard_moves_a_card_and_announces_its_place(page: Page, board: Server) -> None:
    first, second = (make_item(board, title) for title in ("one", "two"))
    other = make_item(board, "three", status="todo")
    open_board(page, board)
    link = card(page, second).get_by_role("link")
    link.focus()
    page.keyboard.press("Space")
    expect(page.locator("#announcer")).to_contain_text("picked up")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#announcer")).to_contain_text("To do, 1 of 2")
    with page.expect_response("**/move/"):
        page.keyboard.press("Space")
    expect(page.locator("#announcer")).to_contain_text(f"{second} is now in To do")
    expect(link).to_be_focused()
    page.reload()
    assert keys_of(page, "todo") == [second, other]
    assert keys_of(page, "backlog") == [first]


def test_escape_returns_a_lifted_card(page: Page, board: Server) -> None:
    first, second = (make_item(board, title) for title in ("one", "two"))
    open_board(page, board)
    card(page, first).get_by_role("link").focus()
    for key in ("Space", "ArrowRight", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    expect(page.locator("#announcer")).to_contain_text("cancelled")
    assert keys_of(page, "backlog") == [first, second]
    assert item(board, first)["version"] == 1


def test_arrow_keys_move_between_cards(page: Page, board: Server) -> None:
    first, second = (make_item(board, title) for title in ("one", "two"))
    other = make_item(board, "three", status="review")
    open_board(page, board)
    card(page, first).get_by_role("link").focus()
    page.keyboard.press("ArrowDown")
    expect(card(page, second).get_by_role("link")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(card(page, other).get_by_role("link")).to_be_focused()  # past the empty columns
    for key in ("ArrowRight", "ArrowLeft", "k"):
        page.keyboard.press(key)
    expect(card(page, first).get_by_role("link")).to_be_focused()
    page.keyboard.press("j")
    expect(card(page, second).get_by_role("link")).to_be_focused()
    assert item(board, other)["version"] == 1


def test_quick_add_survives_reload_and_keeps_focus(page: Page, board: Server) -> None:
    open_board(page, board)
    title = page.get_by_label("Add a card to To do")
    title.fill("Typed in a hurry")
    title.press("Enter")
    expect(lane(page, "todo")).to_contain_text("Typed in a hurry")
    expect(title).to_have_value("")
    expect(title).to_be_focused()
    title.fill("And another")
    title.press("Enter")
    expect(lane(page, "todo")).to_contain_text("And another")
    page.reload()
    assert keys_of(page, "todo") == ["PONE-1", "PONE-2"]


def test_refused_move_returns_the_card_and_shows_the_reason(page: Page, board: Server) -> None:
    story = make_item(board, "parent", item_type="story", status="review")
    child = make_item(board, "child", parent=story)
    open_board(page, board)
    card_to_drag(page, story).drag_to(lane(page, "done"))
    expect(card(page, story).get_by_role("alert")).to_contain_text(f"{story} has open children: {child}")
    assert keys_of(page, "review") == [story]
    assert keys_of(page, "done") == []
    assert item(board, story)["status"] == "review"


def test_move_of_a_claimed_card_asks_before_the_claim_ends(page: Page, board: Server) -> None:
    key = make_item(board, "held")
    assert board.api("POST", f"work-items/{key}/claim/", json={}).status_code == 200
    open_board(page, board)
    card_to_drag(page, key).drag_to(lane(page, "review"))
    said = card(page, key).get_by_role("alert")
    expect(said).to_contain_text(f"{key} is claimed by llm for another 60 minutes")
    assert item(board, key)["status"] == "in_progress"
    with page.expect_response("**/move/") as answer:
        said.get_by_role("button", name="End the claim and move").click()
    assert answer.value.status == 200
    expect(lane(page, "review").locator(f"#{key}")).to_be_visible()
    assert item(board, key)["claimed_by"] is None


def test_conflicting_edit_shows_what_changed_and_by_whom(page: Page, board: Server) -> None:
    key = make_item(board, "wanted by both")
    open_board(page, board)
    card(page, key).get_by_role("link").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    board.api("PATCH", f"work-items/{key}/", json={"priority": "critical", "status": "review"})
    page.keyboard.press("Space")
    said = card(page, key).get_by_role("alert")
    expect(said).to_contain_text("llm changed")
    expect(said).to_contain_text("critical")
    expect(lane(page, "review").locator(f"#{key}")).to_be_visible()
    assert item(board, key)["status"] == "review"


def test_wip_limit_warns_without_refusing(page: Page, board: Server) -> None:
    lanes = board.api("GET", "swim-lanes/?project=PONE").json()["results"]
    doing = next(one for one in lanes if one["status_value"] == "in_progress")
    assert board.api("PATCH", f"swim-lanes/{doing['id']}/", json={"wip_limit": 1}).status_code == 200
    make_item(board, "one", status="in_progress")
    key = make_item(board, "two", status="todo")
    open_board(page, board)
    card_to_drag(page, key).drag_to(lane(page, "in_progress"))
    expect(page.locator("#announcer")).to_contain_text("its WIP limit is 1")
    expect(page.locator("#head-in_progress .over")).to_contain_text("2/1")


def test_filters_are_kept_in_the_url(page: Page, board: Server) -> None:
    bug = make_item(board, "a bug", labels=["bug"], assignee="ada")
    make_item(board, "a wish", item_type="story")
    open_board(page, board)
    chips = page.get_by_role("search", name="Filter")
    chips.locator("summary", has_text="More filters").click()
    chips.locator("summary", has_text="Label").click()
    chips.get_by_role("group", name="Label").get_by_label("bug").check()
    expect(page).to_have_url(f"{board.url}/board/PONE/?label=bug")
    expect(page.locator("[data-card]")).to_have_count(1)
    expect(chips.locator(".facet.set > summary")).to_have_text("Label: bug")
    page.reload()
    assert keys_of(page, "backlog") == [bug]
    chips.get_by_role("link", name="Clear").click()
    expect(page.locator("[data-card]")).to_have_count(2)
    chips.locator("summary", has_text="Display").click()
    chips.get_by_role("group", name="Group by").get_by_label("Assignee").check()
    expect(page.locator(".group h2").first).to_contain_text("ada")
    chips.locator("summary", has_text="Display").click()
    chips.get_by_role("group", name="Group by").get_by_label("None").check()
    page.get_by_label("Filter by words").fill("WISH")
    expect(page.locator("[data-card]")).to_have_count(1)
    page.go_back()
    expect(page.locator("[data-card]")).to_have_count(2)


def test_what_others_block_is_found_by_the_status_blocked(page: Page, board: Server) -> None:
    blocker, blocked = make_item(board, "one"), make_item(board, "two")
    board.api("POST", "dependencies/", json={"blocking_item": blocker, "blocked_item": blocked})
    open_board(page, board)
    page.locator("#facet-status > summary").click()
    page.locator("#facet-status").get_by_label("Blocked").check()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Show blocked cards").click()
    expect(page.locator("#board [data-card]")).to_have_count(1)
    expect(card(page, blocked).locator(".blocked")).to_have_text(blocker)


def test_project_of_another_window_is_in_the_menu(page: Page, board: Server) -> None:
    open_board(page, board)
    board.api("POST", "projects/", json={"key": "SHOP", "title": "A shop"})
    page.locator("#projects-menu > summary").click()
    make_item(board, "one")
    expect(page.locator("#projects-menu")).to_contain_text("A shop")
    page.locator("#projects-menu").get_by_role("link", name="New project").click()
    expect(page.locator("#new-project [name=title]")).to_be_focused()
    page.keyboard.type("Shed")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{board.url}/board/SHED/")


def test_first_project_needs_only_its_title(person: BrowserContext, server: Server) -> None:
    page = signed_in(person, server)
    page.goto(f"{server.url}/settings/")
    page.keyboard.press("c")
    expect(page.locator("#new-project [name=title]")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("c")
    expect(page.locator("#new-project [name=title]")).to_be_focused()
    page.keyboard.type("Shed")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{server.url}/board/SHED/")


def test_drop_in_another_group_assigns(page: Page, board: Server) -> None:
    make_item(board, "of ada", assignee="ada")
    key = make_item(board, "of nobody")
    open_board(page, board, "?group=assignee")
    card_to_drag(page, key).drag_to(card(page, "PONE-1"), target_position={"x": 20, "y": 3})
    expect(page.locator("#announcer")).to_contain_text("is now in Backlog, ada")
    assert item(board, key)["assignee"] == "ada"


def test_hostile_texts_do_nothing(page: Page, board: Server) -> None:
    for text in HOSTILE:
        board.api("POST", "projects/", json={"key": f"X{len(text)}", "title": text, "description": text})
        key = make_item(board, text, labels=[text[:50]], description=text, assignee=text)
        board.api("PATCH", f"work-items/{key}/", json={"status": "in_progress"})
        dates = {"start_date": "2026-01-01", "end_date": "2026-01-09"}
        board.api("POST", "sprints/", json={"project": "PONE", "name": text, "goal": text, **dates})
    for path in ("/board/PONE/", "/board/PONE/?group=assignee", "/?overview", "/board/PONE/?q=%22%3E%3Cscript%3E"):
        page.goto(board.url + path)
        for shown in page.locator(".card:visible, .rows li:visible").all():
            shown.hover()
        assert page.evaluate("window.hacked") is None
        assert page.locator("main script, main [onerror], main [onload], main [onmouseover]").count() == 0


def test_boards_of_two_repositories_do_not_mix(person: BrowserContext, start_server: Start, tmp_path: Path) -> None:
    boards = {}
    for name in ("first", "second"):
        server = start_server(make_repository(tmp_path / name))
        server.api("POST", "projects/", json={"key": "PONE", "title": name})
        boards[name] = (server, signed_in(person, server))
    for name, (server, page) in boards.items():
        open_board(page, server)
        page.get_by_label("Add a card to Backlog").fill(f"into the {name}")
        page.get_by_label("Add a card to Backlog").press("Enter")
        expect(card(page, "PONE-1")).to_contain_text(f"into the {name}")
        assert item(server, "PONE-1")["title"] == f"into the {name}"


def test_new_card_is_shown_or_named(page: Page, board: Server) -> None:
    page.set_viewport_size({"width": 1200, "height": 500})
    for title in ("one", "two", "three", "four", "five", "six", "seven"):
        make_item(board, title)
    open_board(page, board)
    add = page.get_by_label("Add a card to Backlog")
    add.fill("far below")
    add.press("Enter")
    expect(page.locator("[data-card]", has_text="far below")).to_be_in_viewport()
    expect(page.locator("#announcer")).to_contain_text("created")
    open_board(page, board, "?q=seven")
    page.get_by_label("Add a card to Backlog").fill("not found")
    page.get_by_label("Add a card to Backlog").press("Enter")
    expect(page.locator(".toast")).to_contain_text("hide the new card")
    expect(page.locator(".toast a")).to_have_attribute("href", "/items/PONE-9/")
