from __future__ import annotations

import pytest
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from projects.api.callers import caller_of
from projects.models import ApiToken, User
from projects.models.exceptions import NotYours
from projects.team.authentication import TokenAuthentication

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("table")]
PROGRAM = "program=claude&via=CLAUDECODE&id=1"
TERMINAL = {"HTTP_X_PM_ACTOR_SOURCE": "terminal", "HTTP_X_PM_TERMINAL": "yes"}


@pytest.fixture
def ada() -> User:
    return User.objects.actor("ada", is_agent=False)


def acting(user: User, *scopes: str, **headers: str) -> User:
    """Return the user that a request with a new token of `user` acts as."""
    text, _ = ApiToken.objects.issue(user, "laptop", scopes or ("read",))
    request = Request(APIRequestFactory().post("/", HTTP_AUTHORIZATION=f"Bearer {text}", **headers))
    assert TokenAuthentication().authenticate(request) is not None
    caller = caller_of(request)
    assert caller is not None
    return caller.user()


def test_token_acts_as_its_user(ada: User) -> None:
    user = acting(ada, HTTP_X_PM_ACTOR="root", **TERMINAL)
    assert (user, user.via, user.source) == (ada, "a token", "terminal")


def test_terminal_is_the_person_only_with_the_scope_for_it(ada: User) -> None:
    with pytest.raises(NotYours, match="not through a token; do it in the browser, or log in with the scope person"):
        acting(ada, "read", "write", "claim", "admin", "act-as", **TERMINAL).check_person("accept")
    user = acting(ada, "person", **TERMINAL)
    user.check_person("accept")
    assert user.via == ""
    for headers in ({}, {**TERMINAL, "HTTP_X_PM_SESSION": PROGRAM}):
        with pytest.raises(NotYours):
            acting(ada, "person", **headers).check_person("accept")


def test_program_with_the_token_of_a_person_is_not_the_person(ada: User) -> None:
    script = acting(ada)
    assert (script, script.via) == (ada, "a script")
    with pytest.raises(NotYours, match="only a person can accept, and not through a script"):
        script.check_person("accept")


def test_another_name_needs_act_as(ada: User) -> None:
    for source in ("as", "env", "program"):
        with pytest.raises(PermissionDenied, match="acts as ada, and X-PM-Actor names claude"):
            acting(ada, "read", "write", HTTP_X_PM_ACTOR="claude", HTTP_X_PM_ACTOR_SOURCE=source)
    with pytest.raises(PermissionDenied):
        acting(ada, "read", "admin", HTTP_X_PM_ACTOR="claude")
    assert User.objects.named("claude") is None


def test_act_as_records_both_names(ada: User) -> None:
    user = acting(ada, "act-as", HTTP_X_PM_ACTOR="claude", HTTP_X_PM_ACTOR_SOURCE="program", HTTP_X_PM_SESSION=PROGRAM)
    assert (user.username, user.is_agent, user.via, user.source) == ("claude", True, "ada", "program")
    assert user.session_id
    with pytest.raises(NotYours):
        user.check_person("accept")


def test_act_as_never_acts_as_another_person(ada: User) -> None:
    User.objects.actor("maria", is_agent=False)
    with pytest.raises(PermissionDenied, match="maria is a person; a token can only act as an agent"):
        acting(ada, "act-as", HTTP_X_PM_ACTOR="maria", HTTP_X_PM_ACTOR_SOURCE="as")


def test_token_of_an_agent_ignores_the_name_of_its_program() -> None:
    bot = User.objects.actor("ci-bot")
    user = acting(bot, HTTP_X_PM_ACTOR="claude", HTTP_X_PM_ACTOR_SOURCE="program", HTTP_X_PM_SESSION=PROGRAM)
    assert (user.username, user.via) == ("ci-bot", "")


@pytest.mark.parametrize("header", ["Bearer pmt_unknown", "Bearer ", "Bearer", "Basic cm9vdDpyb290", "pmt_unknown"])
def test_other_credentials_are_refused(header: str) -> None:
    with pytest.raises(AuthenticationFailed, match="unknown, expired or revoked"):
        TokenAuthentication().authenticate(Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=header)))


def test_no_header_is_left_to_the_browser_session() -> None:
    assert TokenAuthentication().authenticate(Request(APIRequestFactory().get("/"))) is None
