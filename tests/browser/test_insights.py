"""The insights page in a browser: its zone, its filters, and lettering of one size."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.pages import item, make_item, pm, signed_in
from tests.processes import Server


def test_page_follows_zone_filters_and_the_board(browser: Any, server: Server) -> None:
    server.api("POST", "projects/", json={"key": "PONE", "title": "First"})
    hostile = "<img src=x onerror=window.hacked=1>"
    epic = make_item(server, hostile, item_type="epic")
    key = make_item(server, hostile, parent_id=item(server, epic)["id"])
    with browser.new_context(timezone_id="Asia/Tokyo", viewport={"width": 360, "height": 800}) as context:
        page = signed_in(context, server)
        context.clear_cookies(name="pm_zone")
        page.goto(f"{server.url}/insights/PONE/?descendants_of={epic}")
        expect(page.locator("#zone")).to_contain_text("Asia/Tokyo")
        expect(page.locator("#outlook")).to_contain_text("There is too little history for a forecast")
        pm(server.directory, "work-item", "update", key, "--status", "in_progress")
        pm(server.directory, "work-item", "update", key, "--status", "done")
        expect(page.locator("#outlook")).to_contain_text("It is done: 1 item, and nothing is open.")
        numbers = page.locator("#throughput-n")
        numbers.locator("summary").click()
        expect(numbers.get_by_role("row", name=re.compile(" 1$"))).to_be_visible()
        label = page.locator("#throughput .chart-ys text").first
        heights = []
        for width in (360, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            heights.append(label.evaluate("one => one.getBoundingClientRect().height"))
        assert len(set(heights)) == 1
        assert page.evaluate("window.hacked") is None
        assert page.locator("main [onerror]").count() == 0
