from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from projects.models import ApiToken, DeviceCode, User
from projects.models import device_code as module
from projects.models.exceptions import Conflict, NotYours

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.actor("ada", is_agent=False)


def test_approved_code_is_redeemed_once(ada: User) -> None:
    secret, code = DeviceCode.objects.issue("laptop", ["read", "write"], "10.0.0.1")
    assert re.fullmatch("[A-Z]{4}-[A-Z]{4}", str(code))
    assert DeviceCode.objects.redeem(secret) is None
    code.answer(ada, is_approved=True)
    issued = DeviceCode.objects.redeem(secret)
    assert issued is not None
    text, token = issued
    assert ApiToken.objects.find(text) == token
    assert (token.user, token.name, token.scopes) == (ada, "laptop", "read write")
    with pytest.raises(NotYours, match="expired or was used"):
        DeviceCode.objects.redeem(secret)


def test_denied_code_gives_no_token(ada: User) -> None:
    secret, code = DeviceCode.objects.issue("laptop", ["read"], "10.0.0.1")
    code.answer(ada, is_approved=False)
    with pytest.raises(NotYours, match="ada denied"):
        DeviceCode.objects.redeem(secret)
    assert not ApiToken.objects.exists()


def test_code_expires(ada: User) -> None:
    secret, code = DeviceCode.objects.issue("laptop", ["read"], "10.0.0.1")
    DeviceCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Conflict, match="has expired"):
        code.answer(ada, is_approved=True)
    with pytest.raises(NotYours):
        DeviceCode.objects.redeem(secret)
    assert DeviceCode.objects.named(str(code)) is None


def test_second_answer_is_refused(ada: User) -> None:
    _, code = DeviceCode.objects.issue("laptop", ["read"], "10.0.0.1")
    code.answer(ada, is_approved=False)
    with pytest.raises(Conflict, match="answered already"):
        code.answer(ada, is_approved=True)


def test_agent_approves_nothing() -> None:
    _, code = DeviceCode.objects.issue("laptop", ["read"], "10.0.0.1")
    with pytest.raises(NotYours, match="only a person"):
        code.answer(User.objects.actor("claude"), is_approved=True)


def test_only_an_administrator_approves_the_scope_admin(ada: User) -> None:
    _, code = DeviceCode.objects.issue("laptop", ["admin"], "10.0.0.1")
    with pytest.raises(NotYours, match="administrator"):
        code.answer(ada, is_approved=True)
    code.answer(User.objects.owner(), is_approved=True)


def test_code_is_found_as_people_type_it() -> None:
    _, code = DeviceCode.objects.issue("laptop", ["read"], "10.0.0.1")
    assert DeviceCode.objects.named(f" {str(code).lower().replace('-', ' ')}") == code
    assert DeviceCode.objects.named("") is None
    assert DeviceCode.objects.named("AAAA-AAAA") is None


def test_number_of_open_codes_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 2)
    for _ in range(2):
        DeviceCode.objects.issue("laptop", ["read"], "10.0.0.1")
    with pytest.raises(Conflict, match="too many sign-ins"):
        DeviceCode.objects.issue("laptop", ["read"], "10.0.0.1")
    DeviceCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    DeviceCode.objects.issue("laptop", ["read"], "10.0.0.1")


@pytest.mark.parametrize(
    ("mine", "other"),
    [(["10.0.0.1"] * 3, "10.0.0.2"), (["2001:db8::1", "2001:db8::2", "2001:DB8::ffff"], "2001:db8:0:1::1")],
)
def test_one_address_does_not_take_the_codes_of_others(
    monkeypatch: pytest.MonkeyPatch, mine: list[str], other: str
) -> None:
    monkeypatch.setattr(module, "MAX_OF_NETWORK", 2)
    for address in mine[:2]:
        DeviceCode.objects.issue("laptop", ["read"], address)
    with pytest.raises(Conflict, match="too many sign-ins"):
        DeviceCode.objects.issue("laptop", ["read"], mine[2])
    DeviceCode.objects.issue("laptop", ["read"], other)
