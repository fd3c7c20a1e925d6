from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve, reverse

from projects.models import User
from projects.team.administrators import PAGES, AdministratorPages

ARGUMENTS = {
    **{name: [uuid.uuid4()] for name in ("settings-active", "settings-kind", "settings-check")},
    "settings-check-add": ["PONE"],
}


def status_of(path: str, user: User | AnonymousUser) -> int | None:
    """Return the status of the refusal, or None."""
    request = RequestFactory().post(path)
    request.user, request.resolver_match = user, resolve(path)
    answer = AdministratorPages(lambda request: HttpResponse()).process_view(request)
    return None if answer is None else answer.status_code


def path_of(name: str) -> str:
    if name.startswith("sync-"):
        return f"/settings/sync/{'interval' if name == 'sync-change' else name.removeprefix('sync-')}/"
    return reverse(name, args=ARGUMENTS.get(name, ()))


@pytest.mark.parametrize("name", PAGES)
def test_only_administrators_change_the_server_and_other_users(name: str) -> None:
    path = path_of(name)
    assert resolve(path).url_name == name
    assert status_of(path, User(username="bob")) == 403
    assert status_of(path, User(username="ada", is_superuser=True)) is None
    assert status_of(path, AnonymousUser()) is None


@pytest.mark.parametrize("path", ["/settings/", "/settings/people/", "/", "/api/v1/sync/enable/"])
def test_other_pages_are_for_everybody(path: str) -> None:
    assert status_of(path, User(username="bob")) is None
