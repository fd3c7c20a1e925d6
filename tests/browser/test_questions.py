"""A person answers in a real browser, and a command gets the answer."""

from __future__ import annotations

import json
import subprocess

from playwright.sync_api import Page, expect

from tests.browser.pages import make_item, pm, show
from tests.processes import DEADLINE, MANAGE, Server, environment


def test_answer_on_the_page_reaches_a_command_that_waits(page: Page, board: Server) -> None:
    key = make_item(board, "Item")
    asked = ("--choice", "SQLite", "--choice", "Postgres", "--details", "*Why*")
    pm(board.directory, "ask", key, "Which database?", *asked)
    show(page, board, key)
    question = page.locator("#i-questions")
    expect(question).to_contain_text("Which database?")
    with subprocess.Popen(
        [*MANAGE, "pm", "wait", key], cwd=board.directory, env=environment(), stdout=subprocess.PIPE
    ) as waiting:
        question.get_by_role("button", name="Postgres").click()
        expect(page.locator("#announcer")).to_have_text(f"{key}.q1 answered.")
        expect(question).to_contain_text("answered: Postgres")
        out, _ = waiting.communicate(timeout=DEADLINE)
    assert json.loads(out)["answer"] == "Postgres"
    page.locator(".toast [data-undo]").click()
    expect(question.get_by_role("button", name="Postgres")).to_be_visible()
    [note] = pm(board.directory, "news")["notes"]
    assert note["text"] == f"The answer to {key}.q1 was taken back; do not go on with it: Postgres"
    question.get_by_role("button", name="SQLite").click()
    expect(question).to_contain_text("answered: SQLite")
    pm(board.directory, "ask", key, "Anything else?")  # appears without a reload, and takes a text
    question.get_by_label("Answer", exact=True).fill("No,\nthat is all")
    question.get_by_role("button", name="Answer", exact=True).click()
    expect(question).to_contain_text("that is all")
    expect(question.get_by_role("textbox")).to_have_count(0)
