from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import ForcedAuthentication, Request
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from projects.api.urls import v1
from projects.models import ApiToken, User
from projects.team.permissions import NOBODY, HasScope, scope_of
from projects.team.roles import ADMINISTRATIVE

CLAIMING = {
    *("workitem-claim", "workitem-begin", "workitem-begin-next", "workitem-claim-next"),
    *("workitem-renew", "workitem-release", "workitem-back"),
}


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


class Match:
    """A resolved route."""

    def __init__(self, name: str) -> None:
        self.url_name = name


def scope(name: str, method: str) -> str:
    request = APIRequestFactory().generic(method, "/")
    vars(request)["resolver_match"] = Match(name)
    return scope_of(Request(request))


ROUTES = sorted(set(names(v1)))


@pytest.mark.parametrize("name", ROUTES)
def test_every_write_needs_more_than_read(name: str) -> None:
    if name in ("news-seen", "session-end"):  # they change what the caller's own session knows
        assert scope(name, "POST") == "read"
    elif name.startswith("sync") or (name in ADMINISTRATIVE and name != "login-links"):
        assert scope(name, "GET") == scope(name, "POST") == "admin"
    elif name.startswith("check-"):  # its command runs on the machines of all
        assert scope(name, "POST") == scope(name, "PATCH") == scope(name, "DELETE") == "admin"
        assert scope(name, "GET") == "read"
    elif name == "login-links":
        assert scope(name, "POST") == NOBODY
    else:
        assert scope(name, "POST") == ("claim" if name in CLAIMING else "write")
        assert scope(name, "DELETE") == scope(name, "PATCH") != "read"
        assert scope(name, "GET") == "read"


def test_nobody_gets_a_login_link() -> None:
    request = APIRequestFactory().post("/")
    vars(request)["resolver_match"] = Match("login-links")
    signed_in = Request(request, authenticators=[ForcedAuthentication(User(username="ada", is_superuser=True), None)])
    assert signed_in.user.is_superuser
    with pytest.raises(PermissionDenied, match="no login links"):
        HasScope().has_permission(signed_in, APIView())


def test_claiming_routes_exist() -> None:
    assert set(ROUTES) >= CLAIMING


@pytest.mark.django_db
def test_admin_token_ends_with_the_rights_of_its_user() -> None:
    owner = User.objects.owner()
    _, token = ApiToken.objects.issue(owner, "backup", ["admin"])
    request = APIRequestFactory().get("/")
    vars(request)["resolver_match"] = Match("backup")
    assert HasScope().has_permission(Request(request, authenticators=[ForcedAuthentication(owner, token)]), APIView())
    owner.is_superuser = False
    with pytest.raises(PermissionDenied, match="is not an administrator of this server any more"):
        HasScope().has_permission(Request(request, authenticators=[ForcedAuthentication(owner, token)]), APIView())
