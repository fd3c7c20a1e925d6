from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from projects.models import ApiToken, User
from projects.models.api_token import SCOPES, digest_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.actor("ada", is_agent=False)


def test_issue_stores_only_the_digest(ada: User) -> None:
    text, token = ApiToken.objects.issue(ada, " laptop ", ["write", "read"])
    assert text.startswith("pmt_")
    assert len(text) > 40
    row = ApiToken.objects.filter(pk=token.pk).values().get()
    assert row["digest"] == digest_of(text)
    assert text not in str(row)
    assert (row["name"], row["scopes"]) == ("laptop", "read write")
    assert timedelta(days=89) < row["expires_at"] - timezone.now() < timedelta(days=91)


def test_find_returns_the_usable_token_only(ada: User) -> None:
    text, token = ApiToken.objects.issue(ada, "laptop", ["read"])
    assert ApiToken.objects.find(text) == token
    assert ApiToken.objects.find(text + "x") is None
    assert ApiToken.objects.find(digest_of(text)) is None
    assert ApiToken.objects.find("") is None


def test_find_refuses_a_revoked_token(ada: User) -> None:
    text, token = ApiToken.objects.issue(ada, "laptop", ["read"])
    token.revoke()
    assert ApiToken.objects.find(text) is None
    assert token.state == "revoked"


def test_find_refuses_an_expired_token(ada: User) -> None:
    past = timezone.now() - timedelta(seconds=1)
    token = ApiToken.objects.create(user=ada, name="old", digest=digest_of("pmt_old"), scopes="read", expires_at=past)
    assert ApiToken.objects.find("pmt_old") is None
    assert token.state == "expired"


def test_find_refuses_the_token_of_a_user_who_left(ada: User) -> None:
    text, _ = ApiToken.objects.issue(ada, "laptop", ["read"])
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert ApiToken.objects.find(text) is None


@pytest.mark.parametrize(
    ("scopes", "life", "message"),
    [
        (["root"], timedelta(days=1), "unknown scope root; allowed: read"),
        ([], timedelta(days=1), "must name at least one"),
        (["read"], timedelta(0), "must be between 1 minute and 366 days"),
        (["read"], timedelta(days=367), "must be between 1 minute and 366 days"),
    ],
)
def test_issue_refuses(ada: User, scopes: list[str], life: timedelta, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ApiToken.objects.issue(ada, "laptop", scopes, life=life)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": " ".join(SCOPES)},
        {"expires_at": timezone.now() + timedelta(days=300)},
        {"digest": digest_of("pmt_mine")},
    ],
)
def test_scopes_expiry_and_digest_never_change(ada: User, changes: dict[str, object]) -> None:
    _, token = ApiToken.objects.issue(ada, "laptop", ["read"])
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        ApiToken.objects.filter(pk=token.pk).update(**changes)


def test_note_use_writes_once_a_minute(ada: User) -> None:
    _, token = ApiToken.objects.issue(ada, "laptop", ["read"])
    token.note_use()
    first = ApiToken.objects.get().last_used_at
    token.note_use()
    assert first is not None
    assert ApiToken.objects.get().last_used_at == first


def test_agent_gets_no_token_that_decides_for_people(ada: User) -> None:
    with pytest.raises(ValidationError, match="claude is an agent, and the scope person is for people"):
        ApiToken.objects.issue(User.objects.actor("claude"), "ci", ["read", "person"])
    assert ApiToken.objects.issue(ada, "laptop", ["person"])[1].has("person")
