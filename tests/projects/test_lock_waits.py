"""Requests that only read wait but a moment for those that write, on both engines."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from projects import lock_waits
from projects.lock_waits import short_waits
from projects.models import Session, User
from tests.processes import DEADLINE

pytestmark = pytest.mark.django_db(transaction=True)
SESSION = "program=claude&via=CLAUDECODE&id=7"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_waits, "SHORT_WAIT", 0.05)
    monkeypatch.setattr(lock_waits, "_paused_until", 0.0)


@contextmanager
def other_writer() -> Iterator[None]:
    """Hold the board's lock in another thread."""
    begun, end = threading.Event(), threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                User.objects.exists()  # on PostgreSQL, the first statement takes the lock
                begun.set()
                end.wait(DEADLINE)
        finally:
            connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert begun.wait(DEADLINE)
        yield
    finally:
        end.set()
        thread.join()


def test_transaction_with_a_short_wait_times_out_and_later_ones_do_not_wait() -> None:
    with other_writer(), short_waits():
        for _ in range(3):  # the second and third don't wait at all
            with pytest.raises(OperationalError), transaction.atomic():
                pytest.fail("a transaction began while another one held the lock")
    assert lock_waits.timed_out_recently()
    with short_waits(), transaction.atomic():  # the lock is free
        User.objects.person("ada")


def test_agent_reads_while_another_writes_and_is_noted_later(api: APIClient) -> None:
    headers = {"HTTP_X_PM_ACTOR": "scout", "HTTP_X_PM_SESSION": SESSION}
    with other_writer():
        begin = time.monotonic()
        assert api.get("/api/v1/projects/", **headers).status_code == 200
        assert time.monotonic() - begin < DEADLINE / 2
    assert not Session.objects.exists()
    api.get("/api/v1/projects/", **headers)
    assert [each.actor.username for each in Session.objects.all()] == ["scout"]


def test_read_that_must_write_is_refused_while_another_writes(api: APIClient) -> None:
    headers = {"HTTP_X_PM_ACTOR": "scout", "HTTP_X_PM_SESSION": SESSION}
    with other_writer():
        answer = api.get("/api/v1/whoami/", **headers)
        assert (answer.status_code, answer["Retry-After"]) == (503, "1")
        assert Client().get("/ready").status_code == 200
    assert api.get("/api/v1/whoami/", **headers).status_code == 200
