"""The frame in a real browser: sidebar, drawer, theme, print, and what a page loads."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Locator, Page, Response, ViewportSize, expect

from tests.browser.pages import make_item, open_board, pm, signed_in
from tests.processes import Server

PHONE: ViewportSize = {"width": 360, "height": 740}
MOST_REQUESTS, MOST_BYTES = 8, 200 << 10
MOST_SCRIPT, MOST_ELSEWHERE = 40 << 10, 45 << 10  # of a board, and of every other page
ELSEWHERE = (
    *("/list/DEMO/", "/sprints/DEMO/", "/inbox/", "/agents/", "/insights/DEMO/", "/activity/", "/settings/"),
    *("/items/DEMO-10/", "/board/DEMO/?item=DEMO-10", "/search/?q=map", "/?overview", "/items/new/", "/design/"),
)
BACKGROUND = "getComputedStyle(document.documentElement).backgroundColor"
CUT = """all => all.filter(one => getComputedStyle(one).overflowY !== 'visible' && !one.closest('.unseen')
  && one.scrollHeight > one.clientHeight + 1 && one.clientHeight > 40).map(one => one.id || one.className)"""
LIGHT, DARK = "rgb(246, 247, 248)", "rgb(20, 23, 26)"


def width(page: Page) -> float:
    box = page.locator("#side").bounding_box()
    assert box is not None
    return box["width"]


def reaches(part: Locator) -> float:
    """Return how far to the right a part can be clicked: the folded sidebar must not cut what it opens."""
    return float(
        part.evaluate(
            """one => {
              const { left, right, top, height } = one.getBoundingClientRect();
              for (let x = Math.floor(right) - 4; x > left; x -= 4)
                if (one.contains(document.elementFromPoint(x, top + height / 2))) return x;
              return 0;
            }"""
        )
    )


def set_theme(page: Page, name: str) -> None:
    page.get_by_label("Account").click()
    page.get_by_role("group", name="Theme").get_by_role("button", name=name, exact=True).click()


def test_sidebar_keeps_its_state_from_the_first_paint(page: Page, board: Server) -> None:
    open_board(page, board)
    assert width(page) == 192
    page.get_by_label("switch to another").click()
    assert reaches(page.get_by_role("link", name="All projects")) > 100
    page.keyboard.press("Escape")
    page.keyboard.press("[")
    assert width(page) == 48
    expect(page.get_by_role("button", name="Sidebar")).to_have_attribute("aria-expanded", "false")
    answer = page.reload()
    assert answer is not None
    assert 'data-sidebar="folded"' in answer.text()
    expect(page.get_by_role("link", name="Sprints")).to_be_visible()
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search")
    expect(search).to_be_focused()
    assert reaches(search) > 200
    page.keyboard.press("Escape")
    page.get_by_label("Account").click()
    assert reaches(page.get_by_role("link", name="Administration")) > 100
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sidebar").press("Enter")
    assert width(page) == 192


def test_theme_holds_on_every_page(page: Page, board: Server) -> None:
    open_board(page, board)
    assert page.evaluate(BACKGROUND) == LIGHT
    set_theme(page, "Dark")
    assert page.evaluate(BACKGROUND) == DARK
    for path in ("/settings/", "/nothing/", "/admin/", "/api/v1/docs/"):
        page.goto(board.url + path)
        dark = page.evaluate("getComputedStyle(document.documentElement).colorScheme")
        assert dark == "dark", path
    page.goto(f"{board.url}/admin/")
    page.get_by_role("button", name="Light", exact=True).click()
    expect(page).to_have_url(f"{board.url}/admin/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == LIGHT
    page.emulate_media(color_scheme="dark")
    open_board(page, board)
    assert page.evaluate(BACKGROUND) == LIGHT
    set_theme(page, "Same as the system")
    assert page.evaluate(BACKGROUND) == DARK
    page.emulate_media(color_scheme="light")


def test_drawer_of_a_phone_works_by_keyboard(page: Page, board: Server) -> None:
    page.set_viewport_size(PHONE)
    open_board(page, board)
    expect(page.locator("#side")).to_be_hidden()
    menu = page.get_by_role("button", name="Menu")
    menu.press("Enter")
    expect(page.locator("#side")).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('side').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    page.locator("#side").get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()


def test_frame_works_without_a_script(person: BrowserContext, board: Server) -> None:
    assert person.browser is not None
    context = person.browser.new_context(java_script_enabled=False)
    page = signed_in(context, board)
    open_board(page, board)
    page.get_by_role("button", name="Sidebar").click()
    expect(page).to_have_url(f"{board.url}/board/PONE/")
    assert width(page) == 48
    set_theme(page, "Dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Menu").click()
    expect(page.locator("#side")).to_be_visible()
    context.close()


def test_pages_print_whole_and_without_the_frame(page: Page, board: Server) -> None:
    for number in range(30):
        make_item(board, f"Item {number}")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1040, "height": 700})  # landscape A4
    for path in ("/board/PONE/", "/list/PONE/", "/inbox/", "/items/PONE-1/", "/settings/"):
        page.goto(board.url + path)
        page.emulate_media(media="screen")  # after other tests, Chromium loses the medium with the page before
        page.emulate_media(media="print")
        expect(page.locator("#side")).to_be_hidden()
        cut = page.locator("main, main *").evaluate_all(CUT)
        assert cut == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 1040, path
    open_board(page, board)
    last = page.locator("[data-card]").last.bounding_box()
    assert last is not None
    assert last["height"] > 10
    page.emulate_media(media="screen")


def test_board_loads_little(person: BrowserContext, server: Server) -> None:
    pm(server.directory, "demo", "--no-browser")
    page = signed_in(person, server)
    loaded: dict[str, int] = {}

    def note(answer: Response) -> None:
        if "/live/" not in answer.url:
            loaded[answer.url] = len(answer.body())

    page.on("response", note)
    page.goto(f"{server.url}/board/DEMO/", wait_until="networkidle")
    page.remove_listener("response", note)
    assert len(loaded) <= MOST_REQUESTS, loaded
    assert sum(loaded.values()) <= MOST_BYTES, loaded
    assert 0 < script(page) <= MOST_SCRIPT
    for path in ELSEWHERE:
        page.goto(f"{server.url}{path}", wait_until="networkidle")
        assert 0 < script(page) <= MOST_ELSEWHERE, path


def script(page: Page) -> int:
    """Return the uncompressed bytes of the scripts that the page has loaded."""
    return int(
        page.evaluate(
            """performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"))
            .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)"""
        )
    )


def test_administration_shows_all_columns_of_the_items(person: BrowserContext, server: Server) -> None:
    pm(server.directory, "demo", "--no-browser")
    page = signed_in(person, server)
    page.goto(f"{server.url}/admin/projects/workitem/")
    results = page.locator("#changelist .results").evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert results[0] <= results[1]
    expect(page.get_by_role("columnheader", name="Page", exact=True)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("columnheader", name="Changed")).to_be_in_viewport(ratio=1)
    assert page.locator("[aria-sort]").count() == 0
