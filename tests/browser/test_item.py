"""An item's page in a real browser: edit in place, refusals, undo and live updates."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.pages import SOON, choose, comments, edit_field, error_of, item, make_item, pm, show
from tests.browser.test_board import HOSTILE
from tests.processes import Server

Start = Callable[..., Server]


def test_edit_text_by_keyboard_with_preview(page: Page, board: Server) -> None:
    key = make_item(board, "Old title")
    show(page, board, key)
    page.evaluate("window.loaded = 1")
    page.keyboard.press("e")
    text = page.get_by_label("Description, in Markdown")
    expect(text).to_be_focused()
    page.keyboard.type("Some text about PONE-1")
    text.evaluate("text => text.setSelectionRange(0, 4)")
    page.keyboard.press("Control+b")
    expect(text).to_have_value("**Some** text about PONE-1")
    page.locator("#i-editor").get_by_role("button", name="Task", exact=True).click()
    expect(text).to_have_value("- [ ] **Some** text about PONE-1")
    preview = page.locator("#i-editor .preview")
    expect(preview.locator("strong")).to_have_text("Some")
    expect(preview.get_by_role("link")).to_have_attribute("href", "/items/PONE-1/")
    text.press("Control+Enter")
    expect(page.locator("#i-read strong")).to_have_text("Some")
    expect(text).not_to_be_visible()
    expect(page.locator("#i-edit > summary")).to_be_focused()
    expect(page.locator(".toast")).to_contain_text(f"Description of {key} saved")
    page.locator("h1 button").press("Enter")
    title = page.locator("#field-pop").get_by_role("textbox")
    expect(title).to_be_focused()
    title.fill("New title")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("New title")
    expect(page.locator("h1 button")).to_be_focused()
    assert item(board, key)["version"] == 3
    page.keyboard.press("Control+z")
    expect(page.locator("h1")).to_contain_text("Old title")
    assert page.evaluate("window.loaded") == 1


def test_each_fact_is_saved_when_it_is_chosen(page: Page, board: Server) -> None:
    key, epic = make_item(board, "Item", labels=["old"]), make_item(board, "The epic", item_type="epic")
    make_item(board, "Other", labels=["known"], assignee="ada")
    show(page, board, key)
    choose(page, "status", "Review")
    expect(page.locator("#i-status")).to_have_text("Review")
    expect(page.locator("#i-status")).to_be_focused()
    page.keyboard.press("p")
    expect(page.locator("#field-pop").get_by_role("button", name="Medium")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#v-priority")).to_have_text("High")
    points = edit_field(page, "story_points").get_by_role("textbox")
    points.fill("lots")
    points.press("Enter")
    expect(error_of(page, "field-story_points")).to_have_text("Points: must be empty or a whole number from 0 to 100.")
    points.fill("8")
    page.locator("#i-read").click()  # elsewhere
    expect(page.locator("#v-story_points")).to_have_text("8")
    page.keyboard.press("a")
    expect(page.locator("#field-pop").get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("ad")
    page.keyboard.press("Enter")
    expect(page.locator("#v-assignee")).to_have_text("ada")
    edit_field(page, "parent").get_by_role("searchbox").fill("epic")
    page.keyboard.press("Enter")
    expect(page.locator("#i-path")).to_contain_text("The epic")
    edit_field(page, "labels").get_by_label("known").check()
    page.keyboard.press("Escape")
    expect(page.locator("#f-labels .label")).to_have_count(1)
    edit_field(page, "labels").get_by_label("known").check()
    page.locator("#field-pop [data-narrow]").fill("two words")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#f-labels .label")).to_have_count(3)
    page.get_by_role("button", name="Remove the label old").click()
    expect(page.locator("#f-labels .label")).to_have_count(2)
    found = item(board, key)
    assert [found[name] for name in ("status", "priority", "story_points", "assignee")] == ["review", "high", 8, "ada"]
    assert found["parent"] == epic
    assert sorted(found["labels"]) == ["known", "two words"]
    page.get_by_role("button", name="Assign to me").click()
    expect(page.locator("#v-assignee")).not_to_have_text("ada")
    edit_field(page, "assignee").get_by_role("searchbox").fill("adda")
    page.keyboard.press("Enter")
    expect(error_of(page, "field-assignee")).to_have_text("Assignee: there is no user adda; similar names: ada.")
    page.get_by_role("button", name="Create this person and save").click()
    expect(page.locator("#v-assignee")).to_have_text("adda")


def test_conflicting_edit_keeps_typed_text_and_can_be_forced(page: Page, board: Server) -> None:
    key = make_item(board, "Old", description="Old text")
    show(page, board, key)
    page.keyboard.press("e")
    page.get_by_label("Description, in Markdown").fill("My text")
    pm(board.directory, "work-item", "update", key, "--title", "By the agent", "--priority", "high")
    expect(page.locator("h1")).to_contain_text("By the agent", timeout=SOON)
    expect(page.get_by_label("Description, in Markdown")).to_have_value("My text")
    page.locator("#i-editor").get_by_role("button", name="Save", exact=True).click()
    expect(error_of(page, "i-editor")).to_contain_text("llm changed title to “By the agent”, priority to “high”")
    expect(page.get_by_label("Description, in Markdown")).to_have_value("My text")
    assert item(board, key)["description"] == "Old text"
    page.get_by_role("button", name="Save mine anyway").click()
    expect(page.locator("#i-read")).to_contain_text("My text")
    found = item(board, key)
    assert [found[name] for name in ("title", "description", "priority")] == ["By the agent", "My text", "high"]


def test_two_texts_are_shown_together_and_none_is_lost(page: Page, board: Server) -> None:
    key = make_item(board, "One", description="first\nsecond\nthird")
    show(page, board, key)

    text, box = page.get_by_label("Description, in Markdown"), page.locator("#i-editor .conflict")

    def conflict(number: int) -> None:
        page.keyboard.press("e")
        text.fill(f"first\nmine {number}\nthird")
        theirs = f"first\ntheirs <b>{number}</b>\nthird"
        pm(board.directory, "work-item", "update", key, "--description", theirs)
        page.keyboard.press("Control+Enter")
        expect(box.locator("del")).to_have_text(["−", f"− theirs <b>{number}</b>"])
        expect(box.locator("ins")).to_have_text(["+", f"+ mine {number}"])
        expect(text).to_have_value(f"first\nmine {number}\nthird")

    conflict(1)
    page.keyboard.press("Enter")  # Use mine
    expect(page.locator("#i-read")).to_contain_text("mine 1")
    expect(box).to_have_count(0)
    conflict(2)
    box.get_by_role("button", name="Use theirs").click()
    expect(text).to_have_value("first\ntheirs <b>2</b>\nthird")
    box.get_by_role("button", name="Put mine back").click()
    expect(text).to_have_value("first\nmine 2\nthird")
    box.get_by_role("button", name="Use theirs").click()
    page.locator("#i-editor").get_by_role("button", name="Save", exact=True).click()
    expect(text).not_to_be_visible()
    assert item(board, key)["description"] == "first\ntheirs <b>2</b>\nthird"
    conflict(3)
    page.locator("#i-editor").get_by_role("button", name="Cancel").click()
    expect(box).to_have_count(0)
    conflict(4)
    text.fill("both")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#i-read")).to_have_text("both")
    assert item(board, key)["description"] == "both"


def test_error_goes_with_cancel(page: Page, board: Server) -> None:
    key = make_item(board, "Item", description="Old text")
    show(page, board, key)
    points = edit_field(page, "story_points").get_by_role("textbox")
    points.fill("lots")
    points.press("Enter")
    expect(error_of(page, "field-story_points")).to_contain_text("must be empty or a whole number")
    page.locator("#field-pop").get_by_role("button", name="Cancel").click()
    expect(page.locator(".error:visible")).to_have_count(0)
    expect(edit_field(page, "story_points").get_by_role("textbox")).to_have_value("")
    expect(error_of(page, "field-story_points")).to_be_empty()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.get_by_label("Description, in Markdown").fill("My text")
    pm(board.directory, "work-item", "update", key, "--description", "By the agent")
    page.locator("#i-editor").get_by_role("button", name="Save", exact=True).click()
    expect(error_of(page, "i-editor")).to_contain_text("llm changed description")
    page.locator("#i-editor").get_by_role("button", name="Cancel").click()
    page.keyboard.press("e")
    expect(page.get_by_label("Description, in Markdown")).to_be_visible()
    expect(error_of(page, "i-editor")).to_be_empty()
    expect(page.locator(".conflict")).to_have_count(0)


def test_refused_done_names_the_children_and_can_be_forced(page: Page, board: Server) -> None:
    story = make_item(board, "Parent", item_type="story")
    show(page, board, story)
    page.get_by_label("Title of the new child").fill("Child")
    page.keyboard.press("Enter")
    expect(page.locator("#i-children")).to_contain_text("0 of 1 done")
    expect(page.get_by_label("Title of the new child")).to_be_focused()
    edit_field(page, "status").get_by_role("button", name="Done").click()
    expect(error_of(page, "field-status")).to_have_text("PONE-1 has open children: PONE-2.")
    expect(page.locator("#announcer")).to_contain_text("has open children")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator("#field-pop")).to_have_count(0)
    edit_field(page, "status").get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Mark as done anyway").click()
    expect(page.locator("#i-status")).to_have_text("Done")
    assert item(board, story)["status"] == "done"


def test_pick_dependency_by_words_and_explain_cycle(page: Page, board: Server) -> None:
    one, two = make_item(board, "Draw the map"), make_item(board, "Parse GPX files")
    make_item(board, "Parse the command line")
    show(page, board, one)
    other = page.get_by_label("Other item")
    other.focus()
    page.keyboard.type("parse")
    offers = page.locator("#i-offers button")
    expect(offers).to_have_count(2)
    page.keyboard.type(" g")
    expect(offers).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(offers.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#l-blocked-by")).to_contain_text("Parse GPX files")
    expect(offers).to_have_count(0)
    expect(other).to_have_value("")
    page.get_by_label("Kind of dependency").select_option("blocks")
    other.fill(two.lower())
    other.press("Enter")
    expect(error_of(page, "i-link")).to_have_text(
        f"That would create a cycle: {one} blocks {two} blocks {one}.", use_inner_text=True
    )
    expect(other).to_have_value(two.lower())
    page.get_by_role("button", name="Close the message").click()
    expect(error_of(page, "i-link")).to_be_empty()
    expect(page.get_by_role("button", name="Close the message")).to_have_count(0)
    page.get_by_role("button", name=f"Remove: blocked by {two}").click()
    expect(page.locator("#l-none")).to_be_visible()
    assert page.evaluate("document.activeElement !== document.body")
    page.locator(".toast").get_by_role("button", name="Undo: Dependency removed").click()
    expect(page.locator("#l-blocked-by")).to_contain_text("Parse GPX files")


def test_comments_are_written_edited_and_deleted(page: Page, board: Server) -> None:
    key = make_item(board, "Item")
    board.api("POST", "comments/", json={"work_item": key, "content": "Of the agent"})
    show(page, board, key)
    page.get_by_label("Comment", exact=True).fill("First thought")
    page.get_by_role("button", name="Comment", exact=True).click()
    mine = page.locator("#i-comments .rows > li", has_text="First thought")
    expect(mine).to_be_visible()
    assert page.locator("#i-comments summary", has_text="Edit").count() == 1
    mine.get_by_text("Edit", exact=True).click()
    mine.get_by_label("Comment, in Markdown").fill("Second *thought*")
    expect(mine.locator(".preview em")).to_have_text("thought")
    mine.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#i-comments .fold > .text em")).to_have_text("thought")
    mine = page.locator("#i-comments .rows > li", has_text="Second")
    mine.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete this comment").click()
    expect(mine).to_have_count(0)
    assert comments(board, key) == ["Of the agent"]


def test_timer_reports_the_one_it_stopped_and_time_is_added(page: Page, board: Server) -> None:
    one, two = make_item(board, "One"), make_item(board, "Two")
    show(page, board, one).get_by_role("button", name="Start the timer").click()
    expect(page.get_by_role("button", name="Stop the timer")).to_be_visible()
    show(page, board, two).get_by_role("button", name="Start the timer").click()
    expect(page.locator("#announcer")).to_have_text(f"Timer started on {two}; stopped the one on {one}.")
    page.get_by_role("button", name="Stop the timer").click()
    expect(page.get_by_role("button", name="Start the timer")).to_be_visible()
    page.get_by_text("Add time manually").click()
    expect(page.get_by_label("Spent")).to_be_focused()
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    expect(error_of(page, "i-spent")).to_contain_text("write it like 1h 30m")
    page.get_by_label("Spent").fill("1h 30m")
    page.keyboard.press("Enter")
    expect(page.locator("#h-time")).to_contain_text("1 h 30 min")
    expect(page.get_by_label("Spent")).not_to_be_visible()


def test_history_is_readable_undoable_and_paged(page: Page, board: Server) -> None:
    key = make_item(board, "First")
    pm(board.directory, "work-item", "update", key, "--title", "Second", "--assignee", "ada", "--new-user", "person")
    show(page, board, key)
    line = page.locator("#i-history .rows > li").first
    expect(line).to_contain_text("assignee nothing → ada")
    line.get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.locator("h1")).to_contain_text("First")
    expect(page.locator("#i-history .rows > li").first).to_contain_text("title Second → First")
    page.locator("#i-history .rows > li").nth(1).get_by_role("button", name=re.compile("^Undo")).click()
    expect(page.locator("#i-history")).to_contain_text("Changed in the meantime")
    board.api("POST", "comments/", json={"work_item": key, "content": "Another change"})
    expect(page.locator("#i-comments")).to_contain_text("Another change", timeout=SOON)
    expect(page.locator("#i-history")).to_contain_text("Changed in the meantime")
    for number in range(30):
        board.api("PATCH", f"work-items/{key}/", json={"title": f"Title {number}"})
    expect(page.locator("h1")).to_contain_text("Title 29")
    page.get_by_role("link", name="Older").click()
    expect(page.locator("#i-history")).to_contain_text("created it")
    expect(page).to_have_url(re.compile(r"\?before=\d+"))
    page.go_back()
    expect(page.locator("#i-history")).not_to_contain_text("created it")


def test_confirm_and_undo_deletion_on_the_page(page: Page, board: Server) -> None:
    story = make_item(board, "Parent", item_type="story")
    make_item(board, "Child", parent=story)
    show(page, board, story)
    page.get_by_label("More actions").click()
    page.get_by_text("Delete…").click()
    expect(page.locator("#i-deleter")).to_contain_text("and its 1 descendant")
    expect(page.locator("#i-deleter .danger")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#i-deleted")).to_contain_text("Deleted")
    assert board.api("GET", "work-items/?project=PONE").json()["results"] == []
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("#i-deleted")).to_have_count(0)
    assert len(board.api("GET", "work-items/?project=PONE").json()["results"]) == 2


def test_hostile_texts_do_nothing(page: Page, board: Server) -> None:
    board.api("PATCH", "projects/PONE/", json={"title": HOSTILE[0]})
    dates = {"start_date": "2026-01-01", "end_date": "2026-01-09"}
    epic = make_item(board, HOSTILE[1], item_type="epic")
    for text in HOSTILE:
        key = make_item(board, text, labels=[text[:50]], description=text, assignee=text, parent=epic)
        sprint = board.api("POST", "sprints/", json={"project": "PONE", "name": text, "goal": text, **dates}).json()
        other, _ = (make_item(board, f"{text} again", item_type="story") for _ in range(2))
        changed = {"title": f"{text}!", "description": f"{text}\n{text}", "labels": [], "sprint": sprint["id"]}
        assert board.api("PATCH", f"work-items/{key}/", json=changed).status_code == 200
        board.api("POST", "comments/", json={"work_item": key, "content": f"[a]({text}) {text}"})
        board.api("POST", "dependencies/", json={"blocking_item": other, "blocked_item": key})
        board.api("POST", "time-entries/start/", json={"work_item": key, "description": text})
        show(page, board, key)
        page.keyboard.press("e")
        page.get_by_label("Description, in Markdown").fill(f"{text} [a]({text})")
        with page.expect_response("**/preview/"):
            page.get_by_label("Description, in Markdown").press("End")
            page.keyboard.type(" ")
        page.get_by_label("Other item").fill("again")
        expect(page.locator("#i-offers button").first).to_be_visible()
        edit_field(page, "story_points").get_by_role("textbox").fill(text)
        page.keyboard.press("Enter")
        expect(error_of(page, "field-story_points")).to_contain_text("Points:")
        page.keyboard.press("Escape")
        for name in ("title", "labels", "assignee", "sprint"):
            expect(edit_field(page, name)).to_be_visible()
            page.keyboard.press("Escape")
        edit_field(page, "parent").get_by_role("searchbox").fill("again")
        expect(page.locator("#field-pop .choices button:visible").first).to_be_visible()
        page.keyboard.press("Escape")
        for details in page.locator("#i-history details").all():
            details.evaluate("details => { details.open = true }")
        assert page.evaluate("window.hacked") is None
        harm = "main :is(script, img, [onerror], [onload], [onmouseover], [href^=javascript], [href^=data])"
        assert page.locator(harm).count() == 0
        assert page.locator("main svg:not(.icon)").count() == 0


def test_copied_key_is_in_the_clipboard(person: BrowserContext, page: Page, board: Server) -> None:
    key = make_item(board, "Item")
    person.grant_permissions(["clipboard-read", "clipboard-write"], origin=board.url)
    show(page, board, key)
    for name, copied in ((f"Copy {key}", key), ("Copy the pm command", f"pm work-item show {key}")):
        if copied != key:
            page.get_by_label("More actions").click()
        page.get_by_role("button", name=name).click()
        expect(page.locator("#announcer")).to_have_text("Copied.")
        assert page.evaluate("navigator.clipboard.readText()") == copied


def test_unsaved_text_is_kept_and_keys_save_or_close(page: Page, board: Server) -> None:
    key = make_item(board, "Item")
    show(page, board, key)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    text = page.locator("#i-content")
    text.fill("Half a thought")
    page.locator("#side").get_by_role("link", name="Board").click()
    expect(page).to_have_url(re.compile("/board/"))
    assert asked == ["beforeunload"]
    page.go_back()
    expect(text).to_have_value("Half a thought")
    text.press("Control+Enter")
    expect(page.locator("#i-comments .rows")).to_contain_text("Half a thought")
    expect(text).to_have_value("")
    page.keyboard.press("Tab")
    page.locator("#i-edit > summary").click()
    page.get_by_label("Description, in Markdown").press("Escape")
    expect(page.locator("#i-editor")).not_to_be_visible()
    page.reload()
    expect(text).to_have_value("")
    assert asked == ["beforeunload"]
    page.keyboard.press("e")
    page.get_by_label("Description, in Markdown").fill("Half a text")
    page.keyboard.press("Escape")
    expect(page.locator("#i-editor")).not_to_be_visible()
    page.keyboard.press("e")
    expect(page.get_by_label("Description, in Markdown")).to_have_value("Half a text")
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("e")
    expect(page.get_by_label("Description, in Markdown")).to_have_value("")
