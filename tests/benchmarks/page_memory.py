"""Measure whether the memory of an open page stays stable while the board changes and a person works on it.

python -m tests.benchmarks.page_memory                            30 minutes of the board
python -m tests.benchmarks.page_memory --page inbox --minutes 5
python -m tests.benchmarks.page_memory --short                    one minute, a small board; no verdict

Chromium collects its garbage before each sample, so what is left is in use. Exit with 1 if the heap, the nodes or the
listeners of the last third exceed those of the middle third by more than the margin.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from playwright.sync_api import Browser, CDPSession, Page

from tests.benchmarks import boards
from tests.benchmarks.machine import description
from tests.browser.conftest import launch
from tests.browser.pages import login_url, pm
from tests.conftest import make_repository
from tests.processes import Server, scaled

MINUTES, ITEMS, RATE = 30.0, 2000, 2.0  # changes a second
SHORT_MINUTES, SHORT_ITEMS = 1.0, 200
SAMPLES = 60  # in a run
TIMEOUT = scaled(60_000)  # milliseconds
MARGIN = 0.03  # of the middle third
PAGES = {
    "board": "/board/BIG/",
    "list": "/list/BIG/",
    "inbox": "/inbox/",
    "agents": "/agents/",
    "activity": "/activity/BIG/",
}
COUNT = """(() => {
  const walk = document.createTreeWalker(document);
  let count = 1;
  while (walk.nextNode()) count++;
  return count;
})()"""
PERSON = {"X-PM-Actor": "bench-person", "X-PM-Actor-Source": "terminal"}


class Sample(NamedTuple):
    """What the page uses after a garbage collection."""

    heap: float  # MiB
    nodes: float
    shown: float  # nodes that are in the document
    listeners: float
    rss: float  # MiB, of the renderer


# ---- Another client


class Client:
    """Changes the board as three agents do, and settles what they ask as a person."""

    def __init__(self, server: Server, items: int) -> None:
        self.server = server
        self.items = items
        self.chance = random.Random(1)
        self.changes = 0
        self.asked: list[str] = []
        self.failure: BaseException | None = None
        found = server.api("GET", "work-items/?status=todo&limit=100&fields=display_key").json()
        self.open = [row["display_key"] for row in found["results"]]

    def change(self) -> None:
        """Make one change that leaves as many items and entries as there were."""
        number = self.changes = self.changes + 1
        agent, key = f"agent-{number % 3}", f"BIG-{self.chance.randint(1, self.items)}"
        if number % 20 == 0 and len(self.asked) >= 10:
            path = f"questions/{self.asked.pop(0)}/answer/"
            self._send("POST", path, PERSON, answer="yes")
        elif number % 20 in (0, 10):
            asked = self._send(
                "POST", "questions/", _agent(agent), work_item=self._one(*self.open), text=f"Go on with {number}?"
            )
            self.asked.append(asked["display_key"])
        else:
            title = f"{boards.TEXT[: 20 + number % 40]} {number}"
            self._send("PATCH", f"work-items/{key}/", _agent(agent), title=title, priority=self._one("low", "high"))

    def _one(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def _send(self, method: str, path: str, headers: dict[str, str], **body: Any) -> dict[str, Any]:
        answer = self.server.api(method, path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = answer.json()
        return found


def _agent(name: str) -> dict[str, str]:
    return {"X-PM-Actor": "claude", "X-PM-Session": f"name={name}&program=claude&branch=topic"}


@contextmanager
def changing(client: Client, rate: float) -> Iterator[None]:
    """Let the client make at most `rate` changes a second."""
    ended = threading.Event()

    def work() -> None:
        try:
            while not ended.wait(1 / rate):
                client.change()
        except BaseException as error:
            client.failure = error

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()
    if client.failure:
        raise client.failure


# ---- The person


def open_and_close(page: Page, key: str, part: str) -> None:
    """Press a key, wait for what it opens, and close that."""
    page.keyboard.press(key)
    page.locator(part).wait_for()
    page.keyboard.press("Escape")
    page.locator(part).wait_for(state="detached")


def palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#palette[open]").wait_for()
    page.keyboard.type("server")
    page.locator("#palette [role=option]").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("#palette").wait_for(state="detached")


def panel(page: Page) -> None:
    link = page.locator("[data-panel]:not(#panel) a[href*='/items/']").first
    if not link.count():
        return
    link.click()
    page.locator("#panel").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    page.locator("#panel").wait_for(state="detached")


def new_item(page: Page) -> None:
    page.keyboard.press("c")
    page.locator("#new-item[open]").wait_for()
    page.keyboard.press("Escape")
    page.locator("#new-item[open]").wait_for(state="detached")


def field(page: Page) -> None:
    card = page.locator("[data-move] [data-card] > a, [data-select] tbody [data-key] a").first
    if not card.count():
        return
    card.focus()
    open_and_close(page, "s", "#field-pop")


def keys(page: Page) -> None:
    open_and_close(page, "?", "#keys[open]")


ACTS: tuple[Callable[[Page], None], ...] = (panel, palette, new_item, field, keys)


# ---- Measuring


def sample(page: Page, session: CDPSession, renderer: psutil.Process) -> Sample:
    """Collect the garbage of the page and return what is left."""
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 2**20
    counted = session.send("Memory.getDOMCounters")
    shown = session.send("Runtime.evaluate", {"expression": COUNT, "returnByValue": True})["result"]["value"]
    rss = renderer.memory_info().rss / 2**20
    return Sample(heap, counted["nodes"], shown, counted["jsEventListeners"], rss)


def renderer_of(browser: Browser) -> psutil.Process:
    """Return the largest renderer, which is that of the page."""
    session = browser.new_browser_cdp_session()
    found = [one for one in session.send("SystemInfo.getProcessInfo")["processInfo"] if one["type"] == "renderer"]
    session.detach()
    return max((psutil.Process(one["id"]) for one in found), key=lambda process: process.memory_info().rss)


def thirds(values: list[float]) -> tuple[float, float]:
    """Return the medians of the middle and of the last third."""
    third = len(values) // 3
    return statistics.median(values[third:-third]), statistics.median(values[-third:])


def follow(browser: Browser, server: Server, path: str, seconds: float) -> tuple[list[Sample], int]:
    """Work on a page for some time; return the samples, and how often each act was done."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.goto(login_url(server.directory))
    page.goto(server.url + path, wait_until="load")
    session = context.new_cdp_session(page)
    renderer, samples, rounds = renderer_of(browser), list[Sample](), 0
    begin = time.monotonic()
    for acts in itertools.count():
        now = time.monotonic() - begin
        if now >= seconds * (len(samples) + 1) / SAMPLES:
            samples.append(sample(page, session, renderer))
            one = samples[-1]
            nodes = f"nodes {one.nodes:7,.0f}  in the document {one.shown:7,.0f}"
            print(f"{now / 60:6.2f} min  heap {one.heap:6.2f} MiB  {nodes}", end="  ")
            print(f"listeners {one.listeners:5,.0f}  renderer {one.rss:5.0f} MiB  rounds {rounds}", flush=True)
        if len(samples) == SAMPLES:
            break
        ACTS[acts % len(ACTS)](page)
        rounds = acts // len(ACTS)
    context.close()
    return samples, rounds


def report(samples: list[Sample]) -> list[str]:
    """Print a line for each figure; return the names of those that grew."""
    grown = []
    for name in Sample._fields:
        middle, last = thirds([getattr(one, name) for one in samples])
        change = last / middle - 1
        # The renderer's size has what it keeps for the protocol, too, so it is shown and not judged.
        if name != "rss" and change > MARGIN:
            grown.append(name)
        print(f"{name:10} {middle:12,.2f} in the middle third {last:12,.2f} in the last {change:+7.1%}")
    return grown


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", choices=PAGES, default="board")
    parser.add_argument("--minutes", type=float, default=None)
    parser.add_argument("--short", action="store_true", help="one minute, a small board, no verdict")
    options = parser.parse_args()
    minutes = options.minutes or (SHORT_MINUTES if options.short else MINUTES)
    items = SHORT_ITEMS if options.short else ITEMS
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "board.json"
        boards.save(data, items)
        directory = make_repository(Path(scratch) / "repository")
        server = Server(directory).ready()
        try:
            pm(directory, "sync", "import", "-f", str(data))
            client = Client(server, items)
            print(f"{description()}\n{options.page}, {items:,} items, {minutes:g} minutes", flush=True)
            with launch() as browser, changing(client, RATE):
                samples, rounds = follow(browser, server, PAGES[options.page], minutes * 60)
        finally:
            server.end()
    print(f"{client.changes:,} changes by another client, {rounds} times {', '.join(act.__name__ for act in ACTS)}")
    grown = report(samples)
    return int(bool(grown) and not options.short)


if __name__ == "__main__":
    sys.exit(main())
