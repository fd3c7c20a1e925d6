"""Do ten tasks of a new user in Chromium, with mouse and typing only; count clicks, typed keys, page loads and seconds.

make bench-tasks                  medians of five rounds, each on a new server
make bench-tasks ARGS=--short     one round

Each task takes the shortest way that a new user finds: no address is typed, and no shell, administration or key of the
page is used. The seconds are those from the first act to the visible result of the last one. The browser acts as soon
as it can, so they are the time that pm takes, not that of a person, who also reads and decides. The exit status is 1 if
a task can't be done, or takes more clicks than it may.

The project of the first task is empty. The others use a generated board of 194 items, which the second imports.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Error, Locator, Page, Request, expect

from tests.benchmarks import boards
from tests.benchmarks.machine import description
from tests.browser.conftest import launch
from tests.browser.pages import card, card_to_drag, lane, login_url
from tests.browser.waiting import ask
from tests.conftest import make_repository
from tests.processes import Server, scaled

ITEMS = 194
HISTORY = 60  # days
REASSIGNED = 10
PLANNED = 3
HEADER = "| task | clicks | keys typed | page loads | seconds |\n|---|--:|--:|--:|--:|"


class Cost(NamedTuple):
    clicks: int
    keys: int
    loads: int
    seconds: float


class Person:
    """Clicks and types in a page, and counts it."""

    def __init__(self, page: Page, server: Server, board: Path) -> None:
        self.page, self.server, self.board = page, server, board
        self.clicks = self.keys = self.loads = 0
        page.on("request", self._count_load)

    def _count_load(self, request: Request) -> None:
        self.loads += request.is_navigation_request()

    def click(self, target: Locator, *, shift: bool = False) -> None:
        target.click(modifiers=["Shift"] if shift else [])
        self.clicks += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)

    def enter(self) -> None:
        self.page.keyboard.press("Enter")
        self.keys += 1

    def choose_file(self, field: Locator, path: Path) -> None:
        """Choose a file; the dialog of the operating system is not counted."""
        with self.page.expect_file_chooser() as chooser:
            self.click(field)
        chooser.value.set_files(path)

    def drag(self, key: str, target: Locator) -> None:
        """Drag a card into a list, which counts as one click."""
        card_to_drag(self.page, key).hover()
        box = target.bounding_box()
        assert box is not None
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40, steps=5)
        self.page.mouse.up()
        self.clicks += 1

    def go_to(self, section: str) -> None:
        self.click(self.page.get_by_role("navigation", name="Sections").get_by_role("link", name=section))

    def do(self, task: Task) -> Cost:
        """Do a task; return what it cost. Raises Error or AssertionError if that is impossible."""
        if task.before is not None:
            task.before(self)
        self.clicks = self.keys = self.loads = 0
        begin = time.perf_counter()
        task.act(self)
        return Cost(self.clicks, self.keys, self.loads, time.perf_counter() - begin)


class Task(NamedTuple):
    act: Callable[[Person], None]
    most_clicks: int
    before: Callable[[Person], None] | None = None


def create_project(person: Person) -> None:
    person.type("Website")
    person.enter()
    expect(person.page.locator("h1")).to_have_text("Website")


def import_board(person: Person) -> None:
    page = person.page
    person.click(page.locator("#projects-menu summary"))
    person.click(page.locator("#projects-menu").get_by_role("link", name="Import"))
    person.choose_file(page.locator("#import [name=file]"), person.board)
    person.click(page.get_by_role("button", name="Import", exact=True))
    person.click(page.get_by_role("link", name="Open BIG"))
    expect(page.locator("h1")).to_have_text("Big")


def plan_sprint(person: Person) -> None:
    page = person.page
    person.go_to("Sprints")
    person.click(page.locator(".head").get_by_role("button", name="New sprint"))
    person.enter()
    sprint = page.locator("#plan section").last
    expect(sprint.locator("h2")).to_contain_text("Sprint 1")
    cards = page.locator("#lane-backlog [data-card]")
    for number in range(PLANNED):
        person.click(cards.nth(number).get_by_role("checkbox"))
    person.drag(cards.first.get_attribute("id") or "", sprint.locator("ol"))
    expect(sprint.locator("[data-card]")).to_have_count(PLANNED)
    person.click(sprint.get_by_role("button", name="Start"))
    expect(sprint.locator("h2")).to_contain_text("active")


def reassign(person: Person) -> None:
    page = person.page
    person.go_to("List")
    boxes = page.locator("#items [data-pick]")
    person.click(boxes.first)
    person.click(boxes.nth(REASSIGNED - 1), shift=True)
    menu = page.locator("#selection [data-field=assignee]")
    person.click(menu.locator("summary"))
    person.click(menu.get_by_role("button", name="(me)"))
    expect(page.locator("#toasts")).to_contain_text(f"{REASSIGNED} items: assignee set to")


def find_blocked(person: Person) -> None:
    page = person.page
    person.go_to("Board")
    person.click(page.get_by_text("More filters"))
    person.click(page.locator("#facet-blocked summary"))
    person.click(page.locator("#facet-blocked").get_by_label("Blocked", exact=True))
    expect(page.locator("[data-card]").first.locator(".marks .blocked")).to_contain_text("BIG-")


def let_agent_ask(person: Person) -> None:
    ask(person.server, "BIG-12", "Which encoding do files without a mark have?", choices=["UTF-8", "Latin-1"])


def answer(person: Person) -> None:
    person.go_to("Inbox")
    person.click(person.page.get_by_role("button", name="UTF-8"))
    expect(person.page.locator("#toasts")).to_contain_text("BIG-12.q1 is answered: UTF-8")


def send_back(person: Person) -> None:
    person.go_to("Inbox")
    person.click(person.page.locator("[data-current].review textarea"))
    person.type("Test empty files.")
    person.enter()
    expect(person.page.locator("#toasts")).to_contain_text("is sent back")


def open_board(person: Person) -> None:
    """Open the board, which the inbox does not belong to."""
    person.click(person.page.locator("#projects-menu summary"))
    person.click(person.page.locator("#projects-menu").get_by_role("link", name="BIG"))
    expect(person.page.locator("h1")).to_have_text("Big")


def rename_column(person: Person) -> None:
    page = person.page
    person.click(page.locator("#menu-todo summary"))
    person.type("Next")
    person.enter()
    expect(page.locator("#name-todo .lane-name")).to_have_text("Next")


def forecast_epic(person: Person) -> None:
    page = person.page
    person.click(page.locator("[data-card]:has([title=Epic]) > a").first)
    person.click(page.get_by_role("link", name="When will it be done?"))
    expect(page.locator("#outlook .dates time").first).to_be_visible()


def move_by_mistake(person: Person) -> None:
    person.go_to("Board")
    first = person.page.locator("#lane-0-backlog [data-card]").first
    expect(first).to_be_visible()
    key = first.get_attribute("id") or ""
    person.drag(key, lane(person.page, "in_progress"))
    expect(lane(person.page, "in_progress").locator(f"#{key}")).to_be_visible()


def undo(person: Person) -> None:
    page = person.page
    moved = page.locator("#toasts p").last.inner_text().split(" ")[0]
    person.click(page.locator("#toasts").get_by_role("button", name="Undo"))
    expect(lane(page, "backlog").locator(f"#{moved}")).to_be_visible()
    assert card(page, moved).count() == 1


TASKS = {
    "create the first project": Task(create_project, 0),
    "import a file": Task(import_board, 5),
    f"plan a sprint with {PLANNED} items and start it": Task(plan_sprint, 7),
    f"reassign {REASSIGNED} items": Task(reassign, 5),
    "find blocked items and their blockers": Task(find_blocked, 4),
    "answer an agent": Task(answer, 2, let_agent_ask),
    "send a review back": Task(send_back, 2),
    "rename a column": Task(rename_column, 1, open_board),
    "find when an epic will be done": Task(forecast_epic, 2),
    "undo a mistake": Task(undo, 1, move_by_mistake),
}


def save_board(path: Path) -> None:
    """Write the board that is imported: no sprints yet, open epics, and a history that a forecast needs."""
    boards.save(path, ITEMS)
    data = json.loads(path.read_text())
    now = datetime.now(UTC)
    data["sprints"] = []
    for place, row in enumerate(data["work_items"]):
        row["sprint_id"] = None
        row["created_at"] = row["updated_at"] = (now - timedelta(days=2 * HISTORY)).isoformat()
        if row["item_type"] == "epic":
            row["status"] = "backlog"
        elif row["status"] == "done":
            row["completed_at"] = (now - timedelta(days=1 + place % HISTORY)).isoformat()
    path.write_text(json.dumps(data))


def do_all(browser: Browser, board: Path, costs: dict[str, list[Cost]]) -> str:
    """Do all tasks on a new server; return what went wrong, or ""."""
    with tempfile.TemporaryDirectory() as scratch:
        server = Server(make_repository(Path(scratch) / "repository")).ready()
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(scaled(15_000))
        try:
            page = context.new_page()
            page.goto(login_url(server.directory))
            person = Person(page, server, board)
            for name, task in TASKS.items():
                try:
                    cost = person.do(task)
                except (Error, AssertionError) as error:
                    return f"can't {name}: {error}"
                costs[name].append(cost)
        finally:
            context.close()
            server.end()
    return ""


def row(name: str, costs: list[Cost]) -> str:
    """Return the Markdown table row of a task: the most that a round took, and the median of the seconds."""
    clicks, keys, loads = (max(values) for values in list(zip(*costs, strict=True))[:3])
    return f"| {name} | {clicks} | {keys} | {loads} | {statistics.median(cost.seconds for cost in costs):.1f} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, choices=range(1, 101), metavar="N")
    parser.add_argument("--short", action="store_true", help="one round")
    options = parser.parse_args()
    costs = defaultdict[str, list[Cost]](list)
    with tempfile.TemporaryDirectory() as scratch, launch() as browser:
        board = Path(scratch) / "board.json"
        save_board(board)
        wrong = [do_all(browser, board, costs) for _ in range(1 if options.short else options.rounds)]
    print(f"{description()}\n\n{HEADER}")
    for name, values in costs.items():
        print(row(name, values))
        if (clicks := max(cost.clicks for cost in values)) > TASKS[name].most_clicks:
            wrong.append(f"to {name} takes {clicks} clicks; at most {TASKS[name].most_clicks} are allowed")
    for problem in filter(None, wrong):
        print(problem, file=sys.stderr)
    return int(any(wrong))


if __name__ == "__main__":
    sys.exit(main())
