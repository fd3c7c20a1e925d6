"""Workers learn of a change that another process has made."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from projects.models import Activity, Project, User
from projects.team import wakeups
from tests.processes import DEADLINE

Following = Callable[[], "queue.SimpleQueue[int | None]"]


class Over(Exception):
    """Ends the thread of a test."""


@pytest.fixture
def following(transactional_db: None) -> Iterator[Following]:
    """Start to follow the board in a thread; what it reports comes by a queue."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def start() -> queue.SimpleQueue[int | None]:
        reports: queue.SimpleQueue[int | None] = queue.SimpleQueue()

        def report(newest: int | None) -> None:
            if over.is_set():
                raise Over
            reports.put(newest)

        def run() -> None:
            with pytest.raises(Over):
                wakeups.follow(report)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return reports

    yield start
    over.set()
    Project.objects.create(actor=User.objects.actor("ada"), key="END", title="wakes the thread")
    for thread in threads:
        thread.join(DEADLINE)
        assert not thread.is_alive()


def make_project(key: str) -> int:
    Project.objects.create(actor=User.objects.actor("ada"), key=key, title=key)
    return Activity.objects.latest("id").pk


def awaited(reports: queue.SimpleQueue[int | None], number: int | None) -> None:
    while reports.get(timeout=DEADLINE) != number:
        pass


def test_change_is_reported(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    # On PostgreSQL only the notification can be in time.
    monkeypatch.setattr(wakeups, "LOOK", 2 * DEADLINE if connection.vendor == "postgresql" else 0.02)
    reports = following()
    awaited(reports, 0)
    awaited(reports, make_project("ONE"))
    awaited(reports, make_project("TWO"))


def test_change_is_found_without_a_notification(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "LOOK", 0.02)
    monkeypatch.setattr(wakeups, "CHANNEL", "another_channel")  # as behind a pooler that loses notifications
    reports = following()
    awaited(reports, 0)
    awaited(reports, make_project("ONE"))
