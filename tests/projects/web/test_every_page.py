"""Pages for people are all known, so that accessibility, size and hostile texts are checked on each."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from projects.models import Project, User, WorkItem
from tests.browser.every_page import NOT_PAGES, OF_A_ROW, address, addresses, patterns
from tests.torture.board import PAGES

pytestmark = pytest.mark.django_db


def test_what_is_not_listed_as_something_else_is_a_page(browser: Client, project: Project, user: User) -> None:
    WorkItem.objects.create(actor=user, project=project, item_type="task", title="One")
    wrong = {}
    for pattern in patterns():
        path = address(pattern, "PONE", "PONE-1")
        if path is None:
            wrong |= {} if pattern.name in OF_A_ROW else {pattern.name: "needs a row"}
            continue
        answer = browser.get(path, HTTP_ACCEPT="text/html")
        is_page = answer.status_code == 200 and b"<html" in answer.content
        if is_page is (pattern.name in NOT_PAGES):
            wrong[pattern.name] = answer.status_code
    assert wrong == {}
    assert {str(pattern.name) for pattern in patterns()} >= NOT_PAGES | OF_A_ROW


def test_scenarios_with_hostile_texts_visit_every_page() -> None:
    assert set(addresses("PONE", "PONE-1")) <= set(PAGES)


# What is code, and what people can't see.
_NO_WORDS = re.compile(r"<(script|style|code|pre|kbd|template|title)\b.*?</\1>|<[^>]*>", re.DOTALL)
# Names of fields, statuses and rows as the program spells them.
_RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|[\da-f]{8}-[\da-f]{4}-[\da-f-]+")


def test_no_page_shows_raw_words(browser: Client) -> None:
    assert browser.post("/settings/projects/example/").status_code < 400
    found = {}
    for path in [*addresses("DEMO", "DEMO-10"), "/?overview", "/search/?q=map", "/list/DEMO/?status=in_progress,todo"]:
        page = browser.get(path, HTTP_ACCEPT="text/html").content.decode()
        found[path] = _RAW.findall(_NO_WORDS.sub(" ", page))
    assert {path: words for path, words in found.items() if words} == {}
