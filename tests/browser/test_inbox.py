"""The inbox in a real browser: worked off by keyboard, live, and with notifications."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

from tests.browser.pages import SOON, make_item
from tests.browser.waiting import KINDS, ask, fill, hand_in
from tests.processes import Server, poll, scaled

WITHIN = 180  # seconds for ten entries
ENTRY = "[data-entry]"


class Keyboard:
    """Presses keys as a person does, and counts them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keys = 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.keys += len(text)


def open_inbox(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/inbox/")
    return page


def settle_current(keyboard: Keyboard, text: str) -> None:
    """Settle the current entry with the first key that it offers, and a text if it asks for one."""
    entry = keyboard.page.locator("[data-current]")
    pk = entry.get_attribute("id")
    offered = [str(key) for key in entry.locator("[data-act]").evaluate_all("all => all.map(one => one.dataset.act)")]
    key = next((key for key in ("a", "1") if key in offered), "r")
    keyboard.press(key)
    if key == "r":
        keyboard.type(text)
        keyboard.press("Enter")
    expect(keyboard.page.locator(f"#{pk}")).to_have_count(0)


def test_ten_entries_are_worked_off_by_keyboard_alone(page: Page, board: Server) -> None:
    fill(board)
    page.goto(f"{board.url}/board/PONE/")
    expect(page).to_have_title("(10) PONE board · pm")
    page.get_by_role("link", name="Inbox").focus()
    keyboard = Keyboard(page)
    begin = time.monotonic()
    keyboard.press("Enter")
    expect(page.locator(ENTRY)).to_have_count(len(KINDS))
    assert page.locator(ENTRY).evaluate_all("all => all.map(one => one.classList[1])") == list(KINDS)
    page.evaluate("window.loaded = 1")
    for _ in KINDS:
        settle_current(keyboard, "Name, telephone and e-mail")
    expect(page.locator("#inbox-empty")).to_contain_text("Nothing needs you")
    seconds = time.monotonic() - begin
    print(f"{len(KINDS)} entries: {keyboard.keys} keys, {seconds:.1f} s")
    assert seconds < scaled(WITHIN)
    assert page.evaluate("window.loaded") == 1
    expect(page.locator("#inbox-count")).to_be_hidden()
    expect(page).to_have_title("Inbox · pm")
    rows = board.api("GET", "questions/?fields=display_key,answer").json()["results"]
    assert [row["answer"] for row in rows] == ["UTF-8", "Yes", "Name, telephone and e-mail"]
    found_items = board.api("GET", "work-items/?project=PONE&include_done=true&limit=20").json()["results"]
    status = {row["display_key"]: row["status"] for row in found_items}
    assert [status[f"PONE-{number}"] for number in (4, 5, 6, 7)] == ["done", "done", "backlog", "todo"]


def test_messages_say_what_was_settled_and_undo_a_review(page: Page, board: Server) -> None:
    for title in ("one", "two"):
        hand_in(board, make_item(board, title), "done")
    ask(board, make_item(board, "three"), "Which one?", choices=["This", "That"])
    open_inbox(page, board)
    page.keyboard.press("2")
    expect(page.locator("#toasts")).to_contain_text("PONE-3.q1 is answered: That")
    expect(page.get_by_role("link", name="Open PONE-3")).to_have_attribute("href", "/items/PONE-3/")
    page.keyboard.press("Control+z")
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    expect(page.get_by_role("heading", name="Which one?")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("2")
    expect(page.get_by_role("heading", name="Which one?")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.locator("#toasts")).to_contain_text("PONE-1 is done.")
    expect(page.locator(ENTRY)).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(ENTRY)).to_have_count(2)
    assert board.api("GET", "work-items/PONE-1/").json()["status"] == "review"


def test_keys_move_reply_and_send_back(page: Page, board: Server) -> None:
    ask(board, make_item(board, "Read files"), "Which encoding?", choices=["UTF-8"])
    for title in ("Parse the header", "Undo after a merge"):
        hand_in(board, make_item(board, title), "12 new tests pass")
    open_inbox(page, board)
    current = page.locator("[data-current]")
    expect(current).to_contain_text("Which encoding")
    for key in ("k", "j", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    expect(current).to_contain_text("Parse the header")
    expect(current).to_be_focused()
    expect(current).to_contain_text("12 new tests pass")
    page.keyboard.press("r")
    page.keyboard.type("a Reads no empty fields")  # no key of the page
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("See PONE-1")
    page.keyboard.press("Escape")
    expect(current).to_be_focused()
    ask(board, "PONE-1", "Which version?")
    expect(page.locator(ENTRY)).to_have_count(4, timeout=SOON)
    page.keyboard.press("r")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("PONE-2 is sent back.")
    expect(page.get_by_role("link", name="Open PONE-2")).to_have_attribute("href", "/items/PONE-2/")
    expect(current).to_contain_text("Undo after a merge")
    (review,) = board.api("GET", "reviews/?work_item=PONE-2&fields=answer,verdict").json()["results"]
    assert (review["answer"], review["verdict"]) == ("a Reads no empty fields\nSee PONE-1", "sent_back")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next entry")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/PONE-3/")


def test_inbox_follows_the_board_and_says_who_was_faster(page: Page, board: Server) -> None:
    item = make_item(board, "An item")
    open_inbox(page, board)
    expect(page.locator("#inbox-empty")).to_be_visible()
    ask(board, item, "Blue or red?", choices=["Blue", "Red"])
    expect(page.locator("[data-current]")).to_contain_text("Blue or red?", timeout=SOON)
    expect(page).to_have_title("(1) Inbox · pm")
    page.get_by_label("Your answer").fill("Green")
    ask(board, item, "Large or small?")
    expect(page.locator(ENTRY)).to_have_count(2, timeout=SOON)
    expect(page.get_by_label("Your answer").first).to_have_value("Green")
    page.route("**/live/**", lambda route: route.abort())
    answer = board.api("POST", f"questions/{item}.q1/withdraw/", json={}, headers={"X-PM-Actor": "claude"})
    assert answer.ok, answer.text
    page.get_by_role("button", name="Answer").first.click()
    expect(page.locator("[data-error]", has_text="another user was faster")).to_be_visible()
    page.unroute("**/live/**")


def test_notification_names_new_entries_only(page: Page, board: Server) -> None:
    page = page.context.new_page()  # of its own, for the script
    item = make_item(board, "An item")
    ask(board, item, "An old one?")
    page.context.grant_permissions(["notifications"], origin=board.url)
    page.add_init_script(
        """window.shown = [];
        window.Notification = class extends Notification {
          constructor(title, options) { super(title, options); shown.push([title, options.body, options.tag]); } };
        document.hasFocus = () => false;"""
    )
    open_inbox(page, board)
    button = page.locator("#inbox-alerts")
    expect(button).to_have_text("Notify me")
    with page.expect_response("**/inbox/notifications/"):
        button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    ask(board, item, "A new one?")
    (shown,) = poll(lambda: page.evaluate("shown"), what="a notification")
    assert shown[:2] == [f"Question: {item}.q2", "An item"]
    page.goto(f"{board.url}/board/PONE/")
    page.goto(f"{board.url}/inbox/#{shown[2]}")
    expect(page.locator("[data-current]")).to_contain_text("A new one?")
    assert page.evaluate("shown") == []
    page.locator("#inbox-alerts").click()
    expect(page.locator("#inbox-alerts")).to_have_text("Notify me")


def test_criterion_is_ticked_by_its_number_and_the_review_accepted(page: Page, board: Server) -> None:
    item = make_item(board, "Parse the header")
    for text in ("It works", "It is fast"):
        assert board.api("POST", "criteria/", json={"work_item": item, "text": text}).status_code == 201
    hand_in(board, item, "Parses")
    page.goto(f"{board.url}/inbox/")
    accept = page.get_by_role("button", name="Accept", exact=False).first
    expect(accept).not_to_have_class("primary")
    page.locator(ENTRY).focus()
    page.keyboard.press("2")
    expect(page.get_by_role("checkbox", name="It is fast")).to_be_checked()
    expect(page.get_by_role("checkbox", name="It works")).not_to_be_checked()
    expect(accept).to_have_class("primary")
    expect(page.locator(ENTRY)).to_have_count(1)
    page.keyboard.press("a")
    expect(page.locator("#inbox-empty")).to_be_visible()
