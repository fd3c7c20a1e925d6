"""axe finds no serious fault on any page, in both colour schemes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests.browser.every_page import addresses
from tests.browser.pages import pm, signed_in
from tests.processes import Server

VARIANTS = [  # of pages: what an address adds
    *("/?overview", "/nothing/", "/search/?q=map", "/activity/DEMO/?kind=work_item"),
    *("/board/DEMO/?group=epic", "/board/DEMO/?item=DEMO-10"),
    *("/list/DEMO/?group=epic&status=todo,in_progress,backlog", "/list/DEMO/?layout=tree"),
]
NARROW, WIDE = 360, 1280  # pixels
WITH_FORMS = ("/items/DEMO-10/", "/sprints/DEMO/", "/settings/", "/settings/projects/DEMO/", "/settings/labels/DEMO/")
# A menu or dialog that looks the same on all pages is opened once: the frame's, and the first of each kind.
OPENERS = "details[data-menu] > summary, [data-dialog], [popovertarget]"
MARK = """([all, seen]) => {
  for (const one of document.querySelectorAll('[data-opener]')) one.removeAttribute('data-opener');
  return all.filter(one => one.checkVisibility() && !one.closest('dialog')).flatMap((one, place) => {
  const { dialog } = one.dataset, opens = dialog ?? one.getAttribute('popovertarget');
  const kind = `${one.parentElement.className} ${opens ?? one.textContent}`.replace(/[\\da-f-]{6,}|\\d+|\\s+/g, ' ');
  if (seen.includes(kind)) return [];
  seen.push(kind);
  one.setAttribute('data-opener', place);
  return [[kind, place, opens ? `#${opens}` : null]];
});
}"""
# Menus cover what is below them; each is opened alone.
OPEN_FORMS = "all => all.forEach(({ parentNode: one }) => { one.open = !one.matches('[data-menu]') })"
# What the middle of the first choice of an open menu belongs to: a part that is clipped or covered can't be used.
IS_REACHED = """menu => {
  const choices = [...menu.querySelectorAll('a, button, input, label')];
  const choice = choices.find(one => !one.closest('summary') && one.checkVisibility());
  if (!choice) return true;
  choice.scrollIntoView({ block: 'nearest' });
  const { left, top, width, height } = choice.getBoundingClientRect();
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  return choice.contains(hit) || hit?.contains(choice) && menu.contains(hit);
}"""
# Heads of tables of which a word is in more than one line.
BROKEN = """all => all.filter(one => {
  const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), range = document.createRange();
  for (let text; (text = walk.nextNode());) for (const word of text.data.matchAll(/[^\\s-]+/g)) {
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) return true;
  }
}).map(one => one.textContent)"""
# A colour on its way to another one has neither's contrast.
RUN = """([part, options]) => {
  for (const one of document.getAnimations()) if (one.effect.getComputedTiming().endTime < Infinity) one.finish();
  return axe.run(part ?? document, options).then(({ violations }) => violations);
}"""
WEIGHTY = ("serious", "critical")
OF_LAYOUT = ("color-contrast", "scrollable-region-focusable", "link-in-text-block", "target-size")
LOW, TALL = 800, 4000  # pixels; in a low window the box for comments covers parts of the page


def faults_of(page: Page, part: str | None, rules: Sequence[str]) -> list[dict[str, Any]]:
    """Return what axe calls serious or critical, shortened to what a reader needs; no `rules` are all."""
    options = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
    options |= {"runOnly": [*rules]} if rules else {}
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(Axe().axe_script)
    return [
        {"rule": fault["id"], "places": [node["html"][:120] for node in fault["nodes"][:3]]}
        for fault in page.evaluate(RUN, [part, options])
        if fault["impact"] in WEIGHTY
    ]


def at_width(page: Page, width: int, part: str | None = None, height: int = TALL) -> list[dict[str, Any]]:
    """Return the faults of the page or a part of it in both schemes; in the dark one only the colours differ.

    Names and roles do not depend on the width, so a narrow page is checked for what does.
    """
    page.set_viewport_size({"width": width, "height": height})
    faults = [("light", fault) for fault in faults_of(page, part, OF_LAYOUT if width == NARROW else ())]
    page.emulate_media(color_scheme="dark")
    faults += [("dark", fault) for fault in faults_of(page, part, ["color-contrast"])]
    page.emulate_media(color_scheme="light")
    return [{"width": width, "scheme": scheme, **fault} for scheme, fault in faults]


def found(page: Page, part: str | None = None) -> list[dict[str, Any]]:
    """Return the faults at both widths. One page for all: loading it costs more than looking at it."""
    narrow = at_width(page, NARROW, part)
    return narrow + at_width(page, WIDE, part)


def every_page() -> list[str]:
    return [*addresses("DEMO", "DEMO-10"), *VARIANTS]


def open_parts(page: Page, width: int, seen: list[str]) -> dict[str, list[Any]]:
    """Open each menu and dialog of a page that is of a kind not `seen` before; return the faults by kind."""
    page.set_viewport_size({"width": width, "height": LOW})
    faults: dict[str, list[Any]] = {}
    marked = page.locator(OPENERS).evaluate_all(f"(all, seen) => ({MARK})([all, seen])", seen)
    for kind, place, opens in marked:
        seen.append(kind)
        opener = page.locator(f"[data-opener='{place}']")
        opener.evaluate("one => one.scrollIntoView({ block: 'center' })")  # not below what stays at the window's edge
        opener.dispatch_event("click")
        part = opens or f":has(> [data-opener='{place}'])"
        faults[f"{kind} at {width}"] = at_width(page, width, part, LOW)
        if not opens and not page.locator(part).evaluate(IS_REACHED):
            faults[f"{kind} at {width}"].append("its first choice is clipped or covered")
        if opens:
            page.keyboard.press("Escape")
        page.evaluate("document.querySelectorAll('details[open][data-menu]').forEach(one => { one.open = false })")
    return faults


def test_pages_have_no_serious_fault(browser: Any, server: Server, person: BrowserContext) -> None:
    pm(server.directory, "demo", "--no-browser")
    # The policy would refuse the script that axe injects.
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    page = signed_in(context, server)
    faults: dict[str, list[Any]] = {}
    seen: dict[int, list[str]] = {NARROW: [], WIDE: []}

    def open_all() -> None:
        for width, kinds in seen.items():
            faults.update(open_parts(page, width, kinds))

    for path in every_page():
        page.goto(server.url + path)
        faults[path] = found(page)
        open_all()
    for path in WITH_FORMS:
        page.goto(server.url + path)
        page.locator("summary").evaluate_all(OPEN_FORMS)
        if path == "/items/DEMO-10/":
            page.get_by_label("Other item").fill("trail")
            page.locator("#i-offers button").first.wait_for()
        faults[f"all forms of {path}"] = found(page)
    page.goto(f"{server.url}/board/DEMO/?item=DEMO-10")
    for name in ("status", "assignee", "labels", "title"):
        page.locator(f"#panel button[data-field={name}]").click()
        page.locator("#field-pop").wait_for()
        faults[f"the editor of {name}"] = found(page, "#field-pop")
        page.keyboard.press("Escape")
    page.goto(f"{server.url}/list/DEMO/")
    page.locator("tbody [data-pick]").first.check()
    page.locator("#selection").wait_for()
    faults["the bar of a selection"] = found(page, "#selection")
    open_all()
    for number in range(51):
        server.api("POST", "work-items/", json={"project": "DEMO", "item_type": "task", "title": f"Hay {number}"})
    page.goto(f"{server.url}/search/?q=hay")
    page.get_by_role("link", name="Next page").wait_for()
    faults["a page of a search"] = found(page)
    for keys, part in (("?", "#keys"), ("Control+k", "#palette"), ("c", "#new-item")):
        page.keyboard.press(keys)
        page.locator(f"{part}[open]").wait_for()
        if part == "#palette":
            page.keyboard.type("DEMO")
            page.locator("#palette [role=option] .key").first.wait_for()
        faults[part] = found(page, part)
        page.keyboard.press("Escape")
        page.locator(f"{part}[open]").wait_for(state="detached")
    context.close()
    assert {name: some for name, some in faults.items() if some} == {}
    assert min(map(len, seen.values())) > 10, seen


def test_empty_pages_have_no_serious_fault(browser: Any, server: Server) -> None:
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
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
    for path in every_page():
        page.goto(server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        broken = page.locator("th").evaluate_all(BROKEN)
        assert broken == [], path
