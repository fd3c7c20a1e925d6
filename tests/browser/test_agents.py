"""The pages for agents and activity in a real browser: leases, hand-over, notes, undo, and keys."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.pages import item, make_item
from tests.processes import Server


def act(server: Server, name: str, method: str, path: str, **body: Any) -> Any:
    """Send a request of an agent's session. Each test has its own: the server's workers remember sessions."""
    headers = {"X-PM-Actor": "claude", "X-PM-Session": f"name={name}&program=claude&branch=topic"}
    answer = server.api(method, path, json=body, headers=headers)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def test_item_is_handed_over_and_back_with_a_note(page: Page, board: Server) -> None:
    key = make_item(board, "Read files")
    act(board, "one", "POST", f"work-items/{key}/begin/")
    act(board, "two", "POST", "news/seen/", cursor=0)
    page.goto(f"{board.url}/board/PONE/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    lane = page.locator(".run:not(.quiet)")
    expect(lane).to_contain_text("Working")
    expect(lane.locator("[data-left]")).to_have_text("60 min left")
    bar = lane.locator("progress")
    before = float(bar.evaluate("bar => bar.value"))
    page.wait_for_function("([bar, before]) => bar.value < before", arg=[bar.element_handle(), before])
    lane.get_by_role("button", name="Hand over").focus()
    page.keyboard.press("Enter")
    page.locator("#hand-over-to").select_option(label="claude two on topic, idle")
    page.get_by_role("textbox", name="Note").fill("UTF-16 is missing")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text(f"{key} is handed over to claude two.")
    expect(page.locator(".run", has_text="two")).to_contain_text("1 unread note")
    assert act(board, "two", "POST", "work-items/begin/", project="PONE")["notes"][0]["text"] == "UTF-16 is missing"
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".run", has=page.get_by_text("one", exact=True)).locator(".held")).to_contain_text(key)
    page.locator(".held").get_by_role("button", name="End the claim").click()
    expect(page.locator(".held [data-error]")).to_contain_text("claude")
    page.get_by_role("button", name="End it").click()
    expect(page.locator(".held")).to_have_count(0)
    assert item(board, key)["claimed_by"] is None


def test_lane_follows_the_session_and_opens_its_item_beside_it(page: Page, board: Server) -> None:
    key = make_item(board, "Read files")
    act(board, "three", "POST", f"work-items/{key}/begin/")
    page.goto(f"{board.url}/agents/")
    page.evaluate("window.loaded = 1")
    act(board, "three", "POST", f"work-items/{key}/note/", content="Latin-1 works")
    expect(page.locator(".run:not(.quiet) .story")).to_contain_text("noted “Latin-1 works”")
    act(board, "three", "POST", "questions/", work_item=key, text="Which encoding?")
    expect(page.locator(".run:not(.quiet)")).to_contain_text("claim paused while a question waits")
    page.locator(".held-title a").click()
    expect(page.locator("#panel")).to_contain_text("Read files")
    assert page.url.endswith(f"/agents/?item={key}")
    assert page.evaluate("window.loaded") == 1


def test_activity_is_filtered_unfolded_and_undone(page: Page, board: Server) -> None:
    key = make_item(board, "Read files")
    act(board, "four", "PATCH", f"work-items/{key}/", priority="high")
    page.goto(f"{board.url}/activity/PONE/")
    page.locator("#facet-actor summary").click()
    page.get_by_label("claude", exact=True).check()
    expect(page).to_have_url(f"{board.url}/activity/PONE/?actor=claude")
    expect(page.locator(".block")).to_have_count(1)
    block = page.locator(".block")
    expect(block).to_contain_text("Changed priority")
    block.locator("summary").click()
    block.get_by_role("button", name="Undo").click()
    expect(page.locator("#announcer")).to_have_text("Undone.")
    page.locator("#filters-clear").click()
    expect(page.locator(".block").first).not_to_contain_text("claude")
    assert item(board, key)["priority"] == "medium"
