from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from django.contrib.auth import authenticate
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from pmsite.config import ConfigError
from pmsite.team_environment import calls_per_minute
from projects.api.exceptions import handle
from projects.models import ApiToken, User
from projects.team import limits, throttling
from projects.team.authentication import TokenAuthentication
from projects.team.limits import Limit, Limiter

NOW = 1_000_000_000.0
THREE = Limit("attempts", 3, 60)
MANY = Limit("calls", 10, 60, 4)
TEMPLATES = Path(throttling.__file__).parent / "templates"
BACKENDS = ["projects.team.throttling.PasswordLimits", "django.contrib.auth.backends.ModelBackend"]


def rows() -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ends_at, used FROM team_ratelimit ORDER BY ends_at")
        return list(cursor.fetchall())


def taken(limiter: Limiter, limit: Limit, count: int, now: float = NOW) -> int:
    """Return how many of `count` attempts are allowed."""
    return sum(limiter.take([(limit, "ada")], now) is None for _ in range(count))


def test_limit_holds_until_the_period_ends(table: None) -> None:
    limiter = Limiter()
    assert taken(limiter, THREE, 5) == 3
    assert limiter.take([(THREE, "ada")], NOW) == (THREE, 20)
    assert limiter.take([(THREE, "bob")], NOW) is None
    assert taken(limiter, THREE, 5, NOW + 20) == 3


def test_workers_share_a_limit_and_never_exceed_it(table: None) -> None:
    workers = [Limiter() for _ in range(3)]
    assert sum(taken(workers[number % 3], MANY, 1) for number in range(40)) == 10


def test_worker_counts_most_calls_without_the_database(table: None, django_assert_num_queries: Any) -> None:
    limiter = Limiter()
    assert taken(limiter, MANY, 1) == 1
    with django_assert_num_queries(0):
        assert taken(limiter, MANY, 3) == 3
    taken(limiter, MANY, 10)
    with django_assert_num_queries(0):
        assert taken(limiter, MANY, 10) == 0


def test_success_gives_back_what_it_counted(table: None) -> None:
    limiter = Limiter()
    for _ in range(9):
        assert limiter.take([(THREE, "ada")], NOW) is None
        limiter.give_back([(THREE, "ada")])
    assert taken(limiter, THREE, 5) == 3


def test_clock_of_a_node_that_is_behind_ends_no_period(table: None) -> None:
    assert taken(Limiter(), THREE, 3) == 3
    assert taken(Limiter(), THREE, 3, NOW - 60) == 0


def test_what_is_over_is_forgotten(table: None) -> None:
    limiter = Limiter()
    taken(limiter, THREE, 1)
    assert len(rows()) == 1
    limiter.take([(MANY, "bob")], NOW + 61)
    assert [used for _, used in rows()] == [4]


def test_addresses_of_one_network_count_together() -> None:
    assert limits.network("203.0.113.7") == "203.0.113.7"
    assert limits.network("2001:db8:1:2::1") == limits.network("2001:db8:1:2:ffff::9")
    assert limits.network("2001:db8:1:2::1") != limits.network("2001:db8:1:3::1")


def test_call_over_the_limit_says_when_to_come_back(table: None, settings: Any) -> None:
    settings.PM_CALLS_PER_MINUTE = 2
    text, _ = ApiToken.objects.issue(User.objects.actor("ada", is_agent=False), "laptop", ["read"])

    def call() -> None:
        request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {text}"))
        assert TokenAuthentication().authenticate(request)

    call()
    call()
    with pytest.raises(
        throttling.TooMany, match="too many calls of this token: at most 2 in a minute; try again"
    ) as over:
        call()
    answer = handle(over.value, {})
    assert answer is not None
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    error = answer.data["error"]
    assert (error["code"], error["retry_after"]) == ("RATE_LIMITED", int(answer.headers["Retry-After"]))


def test_unknown_tokens_of_one_address_are_limited_and_good_ones_go_on(table: None, settings: Any) -> None:
    settings.PM_CALLS_PER_MINUTE = 0
    text, _ = ApiToken.objects.issue(User.objects.actor("ada", is_agent=False), "laptop", ["read"])

    def status(token: str) -> type[Exception] | None:
        request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {token}"))
        try:
            TokenAuthentication().authenticate(request)
        except Exception as error:
            return type(error)
        return None

    # A minute may end meanwhile, but not two.
    found = [kind.__name__ for kind in map(status, (f"pmt_{number}" for number in range(121))) if kind]
    assert set(found[:60]) == {"AuthenticationFailed"}
    assert "TooMany" in found
    assert status(text) is None


def test_call_that_can_not_be_counted_may_only_read(db: None, settings: Any) -> None:
    settings.PM_CALLS_PER_MINUTE = 60  # and there is no table: as in a database that can't be written
    text, _ = ApiToken.objects.issue(User.objects.actor("ada", is_agent=False), "laptop", ["read", "write"])
    authenticate_ = TokenAuthentication().authenticate
    assert authenticate_(Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {text}")))
    with pytest.raises(DatabaseError):
        authenticate_(Request(APIRequestFactory().post("/", HTTP_AUTHORIZATION=f"Bearer {text}")))


def test_reader_begins_no_transaction(table: None, settings: Any) -> None:
    """On PostgreSQL each one is a writer's, and waits for the others."""
    settings.PM_CALLS_PER_MINUTE = 0
    text, _ = ApiToken.objects.issue(User.objects.actor("ada", is_agent=False), "laptop", ["read"])
    authenticate_ = TokenAuthentication().authenticate
    request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {text}"))
    assert authenticate_(request)  # notes that the token is used
    with CaptureQueriesContext(connection) as queries:
        found = authenticate_(request)
        assert found
        assert found[0].username == "ada"
    assert not [query["sql"] for query in queries if "SAVEPOINT" in query["sql"]]


def sign_in(name: str, password: str, address: str = "203.0.113.7") -> tuple[User | None, HttpRequest]:
    request = RequestFactory().post("/login/", REMOTE_ADDR=address)
    return cast("User | None", authenticate(request, username=name, password=password)), request


@pytest.fixture
def hashed_fast(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.AUTHENTICATION_BACKENDS = BACKENDS
    settings.TEMPLATES = [each | {"DIRS": [TEMPLATES]} for each in settings.TEMPLATES]


def test_spraying_many_names_from_one_address_is_limited(table: None, hashed_fast: None) -> None:
    ada = User.objects.actor("ada", is_agent=False)
    ada.set_password("right")
    ada.save()
    for number in range(limits.SIGN_INS_OF_ADDRESS.most):
        user, request = sign_in(f"person-{number}", "Summer2026")
        assert user is None
        assert not hasattr(request, "pm_over")
    user, request = sign_in("ada", "right")
    assert user is None
    response = throttling.LimitPages(lambda request: HttpResponse())(request)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert b"Too many failed sign-ins from this address" in getattr(response, "content", b"")
    assert sign_in("ada", "right", "203.0.113.8")[0] == ada


def test_sign_ins_that_succeed_do_not_count(table: None, hashed_fast: None) -> None:
    ada = User.objects.actor("ada", is_agent=False)
    ada.set_password("right")
    ada.save()
    for _ in range(limits.SIGN_INS_OF_ADDRESS.most + 5):
        user, request = sign_in("ada", "right")
        assert user == ada
        throttling.succeeded(request)


@pytest.mark.parametrize("text", ["-1", "1.5", "many", "9999999", "٣"])
def test_number_of_calls_must_be_one(text: str) -> None:
    with pytest.raises(ConfigError, match="PM_CALLS_PER_MINUTE must be a whole number from 0"):
        calls_per_minute({"PM_CALLS_PER_MINUTE": text})
    assert calls_per_minute({}) == 3000
    assert calls_per_minute({"PM_CALLS_PER_MINUTE": "0"}) == 0
