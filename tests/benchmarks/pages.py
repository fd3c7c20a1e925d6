"""Time the board in Chromium: first paint, a move, panel, keys, what a view loads; `pm` beside open pages; an answer.

make bench-pages
make bench-pages ARGS=--short
make bench-pages ARGS=--only-answers

The first board is the original tool's real one if it is next to the project, otherwise a generated one of its size.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page

from projects.web.stylesheet import stylesheet
from tests.benchmarks import answering, boards
from tests.boards import REAL
from tests.browser.conftest import launch
from tests.browser.pages import login_url, pm
from tests.conftest import make_repository
from tests.processes import CHECKOUT, DEADLINE, Server, poll

LIKE_REAL, LARGE = 194, 2000  # items
OPEN = 50  # pages
PERIOD = 5.0  # seconds
STATIC = CHECKOUT / "projects" / "web" / "static" / "pm"
SETTLED = 300.0  # milliseconds: a person does not act in the frame in which the page is drawn
# Keys of a focused card, and what is seen when they have worked.
KEYS = {
    "j": "!document.activeElement.matches('[data-card]:first-of-type > a')",
    "x": "document.querySelector('[data-selected]')",
    "s": "document.querySelector('#field-pop button')",
}
TO_FRAME = """() => new Promise((resolve) => {
  const begin = performance.now();
  const drawn = () => setTimeout(() => resolve(performance.now() - begin));
  const look = () => (SEEN) ? requestAnimationFrame(drawn) : setTimeout(look);
  ACT;
  look();
})"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
LOADED = """() => {
  const loaded = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  return [loaded.length, loaded.reduce((sum, entry) => sum + entry.transferSize, 0)];
}"""


def median(rounds: int, measure: Callable[[], float]) -> float:
    """Return the median of the results of `measure`, in milliseconds."""
    return statistics.median(measure() for _ in range(rounds))


@contextmanager
def visitor(browser: Browser, server: Server) -> Iterator[Page]:
    """A signed-in page with an empty cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(login_url(server.directory))
    yield page
    context.close()


def first_paint(browser: Browser, server: Server, url: str) -> tuple[float, int, int]:
    """Return the milliseconds to the first paint with an empty cache, the number of requests, and the bytes loaded."""
    with visitor(browser, server) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.goto(url, wait_until="load")
        paint = poll(lambda: page.evaluate(FIRST_PAINT))
        count, loaded = page.evaluate(LOADED)
        return paint, count, loaded


def move(page: Page, url: str) -> float:
    """Move the first card of the first full column to the next one with keys; return the milliseconds it took."""
    page.goto(url)
    card = page.locator("[data-card] > a").first
    card.focus()
    for key in ("Space", "ArrowRight"):
        page.keyboard.press(key)
    begin = time.perf_counter()
    with page.expect_response("**/move/") as answer:
        page.keyboard.press("Space")
    assert answer.value.status in (200, 409), answer.value.text()
    return (time.perf_counter() - begin) * 1e3


def until_seen(page: Page, act: str, seen: str) -> float:
    """Run `act` in the page; return the milliseconds until the first frame in which the expression `seen` is true."""
    return float(page.evaluate(TO_FRAME.replace("ACT", act).replace("SEEN", seen)))


def open_panel(page: Page, url: str) -> float:
    """Open the panel of the first card of a loaded board with a click; return the milliseconds until it is drawn."""
    page.goto(url, wait_until="load")
    page.locator("[data-card] > a").first.wait_for()
    page.wait_for_timeout(SETTLED)
    act = "document.querySelector('[data-card] > a').click()"
    return until_seen(page, act, "document.querySelector('#panel [data-field]')")


def press_key(page: Page, url: str, key: str, seen: str) -> float:
    """Press a key on the first card of a loaded board; return the milliseconds until its effect is drawn."""
    page.goto(url, wait_until="load")
    page.locator("[data-card] > a").first.focus()
    page.wait_for_timeout(SETTLED)
    press = f"document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))"
    return until_seen(page, press, seen)


@contextmanager
def open_pages(server: Server, count: int) -> Iterator[list[float]]:
    """Send the requests of `count` visible pages, one per second each; yield the seconds that the responses took."""
    with requests.Session() as session:
        session.trust_env = False
        session.get(login_url(server.directory), timeout=DEADLINE)
        cookies = session.cookies.get_dict()
        cursor = session.get(f"{server.url}/live/?since=0", timeout=DEADLINE).json()["cursor"]
    ended, took, asked = threading.Event(), list[float](), set[int]()

    def page(number: int) -> None:
        ended.wait(number / count)
        with requests.Session() as session:
            session.trust_env = False
            session.cookies.update(cookies)
            while not ended.is_set():
                begin = time.perf_counter()
                answer = session.get(f"{server.url}/live/?since={cursor}", timeout=DEADLINE)
                took.append(time.perf_counter() - begin)
                assert answer.status_code == 204, answer.status_code
                asked.add(number)
                ended.wait(1)

    pages = [threading.Thread(target=page, args=(number,)) for number in range(count)]
    for thread in pages:
        thread.start()
    yield took
    ended.set()
    for thread in pages:
        thread.join()
    assert len(asked) == count, "a page sent no request"


def beside_open_pages(server: Server) -> None:
    """Print what a call of `pm` costs while pages are open, against the same call without."""

    def calls() -> float:
        """Return the median of the calls of some seconds."""
        took, end = list[float](), time.monotonic() + PERIOD
        while time.monotonic() < end:
            begin = time.perf_counter()
            pm(server.directory, "project", "list")
            took.append(time.perf_counter() - begin)
        return statistics.median(took) * 1e3

    calls()
    alone = calls()
    with open_pages(server, OPEN) as took:
        beside = calls()
    ratio, asked = beside / alone, statistics.median(took) * 1e3
    print(f"`pm project list` alone {alone:.1f} ms, with {OPEN} open pages {beside:.1f} ms, ratio {ratio:.2f}")
    print(f"a page's request each second takes {asked:.1f} ms", flush=True)


def measure(what: str, data: Path, rounds: int, browser: Browser) -> None:
    """Print a line for the board of an import file."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = make_repository(Path(scratch) / "repository")
        server = Server(directory).ready()
        try:
            pm(directory, "sync", "import", "-f", str(data))
            project = pm(directory, "project", "list")["projects"][0]
            items = pm(directory, "project", "stats", project["key"])["stats"]["items"]
            url = f"{server.url}/board/{project['key']}/"
            paints = [first_paint(browser, server, url) for _ in range(rounds)]
            with visitor(browser, server) as page:
                moved = median(rounds, lambda: move(page, url))
                opened = median(2 * rounds, lambda: open_panel(page, url))
                keys = {key: median(2 * rounds, partial(press_key, page, url, key, seen)) for key, seen in KEYS.items()}
            paint = statistics.median(paint for paint, _, _ in paints)
            _, count, loaded = paints[-1]
            line = f"{what:20} {items:6} items {paint:7.0f} ms to first paint {moved:6.0f} ms a move"
            print(f"{line} {count:4} requests {loaded / 1024:7.1f} KiB", flush=True)
            pressed = ", ".join(f"`{key}` {took:.0f} ms" for key, took in keys.items())
            print(f"the panel opens in {opened:.0f} ms; keys: {pressed} (medians of {2 * rounds})", flush=True)
            beside_open_pages(server)
        finally:
            server.end()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--short", action="store_true", help="two rounds, no large board")
    parser.add_argument("--only-answers", action="store_true", help="only the time of an answer to a waiting command")
    options = parser.parse_args()
    rounds = 2 if options.short else options.rounds
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores, {rounds} rounds")
    sizes = {path.name: path.stat().st_size for path in sorted(STATIC.iterdir()) if path.suffix in (".js", ".svg")}
    for name, size in {**sizes, "style.css": len(stylesheet().content)}.items():
        print(f"{name:20} {size / 1024:6.1f} KiB")
    with tempfile.TemporaryDirectory() as scratch, launch() as browser:
        answering.measure(browser, 2 * rounds)
        if options.only_answers:
            return
        first, large = Path(scratch) / "first.json", Path(scratch) / "large.json"
        if REAL.exists():
            shutil.copy(REAL, first)
        else:
            boards.save(first, LIKE_REAL)
        measure("the real board" if REAL.exists() else "a small board", first, rounds, browser)
        if not options.short:
            boards.save(large, LARGE)
            measure("a large board", large, rounds, browser)


if __name__ == "__main__":
    main()
