"""Large screens and paper: pages use the width, menus stay on the screen, and paper has what a reader needs."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.pages import make_item, show
from tests.processes import Server, scaled


def test_large_screens_show_sections_side_by_side(page: Page, board: Server) -> None:
    make_item(board, "one", status="in_progress")
    page.set_viewport_size({"width": 3840, "height": 2160})
    page.goto(f"{board.url}/?overview")
    columns = "all => new Set(all.map(one => Math.round(one.getBoundingClientRect().top))).size"
    assert page.locator("#o-columns > section").evaluate_all(columns) == 1
    for path in ("/settings/", "/settings/projects/PONE/", "/settings/people/"):
        page.goto(board.url + path)
        assert page.locator(".settings > section").evaluate_all(columns) == 1, path
    for number in range(5):
        make_item(board, f"item {number}", labels=[f"label {number}"])
    page.goto(f"{board.url}/settings/labels/PONE/")
    assert page.locator(".label-row").evaluate_all(columns) < 3


CUT = """all => all.filter(one => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 4)
  .map(one => one.textContent.trim())
  .filter(text => ![...document.querySelectorAll('[title]')].some(one => text.startsWith(one.title)))"""


def test_long_title_of_a_project_is_whole_or_in_a_tooltip(page: Page, board: Server) -> None:
    title = "Migration of the customer portal to the new identity provider: accounts, sessions, and the audit of both"
    board.api("POST", "projects/", json={"key": "LONG", "title": title})
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 740})
        for section in ("board", "list", "sprints"):
            page.goto(f"{board.url}/{section}/LONG/")
            shown = page.locator("h1, .bar .where, #projects-menu .name", has_text="Migration")
            assert shown.evaluate_all(CUT) == [], (width, section)
    heading = page.get_by_role("heading", level=1)  # no tooltip on a phone
    assert heading.evaluate("one => one.scrollWidth <= one.clientWidth")
    page.goto(f"{board.url}/settings/deleted/LONG/")
    tabs = page.locator(".settings-nav a").evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
    assert max(tabs) <= 360
    line = page.locator(".settings-nav [aria-current]").evaluate("one => getComputedStyle(one).backgroundColor")
    assert line != "rgba(0, 0, 0, 0)"


def test_menu_at_the_right_edge_stays_on_the_screen(page: Page, board: Server) -> None:
    make_item(board, "one")
    for path in ("/board/PONE/", "/list/PONE/", "/activity/", "/agents/"):
        page.goto(board.url + path)
        last = page.locator("#filters > .facet").last
        last.locator("> summary").click()
        expect(last.locator("> .choices")).to_be_visible()
        box = last.locator("> .choices").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1280, path
    page.set_viewport_size({"width": 360, "height": 740})  # a sheet at the foot
    box = last.locator("> .choices").bounding_box()
    assert box is not None
    assert box["width"] > 320


def test_paper_has_description_and_status_and_no_controls(page: Page, board: Server) -> None:
    key = make_item(board, "one", description="Read this.", labels=["paper"])
    show(page, board, key)
    page.emulate_media(media="print")
    expect(page.locator("#i-read")).to_contain_text("Read this.")
    expect(page.locator("#i-read")).to_be_visible()
    expect(page.locator("#i-status")).to_be_visible()
    for empty in ("evidence", "attachments", "more-time", "time", "links", "comments", "children"):
        expect(page.locator(f"#i-{empty}")).not_to_be_visible()
    for control in page.locator("main button:not(#i-status, .value), main a.button").all():
        expect(control).not_to_be_visible()
    board.api("POST", "criteria/", json={"work_item": key, "text": "fast"})
    expect(page.locator("#i-evidence")).to_be_visible()
    page.emulate_media(media="screen")
    page.goto(f"{board.url}/settings/")
    page.emulate_media(media="print")
    expect(page.locator("main .button").first).to_be_attached()
    expect(page.locator("main .button:visible")).to_have_count(0)
    page.goto(f"{board.url}/api/v1/docs/")
    expect(page.locator(".opblock-summary-path").first).to_be_visible(timeout=scaled(20_000))
    page.emulate_media(media="screen")  # as in `test_pages_print_whole_and_without_the_frame`
    page.emulate_media(media="print")
    expect(page.locator(".scheme-container")).not_to_be_visible()
    expect(page.locator(".opblock-summary-path").first).to_have_css("color", "rgb(0, 0, 0)")
    page.emulate_media(media="screen")
