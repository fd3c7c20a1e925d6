"""After a deletion the focus is beside what was deleted: on the next row, what its list has else, or its heading."""

from __future__ import annotations

import re
from typing import NamedTuple

from playwright.sync_api import Page, expect

from projects.web.stylesheet import FOLDER
from tests.browser.pages import make_item
from tests.processes import Server

TEMPLATES = FOLDER.parents[2] / "templates" / "pm"
DELETES = re.compile(r'name="delete"|class="(?:button )?danger|value="delete"|data-remove=|>Remove<')
PROJECT, ITEM = "/settings/projects/PONE/", "/items/PONE-1/"
SEND = """async ([url, data]) => {
  const { post, uuid } = await import('/static/pm/pm.js');
  const answer = await post(url, new URLSearchParams({ id: uuid(), ...data }));
  if (!answer.ok) throw Error(await answer.text());
}"""


class Deletion(NamedTuple):
    """One deletion by keyboard: what is pressed one after the other, and what has the focus at the end."""

    template: str
    path: str
    presses: tuple[str, ...]
    lands: str


DELETIONS = (
    Deletion("item_facts", ITEM, ("[data-remove=one]",), "[data-remove=two]"),
    Deletion("item_facts", ITEM, ("[data-remove=two]",), "#v-labels"),
    Deletion("evidence_criteria", ITEM, ("[aria-label='Delete: fast']",), "button.tick[aria-label=small]"),
    Deletion("item_attachments", ITEM, ("[aria-label='Remove a.txt']",), "#l-attachments a:has-text('b.txt')"),
    Deletion("item_attachments", ITEM, ("[aria-label='Remove b.txt']",), "#i-attach input"),
    Deletion("item_links", ITEM, ("[aria-label='Remove: blocks PONE-2']",), "#l-blocks a:has-text('PONE-3')"),
    Deletion("item_links", ITEM, ("[aria-label='Remove: blocks PONE-3']",), "#i-link select"),
    Deletion(
        "item_time", ITEM, ("[aria-label='Delete the 1 h 00 min entry']",), "[aria-label='Delete the 30 min entry']"
    ),
    Deletion("item_time", ITEM, ("[aria-label='Delete the 30 min entry']",), "#i-more-time > summary"),
    Deletion(
        "comment",
        ITEM,
        ("#l-comments > :nth-child(1) details:last-child > summary", "#l-comments > :nth-child(1) .danger"),
        "#l-comments > :nth-child(1) summary:has-text('Edit')",
    ),
    Deletion("comment", ITEM, ("#l-comments details:last-child > summary", "#l-comments .danger"), "#h-comments"),
    Deletion(
        "settings_checks", PROJECT, ("[aria-label='Delete unit']", "text=Delete unit"), "[aria-label='Change ux']"
    ),
    Deletion(
        "settings_checks", PROJECT, ("[aria-label='Delete ux']", "text=Delete ux"), "[aria-label='Add a check to PONE']"
    ),
    Deletion(
        "settings_columns",
        PROJECT,
        ("[aria-label='Delete Backlog']", "text=Delete Backlog"),
        "[aria-label='Move To do down']",
    ),
    Deletion(
        "settings_columns", PROJECT, ("[aria-label='Delete Done']", "text=Delete Done"), "[aria-label='Move Review up']"
    ),
    Deletion("settings_labels", "/settings/labels/PONE/", ("[aria-label='Delete aaa']",), "a[href$='label=bbb']"),
    Deletion("settings_labels", "/settings/labels/PONE/", ("[aria-label='Delete bbb']",), "[type=search]"),
    Deletion(
        "sprint_end",
        "/sprints/PONE/",
        ("details[id^=delete] > summary:has-text('First')", "details[id^=delete][open] .danger"),
        "button:has-text('Start Second')",
    ),
    Deletion(
        "sprint_end",
        "/sprints/PONE/",
        ("details[id^=delete] > summary:has-text('Second')", "details[id^=delete][open] .danger"),
        "#no-sprint button",
    ),
    Deletion("list_views", "/list/PONE/?view={view}", ("#views > summary", "#view-delete button"), "#views > summary"),
    Deletion("selection", "/board/PONE/", ("#PONE-5 a", "x", "[name=delete]", "[data-anyway]"), "#PONE-6 a"),
    Deletion("selection", "/list/PONE/", ("#row-PONE-6 a", "x", "[name=delete]", "[data-anyway]"), "#row-PONE-7 *"),
    *(
        Deletion(
            "item_head", path, ("#i-menu > summary", "[data-dialog=i-delete]", "#i-deleter .danger"), "#i-restore *"
        )
        for path in (
            "/board/PONE/?item=PONE-7",
            "/list/PONE/?item=PONE-8",
            "/sprints/PONE/?item=PONE-9",
            "/items/PONE-10/",
        )
    ),
    Deletion("agent_lane", "/agents/", ("#end-PONE-11 .quiet", "#end-PONE-11 .danger"), ".run *"),
    Deletion(
        "settings_project", PROJECT, ("#p-deleting > summary", "PONE", "#p-delete-form .danger"), "#settings-projects *"
    ),
)
# They waive, restore a backup, stop sharing, show all parts: the whole section or page is another one.
OTHERS = {"item_review", "settings_restore", "settings_sync", "design"}


def fill(page: Page, board: Server) -> str:
    """Make what the table deletes; return the ID of the saved view."""

    def send(url: str, **data: str) -> None:
        page.evaluate(SEND, [url, data])

    for number in range(1, 12):
        make_item(board, f"item {number}", labels=["one", "two"] if number == 1 else [])
    for name in ("a.txt", "b.txt"):
        board.api("POST", f"attachments/?work_item=PONE-1&name={name}", data=b"text")
    for text in ("fast", "small"):
        board.api("POST", "criteria/", json={"work_item": "PONE-1", "text": text})
    page.goto(f"{board.url}/board/PONE/")
    for other in ("PONE-2", "PONE-3"):
        send("/items/PONE-1/link/", kind="blocks", other=other)
    for spent in ("30m", "1h"):
        send("/items/PONE-1/time/", spent=spent, zone="UTC")
    for text in ("first", "second"):
        send("/items/PONE-1/comment/", content=text)
    for name in ("unit", "ux"):
        values = {"command": "true", "timeout_seconds": "60", "requirement": "optional", "item_types": "task"}
        send("/settings/checks/PONE/add/", name=name, **values)
    for name in ("aaa", "bbb"):
        send("/settings/labels/PONE/", name=name, colour="red")
    for name in ("First", "Second"):
        send("/sprints/PONE/create/", name=name, start_date="2026-01-01", end_date="2026-01-14")
    send("/views/add/PONE/?assignee=none", name="Mine")
    headers = {"X-PM-Actor": "claude", "X-PM-Session": "name=focus&program=claude&branch=topic"}
    board.api("POST", "work-items/PONE-11/begin/", headers=headers)
    page.goto(f"{board.url}/list/PONE/")
    return str(page.locator("#views a", has_text="Mine").get_attribute("href")).rpartition("=")[2]


def press(page: Page, what: str) -> None:
    """Type a word, focus a link, or press what the selector finds."""
    if what.isalnum():
        expect(page.locator("input:focus" if what.isupper() else "a:focus")).to_have_count(1)
        page.keyboard.type(what)
        return
    expect(page.locator(what).last).to_be_visible()
    page.locator(what).last.focus()
    if not what.endswith(" a"):
        page.keyboard.press("Enter")


def test_focus_stays_beside_what_was_deleted(page: Page, board: Server) -> None:
    view = fill(page, board)
    for deletion in DELETIONS:
        page.goto(board.url + deletion.path.format(view=view))
        for what in deletion.presses:
            press(page, what)
        expect(page.locator(deletion.lands).and_(page.locator(":focus")), str(deletion)).to_have_count(1)


def test_every_deletion_is_in_the_table() -> None:
    named = {path.stem for path in TEMPLATES.glob("*.html") if DELETES.search(path.read_text())}
    assert named == {deletion.template for deletion in DELETIONS} | OTHERS
