"""Large screens and paper: pages use the width, menus stay on the screen, and paper has what a reader needs."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.pages import make_item, show
from tests.processes import Server


def test_large_screens_show_sections_side_by_side(page: Page, board: Server) -> None:
    make_item(board, "one", status="in_progress")
    page.set_viewport_size({"width": 3840, "height": 2160})
    page.goto(f"{board.url}/?overview")
    columns = "all => new Set(all.map(one => Math.round(one.getBoundingClientRect().top))).size"
    assert page.locator("#o-columns > section").evaluate_all(columns) == 1
    for path in ("/settings/", "/settings/projects/PONE/", "/settings/people/"):
        page.goto(board.url + path)
        assert page.locator(".settings > section").evaluate_all(columns) == 1, path


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
    for control in page.locator("main button:not(#i-status, .value), main a.button").all():
        expect(control).not_to_be_visible()
    page.emulate_media(media="screen")
    page.goto(f"{board.url}/settings/")
    page.emulate_media(media="print")
    expect(page.locator("main .button").first).not_to_be_visible()
    page.emulate_media(media="screen")
