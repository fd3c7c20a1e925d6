"""Characters that hide or reorder text, in `pm` and on pages; what is written from right to left stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from projects.client import lines, prime, render, terminal
from projects.hidden_characters import MARK, hides, reveal
from projects.models import Comment, Project, User, WorkItem
from projects.web.hidden_texts import _SUSPICIOUS, reveal_html

BIDI = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
UNSEEN = [*BIDI, "\u200b", "\u2060", "\ufeff", "\u180e", "\x85", "\x9b", "\x7f", "\U000e0041", "\u200e", "\u200d"]
LEGITIMATE = [
    *("שלום עולם (v2)", "مرحبا 123", "می\u200cخواهم", "👨\u200d👩\u200d👧", "क्\u200dष", "א\u200f(ב)"),
    *("naïve — “quoted” …",),
]


@pytest.mark.parametrize("sign", UNSEEN)
def test_hidden_character_is_shown(sign: str) -> None:
    assert reveal(f"a{sign}b") == f"a{MARK}b"
    assert terminal.clean(f"a{sign}b") == f"a{MARK}b"
    assert _SUSPICIOUS.search(f"a{sign}b".encode())


@pytest.mark.parametrize("text", LEGITIMATE)
def test_legitimate_text_stays(text: str) -> None:
    assert not hides(text)
    assert terminal.clean(text) == text


def test_lines_of_pm_show_hidden_characters() -> None:
    row = {"key": "PONE-1", "status": "todo", "title": "photo\u202egnp.exe", "assignee": "ad\u200bmin"}
    assert lines.draw({"work_items": [row]}) == f"PONE-1 todo photo{MARK}gnp.exe @ad{MARK}min"
    assert prime._line("a\u2067b\x1b[31m") == f"a{MARK}b{MARK}[31m"


def test_json_of_pm_escapes_hidden_characters() -> None:
    text = render.to_json({"title": "a\u202e\U000e0041é\x7f"}, None)
    assert text == '{"title":"a\\u202e\\udb40\\udc41é\\u007f"}'


def test_html_keeps_what_forms_send_back() -> None:
    html = '<p title="a\u202e">b\u202e</p><input value="c\u202e"><textarea name="x">\nd\u202e</textarea>e\u202e'
    assert reveal_html(html) == (
        f'<p title="a{MARK}">b{MARK}</p><input value="c\u202e"><textarea name="x">\nd\u202e</textarea>e{MARK}'
    )


@pytest.fixture
def hostile(project: Project, make_item: Callable[..., WorkItem]) -> WorkItem:
    """An item with an override in each of its texts."""
    actor = User.objects.actor("eve\u0301")
    item = make_item("photo\u202egnp.exe", labels=["lab\u2066el"], description="de\u200bscription", status="todo")
    Comment(work_item=item, content="com\u2069ment").insert(actor=actor)
    project.update(actor=actor, title="pro\u202dject")
    return item


PAGES = ("/items/PONE-1/", "/board/PONE/", "/?overview")


@pytest.mark.parametrize("path", [*PAGES, "/admin/projects/workitem/"])
def test_pages_show_hidden_characters(browser: Client, hostile: WorkItem, path: str) -> None:
    text = browser.get(path, headers={"accept": "text/html"}).content.decode()
    seen = re.sub(r"<textarea.*?</textarea>|<[^<>]*>", " ", text, flags=re.S)
    assert f"photo{MARK}gnp.exe" in seen
    assert not hides(seen.replace(MARK, ""))
    assert not any(sign in text for sign in ('title="photo\u202e', 'aria-label="photo\u202e'))


def test_toast_and_refusal_show_hidden_characters(browser: Client, hostile: WorkItem) -> None:
    saved = browser.post("/items/PONE-1/field/title/", {"value": "a\u202eb", "version": "1"})
    assert "%E2%80%AE" not in saved["PM-Toast"]
    assert "%EF%BF%BD" in saved["PM-Toast"]
    hostile.refresh_from_db()
    assert hostile.title == "a\u202eb"  # stored as it came
    refused = browser.post("/items/PONE-1/field/assignee/", {"value": "x\u202ey", "version": "2"})
    assert "\u202e" not in refused.content.decode() + refused.json()["error"]["message"]
