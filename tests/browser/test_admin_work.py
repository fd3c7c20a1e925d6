"""Work in the administration by mouse and keyboard: items, bulk actions, sprints and concurrent edits."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.pages import item, make_item, signed_in
from tests.processes import Server

ITEMS = "/admin/projects/workitem/"


def make_sprint(server: Server, name: str) -> str:
    dates = {"start_date": "2026-01-05", "end_date": "2026-01-16"}
    answer = server.api("POST", "sprints/", json={"project": "PONE", "name": name, **dates})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def open_item(page: Page, server: Server, key: str) -> None:
    page.goto(f"{server.url}{ITEMS}{item(server, key)['id']}/change/")


def choose(page: Page, label: str, text: str, found: str) -> None:
    """Type into an autocomplete and choose the result, by keyboard alone."""
    page.get_by_role("combobox", name=label).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".select2-search__field")).to_be_focused()
    page.keyboard.type(text)
    expect(page.get_by_role("option", name=found)).to_be_visible()
    expect(page.locator(".select2-results__option")).to_have_count(1)
    page.keyboard.press("Enter")


def save(page: Page) -> None:
    page.locator("[name=_continue]").first.click()


def test_item_page_changes_the_item_and_what_belongs_to_it(person: BrowserContext, board: Server) -> None:
    make_item(board, "Story", item_type="story")
    make_item(board, "Task", labels=["old"])
    make_item(board, "Blocker")
    make_sprint(board, "Soon")
    page = signed_in(person, board)
    open_item(page, board, "PONE-2")
    choose(page, "Parent:", "pone-1", "PONE-1 Story")
    choose(page, "Sprint:", "soon", "Soon")
    choose(page, "Add a dependency:", "blocker", "PONE-3 Blocker")
    page.get_by_label("Labels:").fill("ui, two words")
    page.get_by_label("Add a comment:").fill("First **comment**")
    save(page)
    expect(page.locator(".success")).to_contain_text("changed successfully")
    expect(page.get_by_role("navigation", name="Hierarchy")).to_contain_text("PONE-1 Story")
    expect(page.locator(".field-dependencies")).to_contain_text("PONE-3 Blocker")
    expect(page.locator(".field-comments")).to_contain_text("First **comment**")
    expect(page.locator(".field-activity")).to_contain_text("sprint – → Soon")
    found = item(board, "PONE-2")
    assert (found["parent"], found["labels"]) == ("PONE-1", ["ui", "two words"])
    page.get_by_role("link", name="View page").click()
    expect(page).to_have_url(f"{board.url}/items/PONE-2/")
    expect(page.locator("body")).to_contain_text("First comment")


def test_refused_change_is_explained_and_keeps_typed_values(person: BrowserContext, board: Server) -> None:
    make_item(board, "Story", item_type="story")
    make_item(board, "Task", parent="PONE-1")
    page = signed_in(person, board)
    open_item(page, board, "PONE-1")
    page.get_by_label("Status:").select_option("done")
    page.get_by_label("Add a comment:").fill("Half a thought")
    save(page)
    expect(page.locator(".errorlist").first).to_contain_text("open children: PONE-2")
    expect(page.get_by_label("Add a comment:")).to_have_value("Half a thought")
    assert item(board, "PONE-1")["status"] == "backlog"


def test_conflicting_edit_can_be_reviewed_and_saved_again(person: BrowserContext, board: Server) -> None:
    make_item(board, "Before")
    page = signed_in(person, board)
    open_item(page, board, "PONE-1")
    board.api("PATCH", "work-items/PONE-1/", json={"title": "By the agent", "priority": "high"})
    page.get_by_label("Title:").fill("By the person")
    save(page)
    expect(page.locator(".errorlist").first).to_contain_text("llm updated title, priority")
    expect(page.locator(".field-title .errorlist")).to_contain_text("llm changed it to: By the agent")
    expect(page.get_by_label("Priority:")).to_have_value("high")
    expect(page.get_by_label("Title:")).to_have_value("By the person")
    assert item(board, "PONE-1")["title"] == "By the agent"
    save(page)
    expect(page.locator(".success")).to_be_visible()
    assert [item(board, "PONE-1")[name] for name in ("title", "priority")] == ["By the person", "high"]


def test_bulk_action_puts_items_into_a_sprint(person: BrowserContext, board: Server) -> None:
    make_item(board, "Epic", item_type="epic")
    for number in range(3):
        make_item(board, f"Task {number}")
    make_sprint(board, "Soon")
    page = signed_in(person, board)
    page.goto(f"{board.url}{ITEMS}?item_type__exact=task")
    page.locator("#action-toggle").check()
    page.get_by_label("Action:").select_option("set_sprint")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Set the sprint of 3 work items")
    choose(page, "Sprint:", "so", "Soon")
    page.get_by_role("button", name="Set the sprint").click()
    expect(page.locator(".success")).to_have_text("3 set to Soon.")
    expect(page).to_have_url(re.compile("item_type__exact=task"))
    expect(page.locator("td.field-sprint")).to_have_text(["Soon"] * 3)


def test_start_and_complete_sprint_with_a_target(person: BrowserContext, board: Server) -> None:
    now, _ = make_sprint(board, "Now"), make_sprint(board, "Then")
    make_item(board, "Left", sprint=now)
    page = signed_in(person, board)
    page.goto(f"{board.url}/admin/projects/sprint/{now}/change/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".success")).to_have_text("1 started.")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator("body")).to_contain_text("PONE-1 Left")
    choose(page, "Move unfinished items to:", "then", "Then")
    page.get_by_role("button", name="Complete").click()
    expect(page.locator(".messagelist")).to_contain_text("Moved to Then: PONE-1.")
    expect(page.get_by_role("button", name="Start")).to_have_count(0)


def test_delete_item_with_descendants_and_restore(person: BrowserContext, board: Server) -> None:
    make_item(board, "Story", item_type="story")
    make_item(board, "Task", parent="PONE-1")
    page = signed_in(person, board)
    open_item(page, board, "PONE-1")
    page.get_by_role("link", name="Delete").first.click()
    expect(page.locator("#deleted-objects")).to_have_text("PONE-2 Task")
    page.get_by_role("button", name="Yes").click()
    assert board.api("GET", "work-items/PONE-2/").status_code == 404
    page.goto(f"{board.url}{ITEMS}?deleted=yes")
    page.get_by_role("link", name="PONE-1", exact=True).click()
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".success")).to_have_text("1 restored.")
    assert item(board, "PONE-2")["parent"] == "PONE-1"


def test_project_created_in_popup_is_selected(person: BrowserContext, board: Server) -> None:
    page = signed_in(person, board)
    page.goto(f"{board.url}/admin/projects/sprint/add/")
    with page.expect_popup() as opened:
        page.locator("#add_id_project").click()
    popup = opened.value
    popup.get_by_label("Key:").fill("NEW")
    popup.get_by_label("Title:").fill("From a popup")
    popup.locator("[name=_save]").first.click()
    expect(page.get_by_role("combobox", name="Project:")).to_contain_text("NEW From a popup")
