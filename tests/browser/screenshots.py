"""Take the screenshots of README and docs/board.md of the `pm demo` board, in a real Chromium.

make screenshots
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser

from tests.browser.conftest import launch
from tests.browser.pages import login_url, pm
from tests.conftest import make_repository
from tests.processes import CHECKOUT, Server

FOLDER = CHECKOUT / "docs" / "images"


class Picture(NamedTuple):
    name: str
    path: str
    width: int = 1280
    height: int = 800
    scheme: Literal["light", "dark"] = "light"


PICTURES = (
    Picture("board", "/board/DEMO/"),
    Picture("board-dark", "/board/DEMO/?group=epic", scheme="dark"),
    Picture("board-phone", "/board/DEMO/", width=360, height=740),
    Picture("overview", "/?overview"),
    Picture("item", "/items/DEMO-10/", height=900),
    Picture("sprints", "/sprints/DEMO/", height=1340),
)


def take(picture: Picture, browser: Browser, server: Server) -> None:
    """Write a screenshot of a freshly loaded page."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height}, color_scheme=picture.scheme
    )
    page = context.new_page()
    page.goto(login_url(server.directory))
    answer = page.goto(server.url + picture.path, wait_until="networkidle")
    assert answer is not None
    assert answer.status == 200, picture.path
    page.screenshot(path=FOLDER / f"{picture.name}.png")
    context.close()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, launch() as browser:
        server = Server(make_repository(Path(scratch) / "trailhead")).ready()
        try:
            pm(server.directory, "demo", "--no-browser")
            for picture in PICTURES:
                take(picture, browser, server)
                print(FOLDER / f"{picture.name}.png")
        finally:
            server.end()


if __name__ == "__main__":
    main()
