"""The settings in a real browser: what the pages need scripts or a server for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.pages import make_item
from tests.processes import Server, poll


def names(page: Page) -> list[str]:
    return page.locator(".column-rows > li > b").all_inner_texts()


def test_columns_are_dragged_and_moved_by_keyboard(page: Page, board: Server) -> None:
    page.goto(f"{board.url}/settings/projects/PONE/")
    assert names(page)[:3] == ["Backlog", "To do", "In progress"]
    rows = page.locator(".column-rows > li")
    rows.nth(2).drag_to(rows.nth(0), target_position={"x": 200, "y": 2})
    expect(page.locator(".toast")).to_contain_text("The columns are reordered.")
    expect(page.locator(".column-rows > li > b").first).to_have_text("In progress")
    page.get_by_role("button", name="Move In progress down").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".column-rows > li > b").nth(1)).to_have_text("In progress")
    expect(page.get_by_role("button", name="Move In progress down")).to_be_focused()
    page.keyboard.press("Control+z")
    expect(page.locator(".column-rows > li > b").first).to_have_text("In progress")
    lanes = board.api("GET", "swim-lanes/?project=PONE").json()["results"]
    assert [lane["name"] for lane in lanes][:3] == ["In progress", "Backlog", "To do"]


def test_backup_is_looked_at_and_restored(page: Page, board: Server, tmp_path: Path) -> None:
    make_item(board, "in the backup")
    page.goto(f"{board.url}/settings/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Back up the database").click()
    file = tmp_path / "saved.db"
    download.value.save_as(file)
    make_item(board, "made afterwards")
    page.locator("#s-restore > summary").click()
    page.locator("#restore input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Check the backup").click()
    items = page.get_by_role("row", name="Items")
    here = len(board.api("GET", "work-items/?limit=1000").json()["results"])
    expect(items.locator("td")).to_have_text([str(here - 1), str(here)])
    page.get_by_label("Replace this board with the backup").check()
    page.get_by_role("button", name="Restore the backup").click()
    page.wait_for_url(f"{board.url}/board/PONE/")
    expect(page.get_by_text("in the backup")).to_be_visible()
    expect(page.get_by_text("made afterwards")).to_have_count(0)
    make_item(board, "made on the restored board")
    expect(page.get_by_text("made on the restored board")).to_be_visible()
    [kept] = (board.config / "backups").glob("before-restore-*.db")
    with closing(sqlite3.connect(kept)) as old:
        titles = {title for (title,) in old.execute("SELECT title FROM projects_workitem")}
    assert "made afterwards" in titles
    poll(lambda: not list(board.config.glob(".backup-*")))
