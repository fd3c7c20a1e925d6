from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, IdempotentAnswer, Project, User
from tests.projects.api.test_projects import URL, error
from tests.projects.conftest import bearer, of_projects
from tests.projects.threads import at_once

pytestmark = pytest.mark.django_db
KEY = {"HTTP_IDEMPOTENCY_KEY": "6d1c"}
BODY = {"key": "PONE", "title": "First"}


def same(first: Any, second: Any) -> None:
    assert (first.status_code, first.content) == (second.status_code, second.content)
    for header in ("Location", "ETag", "Content-Type"):
        assert first.get(header) == second.get(header)


def test_replayed_create_gets_the_first_response(api: APIClient) -> None:
    first = api.post(URL, BODY, **KEY)
    assert first.status_code == 201
    api.patch(f"{URL}PONE/", {"title": "Second"})
    same(first, api.post(URL, BODY, **KEY))
    assert Project.objects.count() == 1


def test_replayed_update_and_delete_happen_once(api: APIClient, project: Project) -> None:
    first = api.patch(f"{URL}PONE/", {"title": "New"}, **KEY)
    assert first.json()["version"] == 2
    same(first, api.patch(f"{URL}PONE/", {"title": "New"}, **KEY))
    gone = api.delete(f"{URL}PONE/", HTTP_IDEMPOTENCY_KEY="other")
    assert gone.status_code == 204
    same(gone, api.delete(f"{URL}PONE/", HTTP_IDEMPOTENCY_KEY="other"))
    back = api.post(f"{URL}PONE/restore/", HTTP_IDEMPOTENCY_KEY="third")
    same(back, api.post(f"{URL}PONE/restore/", HTTP_IDEMPOTENCY_KEY="third"))
    assert [row.action for row in of_projects()] == ["created", "updated", "deleted", "restored"]


def test_replayed_refusal_gets_the_first_response(api: APIClient, project: Project) -> None:
    first = api.post(URL, BODY, **KEY)
    error(first, 409, "CONFLICT", "key")
    api.delete(f"{URL}PONE/")
    same(first, api.post(URL, BODY, **KEY))


def test_refusal_of_a_new_user_is_stored_with_the_user(running: Any, project: Project) -> None:
    first = bearer("newcomer").post(URL, BODY, **KEY)
    error(first, 409, "CONFLICT", "key")
    assert User.objects.get(username="newcomer").is_agent
    assert IdempotentAnswer.objects.get().actor.username == "newcomer"
    project.soft_delete(actor=project.created_by)
    same(first, bearer("newcomer").post(URL, BODY, **KEY))


@pytest.mark.parametrize("other", ["body", "path", "method", "If-Match"])
def test_other_request_with_the_same_key_is_a_conflict(api: APIClient, project: Project, other: str) -> None:
    url = f"{URL}PONE/"
    assert api.patch(url, {"title": "A"}, **KEY).status_code == 200
    response = {
        "body": lambda: api.patch(url, {"title": "B"}, **KEY),
        "path": lambda: api.patch(f"{URL}{project.pk}/", {"title": "A"}, **KEY),
        "method": lambda: api.delete(url, {"title": "A"}, **KEY),
        "If-Match": lambda: api.patch(url, {"title": "A"}, HTTP_IF_MATCH='"2"', **KEY),
    }[other]()
    error(response, 409, "CONFLICT", "Idempotency-Key")
    project.refresh_from_db()
    assert project.title == "A"


def test_actors_have_separate_keys(running: Any) -> None:
    assert bearer("ada").post(URL, BODY, **KEY).status_code == 201
    assert bearer("eve").post(URL, {"key": "OTHER", "title": "t"}, **KEY).status_code == 201


def test_failure_is_rolled_back_and_not_stored(api: APIClient, full_disk: None) -> None:
    error(api.post(URL, BODY | {"description": "d" * 100_000}, **KEY), 503, "UNAVAILABLE")
    assert not Project.objects.exists()
    assert not IdempotentAnswer.objects.exists()
    assert not Activity.objects.exists()


def test_key_is_forgotten_after_a_day(api: APIClient) -> None:
    api.post(URL, BODY, **KEY)
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    error(api.post(URL, BODY, **KEY), 409, "CONFLICT", "key")
    assert IdempotentAnswer.objects.count() == 1


def test_old_responses_are_deleted_once_a_minute(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    api.post(URL, BODY, **KEY)
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    monkeypatch.setattr(IdempotentAnswer.objects, "_forgets_at", time.monotonic() + 60)
    api.post(URL, BODY, HTTP_IDEMPOTENCY_KEY="second")
    assert IdempotentAnswer.objects.count() == 2
    monkeypatch.setattr(IdempotentAnswer.objects, "_forgets_at", time.monotonic())
    api.post(URL, BODY, HTTP_IDEMPOTENCY_KEY="third")
    assert set(IdempotentAnswer.objects.values_list("key", flat=True)) == {"second", "third"}


@pytest.mark.parametrize("key", ["", "k" * 256, "a\x7fb", "schlüssel", "a\tb"])
def test_unprintable_key_is_refused(api: APIClient, key: str) -> None:
    error(api.post(URL, BODY, HTTP_IDEMPOTENCY_KEY=key), 400, "VALIDATION_ERROR", "Idempotency-Key")
    assert api.post(URL, BODY, HTTP_IDEMPOTENCY_KEY="k" * 255).status_code == 201


def test_malformed_body_with_a_key_is_refused(api: APIClient) -> None:
    response = api.generic("POST", URL, b"{", content_type="application/json", **KEY)
    error(response, 400, "VALIDATION_ERROR")


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_with_one_key_run_once(running: Any) -> None:
    answers = at_once(8, lambda _: bearer().post(URL, BODY, **KEY))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Project.objects.count() == of_projects().count() == User.objects.count() == 1
