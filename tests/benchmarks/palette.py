"""Time the command palette on a large board with many labels: its answer, and from a key to its results in Chromium.

python -m tests.benchmarks.palette [--items 20000]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import requests
from playwright.sync_api import Page

from tests.benchmarks import boards
from tests.browser.conftest import launch
from tests.browser.pages import login_url, pm
from tests.conftest import make_repository
from tests.processes import DEADLINE, Server

LABELS = tuple(f"area-{number:03}" for number in range(500))
TEXTS = ("", "a", "area", "area-25", "server port", "BIG-77", "l", "nothing has this")
ROUNDS = 20
OPEN = """() => new Promise((resolve) => {
  const begin = performance.now();
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true, bubbles: true, cancelable: true }));
  const look = () => document.querySelector("#palette .key")
    ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin))) : setTimeout(look);
  look();
})"""


def answer(server: Server, session: requests.Session, text: str) -> float:
    """Return the milliseconds of one answer, with the places to go to if no text is typed."""
    query = {"q": text, "project": "BIG"} | ({} if text else {"places": ""})
    begin = time.perf_counter()
    response = session.get(f"{server.url}/palette/", params=query, timeout=DEADLINE)
    taken = (time.perf_counter() - begin) * 1000
    assert response.status_code == 200, response.text
    return taken


def opened(page: Page) -> float:
    """Press Ctrl+K; return the milliseconds until items are shown."""
    taken = float(page.evaluate(OPEN))
    page.keyboard.press("Escape")
    page.locator("#palette").wait_for(state="detached")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    items = parser.parse_args().items
    with tempfile.TemporaryDirectory() as scratch, launch() as browser:
        file = Path(scratch) / "board.json"
        with open(file, "w") as opened_file:
            boards.write(opened_file, items, labels=LABELS)
        server = Server(make_repository(Path(scratch) / "repository")).ready()
        try:
            pm(server.directory, "sync", "import", "--file", str(file), "--timeout", "600")
            with requests.Session() as session:
                session.trust_env = False
                session.get(login_url(server.directory), timeout=DEADLINE)
                for text in TEXTS:
                    times = [answer(server, session, text) for _ in range(ROUNDS)]
                    print(
                        f"{items} items, {text!r}: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms"
                    )
            page = browser.new_context().new_page()
            page.goto(login_url(server.directory))
            page.goto(f"{server.url}/list/BIG/", wait_until="networkidle")
            times = [opened(page) for _ in range(ROUNDS + 1)][1:]  # the first one loads the scripts
            print(
                f"{items} items, Ctrl+K to results: median {statistics.median(times):.0f} ms, most {max(times):.0f} ms"
            )
        finally:
            server.end()


if __name__ == "__main__":
    main()
