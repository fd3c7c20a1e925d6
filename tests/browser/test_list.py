"""The list in a real browser: filters, order, groups, editing, selection, saved views, further rows, the keyboard."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.pages import item, make_item, signed_in
from tests.browser.test_board import HOSTILE
from tests.processes import Server


def open_list(page: Page, server: Server, query: str = "") -> Page:
    page.goto(f"{server.url}/list/PONE/{query}")
    return page


def row(page: Page, key: str) -> Locator:
    return page.locator(f"#row-{key}")


def menu(page: Page, name: str) -> Locator:
    """Open a chip, or a menu beside the chips, and return it."""
    found = page.locator("details", has=page.locator("> summary", has_text=name)).last
    found.locator("> summary").click()
    return found


def titles(page: Page) -> list[str]:
    return page.locator("#items tbody .c-title a").all_inner_texts()


def test_list_is_filtered_sorted_edited_and_saved(page: Page, board: Server) -> None:
    make_item(board, "a wish", item_type="story")
    make_item(board, "small bug", item_type="bug", priority="low", assignee="ada")
    key = make_item(board, "big bug", item_type="bug", priority="high")
    open_list(page, board)
    menu(page, "Type").get_by_label("Bug").check()
    expect(page.locator("#items tbody tr")).to_have_count(2)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Priority").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Priority ↑")
    assert titles(page) == ["big bug", "small bug"]
    row(page, key).locator("[data-field=status]").click()
    page.locator("#field-pop").get_by_role("button", name="In progress", exact=True).click()
    expect(row(page, key)).to_contain_text("In progress")
    assert item(board, key)["status"] == "in_progress"
    views = menu(page, "Views")
    views.get_by_label("Name of the new view").fill("Bugs")
    views.get_by_role("button", name="Save as a new view").click()
    expect(page.locator("#views > summary")).to_have_text("Bugs")
    assert titles(page) == ["big bug", "small bug"]
    [saved] = board.api("GET", "saved-views/").json()["results"]
    assert (saved["filters"], saved["sort"]) == ("type=bug", "priority")
    menu(page, "Type").get_by_label("Bug").uncheck()
    expect(page.locator("#items tbody tr")).to_have_count(3)
    expect(page.locator("#views > summary")).to_contain_text("changed")


def test_title_has_most_of_a_laptops_width_and_boxes_are_seen(page: Page, board: Server) -> None:
    key = make_item(board, "one")
    page.set_viewport_size({"width": 1440, "height": 900})
    open_list(page, board)
    expect(row(page, key).get_by_role("checkbox")).to_have_css("opacity", "1")
    box = row(page, key).locator(".c-title").bounding_box()
    assert box is not None
    assert box["width"] > 400


def test_rows_are_reached_edited_and_selected_with_the_keyboard(page: Page, board: Server) -> None:
    keys = [make_item(board, title) for title in ("one", "two", "three")]
    open_list(page, board)
    page.keyboard.press("j")
    expect(row(page, keys[0]).locator("a")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(page.locator("#field-pop")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    expect(page.locator("[data-selected]")).to_have_count(2)
    expect(page.locator(".selection")).to_contain_text("2 selected")
    expect(row(page, keys[1])).to_have_css("background-color", "rgb(227, 239, 245)")
    whole = page.get_by_role("checkbox", name="Select all rows shown")
    expect(whole).to_have_js_property("indeterminate", True)
    page.keyboard.press("Control+a")
    expect(page.locator(".selection")).to_contain_text("3 selected")
    expect(whole).to_be_checked()
    whole.uncheck()
    expect(page.locator(".selection")).to_have_count(0)
    row(page, keys[1]).locator("a").focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("s")
    page.locator(".selection").get_by_role("button", name="Review", exact=True).click()
    expect(row(page, keys[2])).to_contain_text("Review")
    assert [item(board, key)["status"] for key in keys] == ["backlog", "review", "review"]
    page.keyboard.press("Escape")
    row(page, keys[0]).locator("a").click()
    expect(page.locator("#panel")).to_contain_text("one")
    expect(row(page, keys[0])).to_have_attribute("data-shown", "")


def test_further_rows_are_appended_and_follow_changes(page: Page, board: Server) -> None:
    rows = [{"ref": str(number), "title": f"item {number}"} for number in range(130)]
    assert board.api("POST", "plan/", json={"project": "PONE", "items": rows}).status_code in (200, 201)
    open_list(page, board)
    expect(page.locator("#list-total")).to_have_text("130 items; done and cancelled items are hidden")
    page.locator("#items tbody tr").last.scroll_into_view_if_needed()
    expect(page.locator("#items tbody tr")).to_have_count(130)
    last = page.locator("#items tbody tr").last
    key = last.get_attribute("data-key") or ""
    assert board.api("PATCH", f"work-items/{key}/", json={"title": "changed elsewhere"}).status_code == 200
    expect(row(page, key)).to_contain_text("changed elsewhere")
    expect(page.locator("#items tbody tr")).to_have_count(130)
    page.get_by_label("Filter by words").fill("changed elsewhere")
    expect(page.locator("#items tbody tr")).to_have_count(1)


def test_hostile_texts_do_nothing_and_pages_fit_a_phone(page: Page, board: Server) -> None:
    epic = make_item(board, HOSTILE[0], item_type="epic")
    values = {"labels": [HOSTILE[2][:50]], "due_date": "2026-01-05"}
    story = make_item(board, HOSTILE[1], item_type="story", parent=epic, **values)
    keys = [make_item(board, text, parent=story, assignee=text) for text in HOSTILE[:2]]
    for blocking, blocked in ((keys[0], keys[1]), (keys[1], make_item(board, "last"))):
        body = {"blocking_item": blocking, "blocked_item": blocked, "dependency_type": "blocks"}
        assert board.api("POST", "dependencies/", json=body).status_code == 201
    body = {"project": "PONE", "name": HOSTILE[4][:50], "filters": "type=bug"}
    assert board.api("POST", "saved-views/", json=body).status_code == 201
    paths = ["/list/PONE/?group=epic&label=%3Cb%3E", "/list/PONE/", "/list/", "/list/PONE/?layout=tree"]
    for path in [*paths, f"/items/{epic}/graph/"]:
        page.goto(board.url + path)
        page.locator(".head details, .head + * details").evaluate_all("all => all.forEach(one => { one.open = true })")
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.set_viewport_size({"width": 1280, "height": 720})
    assert page.evaluate("window.hacked") is None


def test_filters_work_without_a_script(board: Server, page: Page) -> None:
    make_item(board, "a wish", item_type="story")
    make_item(board, "a bug", item_type="bug")
    browser = page.context.browser
    assert browser is not None
    with browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state()) as plain:
        other = plain.new_page()
        other.goto(f"{board.url}/list/PONE/")
        menu(other, "Type").get_by_label("Bug").check()
        other.get_by_role("button", name="Filter", exact=True).click()
        assert titles(other) == ["a bug"]


def test_long_menus_are_searched_and_a_bulk_delete_asks_and_comes_back(page: Page, board: Server) -> None:
    for number in range(9):
        key = make_item(board, f"Item {number}", labels=[f"v{number}", "red"])
    open_list(page, board)
    chip = menu(page, "More filters").locator("#facet-label")
    chip.locator("> summary").click()
    expect(chip.get_by_label("Find in Label")).to_be_focused()
    page.keyboard.type("V7")
    expect(chip.locator("label:visible")).to_have_text(["v7"])
    page.keyboard.press("Enter")
    expect(page.locator("#items tbody tr")).to_have_count(1)
    expect(page.locator("#facet-more")).not_to_have_attribute("open", "")
    page.get_by_role("link", name="Clear", exact=True).click()
    for other in (key, "PONE-1"):
        row(page, other).locator("[data-pick]").check()
    page.locator(".selection").get_by_role("button", name="Delete").click()
    expect(page.locator(".selection [role=alert]")).to_contain_text("Delete 2 items? You can undo this.")
    expect(page.locator("[data-anyway]")).to_be_focused()
    assert item(board, key)["title"] == "Item 8"
    page.keyboard.press("Enter")
    expect(row(page, key)).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(row(page, key)).to_have_count(1)


def test_all_rows_of_a_phone_are_selected_and_changed(browser: Browser, board: Server) -> None:
    keys = [make_item(board, title) for title in ("one", "two", "three")]
    with browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740}) as context:
        page = open_list(signed_in(context, board), board)
        page.get_by_text("Select all", exact=True).tap()
        bar = page.locator(".selection")
        expect(bar).to_contain_text("3 selected")
        for key in keys:
            expect(row(page, key).get_by_role("checkbox")).to_be_checked()
        bar.locator("summary", has_text="Assignee").tap()
        expect(bar.locator("details[open] li button:focus")).to_have_count(
            1
        )  # a field would open a keyboard over the menu
        expect(bar.locator("kbd").first).to_be_hidden()
        page.keyboard.press("Escape")
        bar.locator("summary", has_text="Status").tap()
        bar.get_by_role("button", name="Review", exact=True).tap()
        for key in keys:
            expect(row(page, key)).to_contain_text("Review")
        expect(page.locator(".toast")).to_contain_text("3 items: status set to Review.")
        said, tools = page.locator(".toast").bounding_box(), bar.bounding_box()
        assert said is not None
        assert tools is not None
        assert said["y"] + said["height"] <= tools["y"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.get_by_text("Select all", exact=True).tap()
        expect(bar).to_have_count(0)
