from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from projects.models import Activity, Comment, LoginTicket, User, WorkItem
from projects.models.exceptions import NotYours
from tests.projects.conftest import bearer
from tests.projects.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def link() -> str:
    return f"/login/{LoginTicket.objects.issue(30)[0]}/"


def test_link_signs_in_the_superuser_of_this_machine(link: str) -> None:
    client = Client()
    response = client.get(link)
    assert (response.status_code, response["Location"]) == (303, "/")
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    cookie = response.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    user = User.objects.get()
    assert user.username == getpass.getuser()
    assert (user.is_superuser, user.is_staff, user.has_usable_password()) == (True, True, False)
    assert client.get("/admin/").status_code == 200


def test_link_works_once(link: str) -> None:
    Client().get(link)
    client = Client()
    response = client.get(link)
    assert response.status_code == 410
    assert b"pm server open" in response.content
    assert response["Cache-Control"] == "no-store"
    assert settings.SESSION_COOKIE_NAME not in client.cookies


def test_expired_or_unknown_link_says_what_to_do(link: str) -> None:
    LoginTicket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for path in (link, "/login/unknown/"):
        response = Client().get(path)
        assert response.status_code == 410
        assert b"pm server open" in response.content


@pytest.mark.parametrize(
    "header", [{"HTTP_PURPOSE": "prefetch"}, {"HTTP_SEC_PURPOSE": "prefetch;prerender"}, {"HTTP_X_MOZ": "prefetch"}]
)
def test_prefetch_does_not_spend_the_link(link: str, header: dict[str, str]) -> None:
    client = Client()
    response = client.get(link, **header)
    assert (response.status_code, response.content) == (204, b"")
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    assert client.get(link).status_code == 303


def test_head_does_not_spend_the_link(link: str) -> None:
    assert Client().head(link).status_code == 204
    assert Client().get(link).status_code == 303


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/admin/projects/project/", "/admin/projects/project/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_login_link_redirects_only_within_the_site(link: str, wanted: str, target: str) -> None:
    assert Client().get(link, {"next": wanted})["Location"] == target


def test_session_fixation_is_prevented(link: str) -> None:
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    client.get(link)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_user_of_that_name_becomes_the_owner(link: str) -> None:
    user = User.objects.actor(getpass.getuser())
    assert not user.is_superuser
    Client().get(link)
    user.refresh_from_db()
    assert user.is_superuser


@pytest.mark.django_db(transaction=True)
def test_concurrent_uses_of_a_link_sign_in_once() -> None:
    link = f"/login/{LoginTicket.objects.issue(30)[0]}/"
    statuses = at_once(8, lambda _: Client().get(link).status_code)
    assert sorted(statuses) == [303] + [410] * 7


PROGRAM = {"HTTP_X_PM_ACTOR": "claude", "HTTP_X_PM_SESSION": "program=claude&via=CLAUDECODE&id=1"}


def test_change_through_the_link_of_an_agent_is_marked(running: None, make_item: Callable[..., WorkItem]) -> None:
    item, browser = make_item(), Client()
    browser.get(bearer(**PROGRAM).post("/api/v1/login-links/").json()["url"])
    assert browser.post("/items/PONE-1/field/title/", {"version": "1", "value": "New"}).status_code == 200
    change = Activity.objects.of(item).latest("id")
    assert (change.actor.username, change.via) == (getpass.getuser(), "claude")
    assert f"{getpass.getuser()} (through a link of claude)" in browser.get("/items/PONE-1/").content.decode()
    rows = bearer().get("/api/v1/activity/?fields=actor,via").json()["results"]
    assert rows[-1] == {"actor": getpass.getuser(), "via": "claude"}


def test_link_of_an_agent_does_not_act_as_a_person(running: None, make_item: Callable[..., WorkItem]) -> None:
    make_item()
    WorkItem.objects.update(idle_leases=3)
    decision = Comment.objects.create(
        actor=User.objects.actor("bot"), work_item=WorkItem.objects.get(), content="So be it", kind="decision"
    )
    browser = Client()
    browser.get(bearer(**PROGRAM).post("/api/v1/login-links/").json()["url"])
    page = browser.get(f"/admin/projects/user/{decision.created_by_id}/change/").content.decode()
    assert 'name="is_agent"' not in page
    browser.post("/items/PONE-1/field/title/", {"version": "1", "value": "New"})
    assert WorkItem.objects.get().is_stuck
    through = User.objects.get(username=getpass.getuser())
    through.via = "claude"
    with pytest.raises(NotYours, match="not through a login link of claude"):
        decision.confirm(actor=through)


def test_link_of_a_person_is_not_marked(link: str, make_item: Callable[..., WorkItem]) -> None:
    make_item()
    browser = Client()
    browser.get(link)
    browser.post("/items/PONE-1/field/title/", {"version": "1", "value": "New"})
    assert Activity.objects.latest("id").via == ""
    assert 'name="is_agent"' in browser.get(f"/admin/projects/user/{User.objects.owner().pk}/change/").content.decode()


def test_link_that_a_marked_browser_asks_for_is_marked(running: None, make_item: Callable[..., WorkItem]) -> None:
    """An agent's browser must not get rid of the mark by signing in once more."""
    item, first, second = make_item(), Client(), Client()
    first.get(bearer(**PROGRAM).post("/api/v1/login-links/").json()["url"])
    answer = first.post("/api/v1/login-links/", content_type="application/json")
    second.get(answer.json()["url"])
    assert second.post("/items/PONE-1/field/title/", {"version": "1", "value": "New"}).status_code == 200
    assert Activity.objects.of(item).latest("id").via == "claude"
