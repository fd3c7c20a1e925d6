"""Files in a real browser: pasted, dropped and chosen, shown in texts, removed and brought back."""

from __future__ import annotations

import base64
import re

from playwright.sync_api import Page, expect

from tests.browser.pages import make_item, open_board, show
from tests.processes import Server

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
BRING = """([place, type, name, data]) => {
    const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0)), transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type: "image/png" }));
    const init = { bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer };
    const event = type === "paste" ? new ClipboardEvent(type, init) : new DragEvent(type, init);
    document.querySelector(place).dispatchEvent(event);
    return event.defaultPrevented;
}"""


def bring(page: Page, place: str, type: str, name: str, data: str = PIXEL) -> None:
    assert page.evaluate(BRING, [place, type, name, data])


def test_pasted_dropped_and_chosen_files_are_shown_and_removed(page: Page, board: Server) -> None:
    key = make_item(board, "With pictures")
    show(page, board, key)
    comment = page.get_by_label("Comment", exact=True)
    comment.fill("Look: ")
    comment.press("End")
    bring(page, "#i-content", "paste", "shot.png")
    expect(comment).to_have_value(re.compile(r"^Look: !\[shot\.png\]\(/attachments/[0-9a-f-]{36}/\)$"))
    expect(page.locator("#i-comment .preview img")).to_have_js_property("naturalWidth", 1)
    comment.press("Control+Enter")
    expect(page.locator("#l-comments img")).to_have_js_property("naturalWidth", 1)
    page.locator("#i-edit > summary").click()
    bring(page, "#i-editor textarea", "drop", "second.png")
    expect(page.get_by_label("Description, in Markdown")).to_have_value(re.compile(r"second\.png"))
    page.get_by_label("Description, in Markdown").press("Control+Enter")  # it may still be sent: saving waits
    expect(page.locator("#i-read img")).to_have_js_property("naturalWidth", 1)
    chosen = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"<script>alert(1)</script>"}
    page.locator("#i-attach input[type=file]").set_input_files([chosen])
    rows = page.locator("#l-attachments > li")
    expect(rows).to_have_count(3)
    large = {"name": "large.bin", "mimeType": "image/png", "buffer": bytes((5 << 20) + 1)}
    page.locator("#i-attach input[type=file]").set_input_files([large])
    expect(page.locator("#i-attach [data-error]")).to_contain_text("large.bin has more than 5 MiB")
    page.get_by_role("button", name="Remove shot.png").click()
    expect(rows).to_have_count(2)
    expect(page.locator("#l-comments .missing")).to_have_text("shot.png: This picture was removed")
    page.locator(".toast").get_by_role("button", name="Undo: shot.png removed").click()
    expect(rows).to_have_count(3)
    expect(page.locator("#l-comments img")).to_have_js_property("naturalWidth", 1)


def test_toolbar_of_the_panel_attaches_a_file(page: Page, board: Server) -> None:
    key = make_item(board, "In the panel")
    open_board(page, board, f"?item={key}")
    panel = page.locator("#panel")
    panel.get_by_label("Comment", exact=True).click()
    picture = {"name": "a.png", "mimeType": "image/png", "buffer": base64.b64decode(PIXEL)}
    with page.expect_file_chooser() as chooser:
        panel.locator("#i-comment").get_by_role("button", name="Attach a file").click()
    chooser.value.set_files([picture])
    expect(panel.get_by_label("Comment", exact=True)).to_have_value(re.compile(r"!\[a\.png\]"))


def test_text_from_right_to_left_reorders_nothing_beside_it(page: Page, board: Server) -> None:
    key = make_item(board, "שלום 12", assignee="אבא", status="todo")
    hostile = make_item(board, "photo\u202egnp.exe", status="todo")
    board.api("POST", "comments/", json={"work_item": key, "content": "שלום עולם, 12 (v2)."})
    open_board(page, board)
    card = page.locator(f'[data-card][data-key="{hostile}"]')
    expect(card).to_contain_text("photo\ufffdgnp.exe")
    show(page, board, key)
    # The key is left of the title, and the number of a Hebrew title left of its word.
    places = page.evaluate("""() => {
        const range = document.createRange(), text = document.querySelector("#i-name").firstChild;
        const left = (from, to) => {
            range.setStart(text, from);
            range.setEnd(text, to);
            return range.getBoundingClientRect().left;
        };
        return [left(0, 4), left(5, 7)];
    }""")
    assert places[1] < places[0]
    end = page.evaluate("""() => {
        const text = document.querySelector("#l-comments .text p").firstChild, range = document.createRange();
        range.setStart(text, text.length - 1); range.setEnd(text, text.length);
        const all = document.createRange(); all.selectNodeContents(text.parentElement);
        return range.getBoundingClientRect().left - all.getBoundingClientRect().left;
    }""")
    assert end < 5  # the full stop ends the sentence on its left
