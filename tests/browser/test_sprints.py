"""The sprints page in a real browser: plan by mouse and keyboard, start, complete, live updates."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.pages import SOON, card, card_to_drag, item, make_item, pm, signed_in
from tests.browser.test_board import HOSTILE
from tests.processes import Server

TODAY = datetime.now(UTC).date()


def make_sprint(board: Server, name: str, start: int = 0, **values: Any) -> str:
    """Plan a sprint of two weeks, `start` days from today; return its id."""
    dates = {"start_date": str(TODAY + timedelta(days=start)), "end_date": str(TODAY + timedelta(days=start + 13))}
    answer = board.api("POST", "sprints/", json={"project": "PONE", "name": name, **dates, **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def sprint(board: Server, pk: str) -> dict[str, Any]:
    found: dict[str, Any] = board.api("GET", f"sprints/{pk}/").json()
    return found


def open_sprints(page: Page, board: Server, query: str = "") -> Page:
    page.goto(f"{board.url}/sprints/PONE/{query}")
    return page


def lane(page: Page, name: str) -> Locator:
    return page.locator(f"#lane-{name}")


def keys_of(page: Page, name: str) -> list[str | None]:
    return [one.get_attribute("data-key") for one in lane(page, name).locator("[data-card]").all()]


def test_drag_from_backlog_plans_and_updates_totals(page: Page, board: Server) -> None:
    pk = make_sprint(board, "One")
    there = make_item(board, "there", sprint=pk, story_points=3)
    key = make_item(board, "dragged", story_points=5)
    open_sprints(page, board)
    with page.expect_response("**/move/") as answer:
        card_to_drag(page, key).drag_to(card(page, there), target_position={"x": 20, "y": 3})
    assert answer.value.status == 200
    expect(page.locator(f"#name-{pk}")).to_contain_text("2 items, 8 points")
    expect(page.locator("#count-backlog")).to_contain_text("0 items, 0 points")
    page.reload()
    assert keys_of(page, pk) == [key, there]
    assert item(board, key)["sprint_id"] == pk
    card_to_drag(page, key).drag_to(lane(page, "backlog"))
    expect(page.locator(f"#name-{pk}")).to_contain_text("1 item, 3 points")
    assert item(board, key)["sprint_id"] is None


def test_long_list_scrolls_while_dragging(page: Page, board: Server) -> None:
    page.set_viewport_size({"width": 1000, "height": 700})
    pk = make_sprint(board, "One")
    keys = [make_item(board, f"number {number}", sprint=pk) for number in range(25)]
    key = make_item(board, "to the end")
    open_sprints(page, board)
    target = lane(page, pk).bounding_box()
    assert target is not None
    card_to_drag(page, key).hover()
    page.mouse.down()
    page.mouse.move(target["x"] + 40, target["y"] + target["height"] - 15, steps=5)
    expect(lane(page, pk).locator("[data-card]").last).to_have_id(key)
    with page.expect_response("**/move/"):
        page.mouse.up()
    page.reload()
    assert keys_of(page, pk) == [*keys, key]


def test_cards_of_a_plan_are_selected_by_touch(browser: Browser, board: Server) -> None:
    key = make_item(board, "one")
    make_sprint(board, "One")
    with browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}) as context:
        page = open_sprints(signed_in(context, board), board)
        box = card(page, key).get_by_role("checkbox", name=f"Select {key}")
        expect(box).to_have_css("opacity", "1")
        box.tap()
        expect(page.locator("#selection .selected")).to_have_text("1 selected")
        box.tap()
        expect(page.locator("#selection")).to_have_count(0)


def test_forms_of_the_last_sprint_stay_within_the_page(page: Page, board: Server) -> None:
    for number in range(2):
        make_sprint(board, f"Sprint {number}", start=14 * number)
    page.set_viewport_size({"width": 1440, "height": 900})
    open_sprints(page, board)
    page.locator("#plan section").last.get_by_text("Delete…").click()
    box = page.locator("#plan details[open] > form").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] < 1440


def test_keyboard_plans_and_reorders(page: Page, board: Server) -> None:
    pk = make_sprint(board, "One")
    first, second = make_item(board, "first"), make_item(board, "second")
    open_sprints(page, board)
    card(page, second).get_by_role("link").focus()
    for key in ("Space", "ArrowUp"):
        page.keyboard.press(key)
    with page.expect_response("**/move/"):
        page.keyboard.press("Space")
    expect(page.locator("#announcer")).to_contain_text(f"{second} is now in Backlog, 1 of 2")
    for key in ("Space", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#announcer")).to_contain_text("One, 1 of 1")
    with page.expect_response("**/move/"):
        page.keyboard.press("Space")
    expect(card(page, second).get_by_role("link")).to_be_focused()
    page.reload()
    assert (keys_of(page, "backlog"), keys_of(page, pk)) == ([first], [second])


def test_selected_cards_move_together_and_come_back_with_one_undo(page: Page, board: Server) -> None:
    pk = make_sprint(board, "One")
    keys = [make_item(board, f"number {number}") for number in range(4)]
    there = make_item(board, "there", sprint=pk)
    open_sprints(page, board)
    for key in keys[1:]:
        card(page, key).get_by_role("checkbox").check()
    target = card(page, there).bounding_box()
    assert target is not None
    card_to_drag(page, keys[2]).hover()
    page.mouse.down()
    page.mouse.move(target["x"] + 40, target["y"] + target["height"] + 30, steps=5)
    expect(card(page, keys[2])).to_have_attribute("data-count", "3")
    page.mouse.up()
    expect(page.locator(".toast")).to_contain_text("3 items are now in One.")
    expect(lane(page, pk).locator("[data-card]")).to_have_count(4)
    assert (keys_of(page, "backlog"), keys_of(page, pk)) == (keys[:1], [there, *keys[1:]])
    page.locator(".toast [data-undo]").click()
    expect(lane(page, "backlog").locator("[data-card]")).to_have_count(4)
    assert (keys_of(page, "backlog"), keys_of(page, pk)) == (keys, [there])
    card(page, keys[1]).get_by_role("link").focus()
    page.keyboard.press("Space")
    expect(page.locator("#announcer")).to_contain_text("3 items picked up.")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(lane(page, pk).locator("[data-card]")).to_have_count(4)
    assert (keys_of(page, "backlog"), keys_of(page, pk)) == (keys[:1], [there, *keys[1:]])
    expect(card(page, keys[1])).not_to_have_attribute("data-count", "3")


def test_page_stays_as_it_is_while_a_card_is_held(page: Page, board: Server) -> None:
    pk = make_sprint(board, "Walk")
    key = make_item(board, "dragged")
    open_sprints(page, board)
    card_to_drag(page, key).hover()
    page.mouse.down()
    there = lane(page, pk).bounding_box()
    assert there is not None
    with page.expect_response("**/live/**"):  # the columns get narrower
        make_sprint(board, "Run", 14)
    for _ in range(2):  # the page asks again once it has shown the answer
        with page.expect_request("**/live/**"):
            pass
    page.mouse.move(there["x"] + there["width"] / 2, there["y"] + there["height"] / 2, steps=3)
    with page.expect_response("**/move/"):
        page.mouse.up()
    assert item(board, key)["sprint_id"] == pk
    expect(page.get_by_role("heading", name="Run")).to_be_visible()


def test_plan_above_velocity_shows_a_warning(page: Page, board: Server) -> None:
    past, pk = make_sprint(board, "Past"), make_sprint(board, "Next", 14)
    make_item(board, "done", sprint=past, status="done", story_points=2)
    for verb in ("start", "complete"):
        board.api("POST", f"sprints/{past}/{verb}/", json={})
    key = make_item(board, "large", story_points=8)
    open_sprints(page, board)
    expect(page.locator("#velocity-so-far")).to_contain_text("2 points")
    card_to_drag(page, key).drag_to(lane(page, pk))
    expect(page.locator("#announcer")).to_contain_text("the velocity of 2 points")
    expect(page.locator(f"#sprint-{pk}")).to_contain_text("the velocity of 2 points")
    assert item(board, key)["sprint_id"] == pk


def test_sprint_from_plan_to_report(page: Page, board: Server) -> None:
    left, done = make_item(board, "left over", story_points=2), make_item(board, "done", story_points=3)
    open_sprints(page, board)
    expect(page.locator("#no-sprint")).to_contain_text("No sprint is planned")
    page.locator("h1").click()
    page.keyboard.press("n")
    new = page.locator("#new")
    expect(new.get_by_label("Name")).to_have_value("Sprint 1")
    expect(new.get_by_label("First day")).to_have_value(str(TODAY))
    new.get_by_label("Name").fill("Walk")
    new.get_by_label("Goal").fill("Go & see")
    new.get_by_role("button", name="Create sprint").click()
    expect(page.get_by_role("heading", name="Walk")).to_be_visible()
    [walk] = board.api("GET", "sprints/?project=PONE").json()["results"]
    pk, other = walk["id"], make_sprint(board, "Run", 14)
    for key in (left, done):
        with page.expect_response("**/move/"):
            card_to_drag(page, key).drag_to(lane(page, pk))
    expect(page.locator(f"#name-{pk}")).to_contain_text("2 items, 5 points")
    page.get_by_role("button", name="Start Walk").click()
    expect(page.locator(f"#complete-{pk}")).to_be_visible()
    expect(page.locator("#h-report")).to_contain_text("Walk")
    expect(page.locator("#burndown-d")).to_have_text(re.compile("5 points of 5 left"))
    assert sprint(board, pk)["status"] == "active"
    pm(board.directory, "work-item", "update", done, "--status", "done")
    expect(page.locator("#burndown-d")).to_have_text(re.compile("2 points of 5 left"), timeout=SOON)
    page.locator(f"#complete-{pk} summary").click()
    page.get_by_label("Move 1 unfinished item to").select_option(label="Run")
    page.get_by_role("button", name="Complete the sprint").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Unfinished items moved to Run: {left}.")
    expect(page.locator("#list-carried_over")).to_contain_text(left)
    page.locator("#more-charts a").click()
    expect(page.locator("#velocity-d")).to_have_text(re.compile("Velocity: 3 points"))
    assert item(board, left)["sprint_id"] == other
    assert sprint(board, pk)["status"] == "completed"
    page.locator("#velocity summary").click()
    expect(page.get_by_role("row", name=re.compile("Walk .* 5 3"))).to_be_visible()


def test_refusals_are_shown_at_their_form(page: Page, board: Server) -> None:
    first, second = make_sprint(board, "First"), make_sprint(board, "Second", 14)
    board.api("POST", f"sprints/{first}/start/", json={})
    open_sprints(page, board)
    page.get_by_role("button", name="Start Second").click()
    expect(page.locator(f"#start-{second} [data-error]")).to_contain_text("First is active; complete or cancel it")
    make_item(board, "appears")
    expect(lane(page, "backlog")).to_contain_text("appears", timeout=SOON)
    expect(page.locator(f"#start-{second} [data-error]")).to_contain_text("First is active")  # until it is tried again
    page.locator(f"#edit-{second} summary").click()
    form = page.locator(f"#f-edit-{second}")
    form.get_by_label("Last day").fill(str(TODAY))
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.locator("[data-error]")).to_contain_text("must be after")
    form.get_by_label("Last day").fill(str(TODAY + timedelta(days=40)))
    form.get_by_label("Name").fill("Mine")
    pm(board.directory, "sprint", "update", second, "--name", "By the agent")
    expect(page.locator(f"#name-{second}")).to_contain_text("By the agent", timeout=SOON)
    expect(form.get_by_label("Name")).to_have_value("Mine")  # what is typed is kept
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.locator("[data-error]")).to_contain_text("llm changed name to “By the agent”")
    assert sprint(board, second)["name"] == "By the agent"


def test_sprint_is_deleted_and_restored(page: Page, board: Server) -> None:
    pk = make_sprint(board, "One")
    key = make_item(board, "inside", sprint=pk)
    open_sprints(page, board)
    page.locator(f"#delete-{pk} summary").click()
    page.get_by_role("button", name="Delete the sprint").click()
    expect(page.get_by_role("status").first).to_contain_text("One deleted")
    assert keys_of(page, "backlog") == [key]
    page.get_by_role("button", name="Restore One").click()
    expect(lane(page, pk).locator(f"#{key}")).to_be_visible()


def test_keyboard_cancels_after_confirmation_and_reopens(page: Page, board: Server) -> None:
    pk = make_sprint(board, "One")
    key = make_item(board, "inside", sprint=pk)
    open_sprints(page, board)
    asks = page.locator(f"#cancel-{pk} summary")
    asks.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"#f-cancel-{pk}")).to_contain_text("1 unfinished item leaves the sprint for the backlog.")
    expect(asks).to_be_focused()  # a second Enter only closes it again
    pm(board.directory, "work-item", "create", "--type", "task", "--title", "another", "--sprint", pk)
    expect(page.locator(f"#f-cancel-{pk}")).to_contain_text("2 unfinished items leave the sprint", timeout=SOON)
    for press in ("Tab", "Tab", "Enter"):
        page.keyboard.press(press)
    expect(page.locator(f"#f-cancel-{pk}")).not_to_be_visible()
    expect(asks).to_be_focused()
    assert sprint(board, pk)["status"] == "planned"
    for press in ("Enter", "Tab", "Enter"):
        page.keyboard.press(press)
    expect(page.get_by_role("status").first).to_contain_text("One cancelled.")
    assert keys_of(page, "backlog")[0] == key
    page.get_by_role("button", name="Reopen One").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text(f"One reopened. Returned items: {key}")
    expect(lane(page, pk).locator(f"#{key}")).to_be_visible()


def test_without_script_cancelling_asks_and_cancels_nothing(browser: Browser, board: Server) -> None:
    pk = make_sprint(board, "One")
    context = browser.new_context(java_script_enabled=False)
    page = open_sprints(signed_in(context, board), board)
    expect(page.get_by_role("button", name="Cancel the sprint")).not_to_be_visible()
    page.locator(f"#cancel-{pk} summary").click()
    page.get_by_role("button", name="Cancel the sprint").click()
    context.close()
    assert sprint(board, pk)["status"] == "planned"


def test_change_by_the_command_line_appears_without_reload(page: Page, board: Server) -> None:
    pk = make_sprint(board, "One")
    key, other = make_item(board, "one", story_points=3), make_item(board, "two")
    open_sprints(page, board)
    page.evaluate("window.loaded = 1")
    focused = card(page, other).get_by_role("link")
    focused.focus()
    pm(board.directory, "work-item", "update", key, "--sprint", pk)
    expect(lane(page, pk).locator(f"#{key}")).to_be_visible(timeout=SOON)
    expect(card(page, key)).to_have_attribute("data-lit", "")
    expect(page.locator(f"#name-{pk}")).to_contain_text("1 item, 3 points")
    pm(board.directory, "sprint", "start", pk)
    expect(page.locator("#h-report")).to_contain_text("One", timeout=SOON)
    dates = ("--start-date", str(TODAY), "--end-date", str(TODAY + timedelta(days=9)))
    pm(board.directory, "sprint", "create", "--project", "PONE", "--name", "Two", *dates)
    expect(page.get_by_role("heading", name="Two")).to_be_visible(timeout=SOON)
    expect(focused).to_be_focused()
    assert page.evaluate("window.loaded") == 1


def test_backlog_is_filtered_by_text_in_the_url(page: Page, board: Server) -> None:
    make_item(board, "a bug")
    wish = make_item(board, "a wish")
    open_sprints(page, board)
    page.keyboard.press("f")
    expect(page.get_by_label("Filter the backlog by text")).to_be_focused()
    page.keyboard.type("WISH")
    expect(lane(page, "backlog").locator("[data-card]")).to_have_count(1)
    expect(page).to_have_url(f"{board.url}/sprints/PONE/?q=WISH")
    expect(page.locator("#count-backlog")).to_contain_text("1 item")
    page.reload()
    assert keys_of(page, "backlog") == [wish]


def test_hostile_names_and_goals_do_nothing(page: Page, board: Server) -> None:
    for number, text in enumerate(HOSTILE):
        pk = make_sprint(board, text, goal=text)
        make_item(board, text, sprint=pk, status="done" if number else "todo")
        for verb in ("start", "complete"):
            board.api("POST", f"sprints/{pk}/{verb}/", json={})
        make_sprint(board, text, 14 + number, goal=text)
    last = make_sprint(board, HOSTILE[0], 90, goal=HOSTILE[1])
    board.api("POST", f"sprints/{last}/start/", json={})
    for query in ("", "?q=%22%3E%3Cscript%3E", "?sprint=%22%3E%3Cscript%3E"):
        open_sprints(page, board, query)
        for shown in page.locator(".lane-head, .rows li, #report svg path").all():
            shown.scroll_into_view_if_needed()
        assert page.evaluate("window.hacked") is None
        assert page.locator("main script, main [onerror], main [onload], main [onmouseover]").count() == 0
        expect(page.locator("#h-report")).to_contain_text(HOSTILE[0])
