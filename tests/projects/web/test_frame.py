"""The frame of all pages, without a browser: stylesheet, icons, sidebar, theme."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
from django.template import Context, Template
from django.test import Client

from projects.models import Project
from projects.web import icons, stylesheet
from projects.web.avatars import HUES, hue, initials
from tests.processes import CHECKOUT

pytestmark = pytest.mark.django_db
HTML = {"HTTP_ACCEPT": "text/html"}
TEMPLATES = CHECKOUT / "projects" / "web" / "templates"


def shown(browser: Client, path: str = "/?overview") -> str:
    return browser.get(path, **HTML).content.decode()


def test_stylesheet_is_one_file_that_may_be_kept_under_its_digest(browser: Client) -> None:
    [url] = re.findall(r'<link rel="stylesheet" href="([^"]+)"', shown(browser))
    answer = browser.get(url)
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer["Cache-Control"]
    assert browser.get("/style.css?v=older")["Cache-Control"] == "no-cache"
    for name in stylesheet.names():
        assert (stylesheet.FOLDER / f"{name}.css").read_bytes() in answer.content, name


def test_stylesheet_is_compressed_and_has_the_icons_that_its_rules_use(browser: Client) -> None:
    answer = browser.get("/style.css", HTTP_ACCEPT_ENCODING="gzip")
    assert answer["Content-Encoding"] == "gzip"
    rules = gzip.decompress(answer.content).decode()
    assert rules == stylesheet.stylesheet().content.decode()
    used = set(re.findall(r"var\((--icon-[a-z0-9-]+)\)", rules))
    assert "--icon-bug" in used
    for name in used:
        assert f'{name}: url("data:image/svg+xml,%3Csvg ' in rules


def test_stylesheet_begins_with_tokens_and_ends_with_print() -> None:
    names = stylesheet.names()
    assert names[:2] == ["tokens", "base"]
    assert names[-1] == "print"
    assert sorted(names) == sorted(path.stem for path in stylesheet.FOLDER.glob("*.css"))


def icon(arguments: str, **context: str) -> str:
    return Template("{% load icons %}{% icon " + arguments + " %}").render(Context(context))


def test_icon_is_hidden_unless_it_has_a_label() -> None:
    assert icon('"bug"') == '<svg class="icon" aria-hidden="true"><use href="/static/pm/icons.svg#bug"/></svg>'
    assert '<svg class="icon" role="img"><title>A &lt;bug&gt;</title>' in icon('"bug" label', label="A <bug>")


def test_unknown_icon_is_an_error() -> None:
    with pytest.raises(ValueError, match="no icon 'bugg'"):
        icon('"bugg"')


def test_every_icon_that_a_template_names_exists() -> None:
    named = {
        name for path in TEMPLATES.rglob("*.html") for name in re.findall(r'{% icon "([^"]+)"', path.read_text("utf-8"))
    }
    assert named
    assert named - icons.names() == set()


@pytest.mark.parametrize(
    ("path", "current"),
    [("/board/PONE/", "Board"), ("/inbox/", "Inbox"), ("/sprints/PONE/", "Sprints"), ("/settings/", "Settings")],
)
def test_sidebar_marks_the_page_it_is_on(path: str, current: str, browser: Client, project: Project) -> None:
    marked = re.findall(r'aria-current="page" title="(\w+)"', shown(browser, path))
    assert marked == [current]


def test_sidebar_leads_to_the_project_that_was_shown_last(
    browser: Client, make_project: Callable[..., Project]
) -> None:
    assert "/board/" not in shown(browser)
    for key in ("PONE", "PTWO"):
        make_project(key)
    board = re.compile(r'<a href="/board/(\w+)/" title="Board"')
    assert board.findall(shown(browser, "/inbox/")) == ["PONE"]
    browser.cookies["pm_project"] = "PTWO"
    assert board.findall(shown(browser, "/inbox/")) == ["PTWO"]
    browser.cookies["pm_project"] = "GONE"
    assert board.findall(shown(browser, "/inbox/")) == ["PONE"]


def test_theme_and_sidebar_are_in_the_page_from_the_start(browser: Client) -> None:
    assert '<html lang="en" data-theme="system" data-sidebar="open">' in shown(browser)
    answer = browser.post("/look/", {"theme": "dark", "sidebar": "folded", "next": "/settings/"})
    assert (answer.status_code, answer["Location"]) == (302, "/settings/")
    page = shown(browser)
    assert '<html lang="en" data-theme="dark" data-sidebar="folded">' in page
    assert '<meta name="color-scheme" content="dark">' in page
    assert re.search(r'value="dark" aria-pressed="true"', page)
    assert 'aria-expanded="false" aria-controls="side"' in page


@pytest.mark.parametrize("value", ["", "blue", '"><script>'])
def test_unknown_theme_is_refused_and_one_in_a_cookie_ignored(value: str, browser: Client) -> None:
    refused = browser.post("/look/", {"theme": value})
    assert refused.status_code == 400
    assert "system, light, dark" in refused.json()["error"]["message"]
    browser.cookies["pm_theme"] = value
    assert 'data-theme="system"' in shown(browser)


def test_look_returns_only_to_this_site(browser: Client, client: Client) -> None:
    assert browser.post("/look/", {"theme": "dark", "next": "https://elsewhere.example/"})["Location"] == "/"
    browser.logout()
    assert browser.post("/look/", {"theme": "dark"}).status_code == 401


@pytest.mark.parametrize(
    ("name", "letters"), [("ada", "AD"), ("Grace Hopper", "GH"), ("x", "X"), ("jean-luc p.", "JL"), ("--", "?")]
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters
    assert 0 <= hue(name) < HUES
