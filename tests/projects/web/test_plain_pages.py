"""Pages that a visitor meets who is not signed in, and those of errors, in the look of the site."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory

from projects.models import User
from projects.web.views import errors

pytestmark = pytest.mark.django_db
HTML = {"HTTP_ACCEPT": "text/html"}
DJANGO = ("quality time", "Django", "Log in again", "View site")
LOOK = '<link rel="stylesheet" href="/style.css?v='


def signs_out(browser: Client) -> str:
    answer = browser.post("/admin/logout/", follow=True, **HTML)
    assert [url for url, _ in answer.redirect_chain] == ["/signed-out/"]
    return str(answer.content.decode())


def test_after_signing_out_the_page_says_how_to_come_back(browser: Client) -> None:
    page = signs_out(browser)
    assert not Session.objects.exists()
    assert "<code>pm server open</code>" in page
    assert LOOK in page
    assert "password" not in page.replace("no password is needed", "")
    assert not [word for word in DJANGO if word in page]


def test_signed_out_page_leads_who_is_signed_in_to_the_projects(browser: Client) -> None:
    assert browser.get("/signed-out/")["Location"] == "/"


def test_password_is_asked_for_only_where_a_user_has_one(client: Client, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes 0.3 s a time
    User.objects.owner()
    User.objects.create_user("bot", password="not staff")
    page = client.get("/admin/login/?next=/inbox/", **HTML).content.decode()
    assert "<code>pm server open</code>" in page
    assert 'type="password"' not in page
    User.objects.create_superuser("ada", password="right")
    page = client.get("/admin/login/?next=/inbox/", **HTML).content.decode()
    assert LOOK in page
    assert 'name="next" value="/inbox/"' in page
    wrong = client.post("/admin/login/", {"username": "ada", "password": "wrong"}, **HTML).content.decode()
    assert re.search('class="error" role="alert">Please enter the correct', wrong)
    right = client.post("/admin/login/", {"username": "ada", "password": "right", "next": "/inbox/"}, **HTML)
    assert right["Location"] == "/inbox/"
    assert "Sign in with a password" in signs_out(client)


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [("/nothing/", 404, "Page not found"), ("/board/PONE/move/", 405, "Method not allowed")],
)
def test_error_keeps_the_sidebar_of_who_is_signed_in(path: str, status: int, heading: str, browser: Client) -> None:
    answer = browser.get(path, **HTML)
    assert answer.status_code == status
    page = answer.content.decode()
    assert f"<h1>{heading}</h1>" in page
    assert 'id="side"' in page
    assert f"Error {status}" in page
    stranger = Client().get(path, **HTML).content.decode()
    assert f"<h1>{heading}</h1>" in stranger
    assert LOOK in stranger
    assert 'id="side"' not in stranger


def test_error_of_the_server_needs_neither_user_nor_frame(rf: RequestFactory) -> None:
    request = rf.get("/", **HTML)
    request.COOKIES["pm_theme"] = "dark"
    for answer, heading in (
        (errors.server_error(request), "Internal error"),
        (errors.unavailable(request, "the disk is full"), "Unavailable"),
        (errors.bad_request(request), "Bad request"),
    ):
        page = answer.content.decode()
        assert f"<h1>{heading}</h1>" in page
        assert 'data-theme="dark"' in page
        assert '<meta name="color-scheme" content="dark">' in page
    assert "The disk is full." in errors.unavailable(request, "the disk is full").content.decode()


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/docs/"])
def test_pages_of_others_wear_the_theme_of_the_site(path: str, browser: Client, running: object) -> None:
    page = browser.get(path, **HTML).content.decode()
    assert "/static/pm/css/tokens.css" in page
    assert 'id="topbar"' in page
    assert "theme.js" not in page
    assert re.search(r'value="system" aria-pressed="true"', page)
    browser.cookies["pm_theme"] = "dark"
    page = browser.get(path, **HTML).content.decode()
    assert '<meta name="color-scheme" content="dark">' in page
    assert "theme-dark" in page or 'class="dark-mode"' in page


def test_administration_names_each_status_as_the_board_does(browser: Client, running: object) -> None:
    page = browser.get("/admin/projects/workitem/", **HTML).content.decode()
    assert ">To do</a>" in page
    assert ">In progress</a>" in page
    assert "In Progress" not in page
    assert "Todo" not in page
