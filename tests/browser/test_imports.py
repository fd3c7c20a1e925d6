"""Imports in a real browser: what a file would change, the fields that say where it goes, and the way to the result."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests import trackers_files
from tests.browser.pages import paused
from tests.processes import Server


def test_file_is_checked_before_it_is_imported(page: Page, board: Server, tmp_path: Path) -> None:
    page.goto(f"{board.url}/settings/")
    bad = tmp_path / "bad.json"
    bad.write_text('{"schema_version": 1, "projects": [{"id": "<b>x</b>", "key": "TWO"}]}')
    page.get_by_label("File", exact=True).set_input_files(bad)
    expect(page.locator("[data-answer] li").first).to_contain_text("row 0")  # a file that is chosen is checked at once
    expect(page.get_by_role("button", name="Import", exact=True)).not_to_be_visible()
    cut = tmp_path / "cut.json"
    cut.write_text('{\n "users": [],\n "projects": [\n  {"id": "5f0c7a50')
    page.get_by_label("File", exact=True).set_input_files(cut)
    expect(page.locator("[data-answer] li").first).to_contain_text("the file is cut off")
    expect(page.get_by_label("From")).to_have_value("")
    good = tmp_path / "good.json"
    project = {"id": "5f0c7a50-8b0c-4a7e-9f44-0d3a1c0d9a01", "key": "TWO", "title": "Second"}
    project |= {"created_at": "2026-01-01T00:00:00Z", "created_by": "5f0c7a50-8b0c-4a7e-9f44-0d3a1c0d9a02"}
    comments = [{"content": "long" * 20_000}]  # the form is known by what comes after it
    good.write_text(json.dumps({"comments": comments, "schema_version": 1, "projects": [project]}, indent=1))
    page.get_by_label("File", exact=True).set_input_files(good)
    expect(page.get_by_label("From")).to_have_value("")
    expect(page.locator("[data-answer] li").first).to_contain_text("comments, row 0")
    good.write_text(json.dumps({"schema_version": 1, "projects": [project]}))
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("[data-answer]")).to_contain_text("The file was changed since it was chosen; choose it again.")
    page.get_by_label("File", exact=True).set_input_files(good)
    page.get_by_role("button", name="Check the file").click()  # no browser reports the same file again
    expect(page.locator("[data-answer]")).to_contain_text("This is what the import would do")
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_focused()
    assert len(board.api("GET", "projects/").json()["results"]) == 1
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("[data-answer]")).to_contain_text("Imported.")
    imported = page.locator("[data-answer]").get_by_role("link")
    expect(imported).to_have_text("Open TWO")
    expect(imported).to_have_attribute("href", "/board/TWO/")
    page.goto(f"{board.url}/settings/projects/")
    expect(page.locator("#sp-TWO")).to_be_visible()


def test_work_of_another_tracker_is_imported(page: Page, board: Server, tmp_path: Path) -> None:
    file = tmp_path / "issues.jsonl"
    file.write_bytes(trackers_files.beads().read())
    page.goto(f"{board.url}/settings/")
    form = page.get_by_role("form", name="Import a file")
    form.get_by_label("File", exact=True).set_input_files(file)
    expect(form.get_by_label("From")).to_have_value("beads")
    status, ready = form.get_by_role("status"), form.get_by_role("button", name="Import", exact=True)
    expect(ready).to_be_visible()
    key = form.get_by_label("Key")
    with page.expect_request("**project=&title=From+beads"):
        form.get_by_label("Into").select_option("")
    expect(ready).to_be_visible()  # checked again, without another click
    key.fill("9")
    expect(status).to_contain_text("A key has 2 to 20 letters")
    expect(ready).not_to_be_visible()
    with paused(board):
        with page.expect_request("**project=old&**"):
            key.fill("old")
        with page.expect_event("requestfailed"), page.expect_request("**project=beads&**"):
            key.fill("beads")  # the page takes no answer to the old one any more
        expect(ready).not_to_be_visible()
    expect(ready).to_be_visible()
    expect(key).to_be_focused()
    expect(status).to_contain_text("This is what the import would do:")
    expect(status.get_by_role("row", name="items 3")).to_be_visible()
    status.get_by_text("Renamed values").click()
    expect(status).to_contain_text("blocks becomes blocked by")
    status.get_by_text("Problems that don't stop the import: 2").click()
    expect(status).to_contain_text("the type gate is unknown")
    form.get_by_role("button", name="Import").click()
    expect(status).to_contain_text("Imported. Open BEADS")
    page.goto(f"{board.url}/items/bd-1.1/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Read the file")


def test_import_offers_the_project_that_one_comes_from(page: Page, board: Server) -> None:
    for key in ("ABC", "XYZ"):
        board.api("POST", "projects/", json={"key": key, "title": key.lower()})
    page.goto(f"{board.url}/list/PONE/")
    page.goto(f"{board.url}/settings/")
    expect(page.locator("[name=project]")).to_have_value("PONE")  # the last one
    other = page.context.new_page()
    other.goto(f"{board.url}/list/XYZ/")
    page.goto(f"{board.url}/settings/", referer=f"{board.url}/items/ABC-1/")
    expect(page.locator("[name=project]")).to_have_value("ABC")


def test_folder_that_is_dropped_is_checked_at_once(page: Page, board: Server, tmp_path: Path) -> None:
    folder = tmp_path / "backlog"
    for name, text in trackers_files.BACKLOG.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{board.url}/settings/")
    form = page.get_by_role("form", name="Import a file")
    form.get_by_label("From").select_option("csv")
    form.get_by_label("Into").select_option("")
    expect(form.get_by_label("Title")).to_have_value("From CSV")
    form.get_by_label("Title").fill("")
    place = form.get_by_label("From").bounding_box()
    assert place is not None
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": place["x"], "y": place["y"], "data": data})
    status = form.get_by_role("status")
    expect(status.get_by_role("row", name="items 7")).to_be_visible()
    expect(form.get_by_label("Title")).to_have_value("From Backlog.md")
    expect(status).to_contain_text("Kept in the description, as pm has no field for them")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    form.get_by_role("button", name="Import").click()
    expect(status).to_contain_text("Imported.")
    page.goto(f"{board.url}/items/decision-1/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Use SQLite")
