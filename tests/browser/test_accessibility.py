"""axe finds no serious fault on any page, in both colour schemes."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests.browser.pages import pm, signed_in
from tests.processes import Server

PAGES = [
    "/?overview",
    "/inbox/",
    "/agents/",
    "/board/DEMO/",
    "/board/DEMO/?group=epic",
    "/list/DEMO/?group=epic&status=todo,in_progress,backlog",
    "/list/DEMO/?layout=tree",
    "/items/DEMO-1/graph/",
    "/items/DEMO-10/",
    "/board/DEMO/?item=DEMO-10",
    "/sprints/DEMO/",
    "/insights/DEMO/",
    "/activity/",
    "/activity/DEMO/?kind=work_item",
    "/search/?q=map",
    *("/settings/", "/settings/projects/", "/settings/people/", "/settings/deleted/DEMO/"),
    "/nothing/",
    "/design/",
    "/items/new/",
]
# Heads of tables of which a word is in more than one line.
BROKEN = """all => all.filter(one => {
  const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), range = document.createRange();
  for (let text; (text = walk.nextNode());) for (const word of text.data.matchAll(/[^\\s-]+/g)) {
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) return true;
  }
}).map(one => one.textContent)"""
WEIGHTY = ("serious", "critical")


def found(page: Page, scheme: str = "light") -> list[dict[str, Any]]:
    """Return what axe calls serious or critical on the page as it is now, shortened to what a reader needs.

    In the dark scheme only the colours differ.
    """
    options = {"resultTypes": ["violations"]} | ({"runOnly": ["color-contrast"]} if scheme == "dark" else {})
    return [
        {"rule": fault["id"], "places": [node["html"][:120] for node in fault["nodes"][:3]]}
        for fault in Axe().run(page, options=options).response["violations"]
        if fault["impact"] in WEIGHTY
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_serious_fault(
    scheme: Literal["light", "dark"], browser: Any, server: Server, person: BrowserContext
) -> None:
    pm(server.directory, "demo", "--no-browser")
    # The policy would refuse the script that axe injects.
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page = signed_in(context, server)
    faults = {}
    for path in PAGES:
        page.goto(server.url + path)
        faults[path] = found(page, scheme)
    page.goto(f"{server.url}/items/DEMO-10/")
    page.locator("summary").evaluate_all("all => all.forEach(one => { one.parentNode.open = true })")
    page.get_by_label("Other item").fill("trail")
    page.locator("#i-offers button").first.wait_for()
    faults["all forms of an item"] = found(page, scheme)
    page.keyboard.press("Escape")
    for name in ("status", "assignee", "labels", "title"):
        page.locator(f"button[data-field={name}]").click()
        page.locator("#field-pop").wait_for()
        faults[f"the editor of {name}"] = found(page, scheme)
        page.keyboard.press("Escape")
    page.goto(f"{server.url}/sprints/DEMO/")
    page.locator("summary").evaluate_all("all => all.forEach(one => { one.parentNode.open = true })")
    faults["all forms of the sprints"] = found(page, scheme)
    for path in ("/settings/", "/settings/projects/DEMO/", "/settings/labels/DEMO/"):
        page.goto(server.url + path)
        page.locator("summary").evaluate_all("all => all.forEach(one => { one.parentNode.open = true })")
        faults[f"all forms of {path}"] = found(page, scheme)
    for number in range(51):
        server.api("POST", "work-items/", json={"project": "DEMO", "item_type": "task", "title": f"Hay {number}"})
    page.goto(f"{server.url}/search/?q=hay")
    page.get_by_role("link", name="Next page").wait_for()
    faults["a page of a search"] = found(page, scheme)
    for keys, part in (("?", "#keys"), ("Control+k", "#palette"), ("c", "#new-item")):
        page.keyboard.press(keys)
        page.locator(f"{part}[open]").wait_for()
        if part == "#palette":
            page.keyboard.type("DEMO")
            page.locator("#palette [role=option] .key").first.wait_for()
        faults[part] = found(page, scheme)
        page.keyboard.press("Escape")
    context.close()
    assert not any(faults.values()), faults


def test_empty_pages_have_no_serious_fault(browser: Any, server: Server) -> None:
    context = browser.new_context(bypass_csp=True)
    page = signed_in(context, server)
    assert found(page) == []
    server.api("POST", "projects/", json={"key": "PONE", "title": "First"})
    page.goto(f"{server.url}/board/PONE/")
    assert found(page) == []
    context.close()


def test_page_is_narrow_enough_for_a_phone(person: BrowserContext, server: Server) -> None:
    pm(server.directory, "demo", "--no-browser")
    page = signed_in(person, server)
    page.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        page.goto(server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        broken = page.locator("th").evaluate_all(BROKEN)
        assert broken == [], path
