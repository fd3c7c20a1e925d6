from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction

from projects.models import User
from projects.sqlite.base import MAX_KEPT_QUERY, DatabaseWrapper
from projects.sqlite.queue import WriteQueue, queue_for
from tests.processes import CHECKOUT, DEADLINE, environment, poll
from tests.projects.threads import at_once

HOLD = """
import fcntl, os, sys
fileno = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(fileno, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""

# Another process with back-to-back writers; it counts its turns in a file.
BUSY = """
import os, sys, time
from projects.sqlite.queue import WriteQueue
queue, turns = WriteQueue(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY)
while True:
    assert queue.acquire(queue, float(sys.argv[3]))
    time.sleep(0.003)
    queue.release(queue)
    os.write(turns, b".")
"""


@pytest.fixture
def database(tmp_path: Path, db: None) -> Iterator[DatabaseWrapper]:
    """A separate connection to a file that does not exist yet."""
    own = connection.copy()
    own.settings_dict["NAME"] = tmp_path / "data.db"
    own.settings_dict["OPTIONS"] = {**own.settings_dict["OPTIONS"], "timeout": 0.3}
    yield own
    own.close()


def test_files_are_private_whatever_the_umask(database: DatabaseWrapper, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        database.cursor().execute("CREATE TABLE a (b)")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("data.db", "data.db-wal", "data.db-shm", "write.lock"), 0o600)


def test_database_is_durable(database: DatabaseWrapper) -> None:
    cursor = database.cursor()
    assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert cursor.execute("PRAGMA synchronous").fetchone() == (2,)
    assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_queries_take_placeholders_of_each_kind(database: DatabaseWrapper) -> None:
    long = f"SELECT %s{' ' * MAX_KEPT_QUERY}"
    with database.cursor() as cursor:
        for _ in range(2):  # the second time they are converted already
            assert cursor.execute("SELECT '5 %%', %s, '?'", ["%s"]).fetchone() == ("5 %", "%s", "?")
            assert cursor.execute("SELECT '5 %'").fetchone() == ("5 %",)
            assert cursor.execute("SELECT %(one)s, %(one)s", {"one": 1}).fetchone() == (1, 1)
            assert cursor.execute(long, [2]).fetchone() == (2,)


def test_writer_that_waits_too_long_is_refused(database: DatabaseWrapper, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "write.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(OperationalError, match="database is locked"):
            database.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        database.cursor().execute("SELECT 1")  # readers do not wait
        holder.kill()
    database.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def test_queue_gives_turns_and_takes_them_back(tmp_path: Path) -> None:
    queue = WriteQueue(str(tmp_path / "write.lock"))
    assert queue.acquire("a", 1)
    assert not queue.acquire("b", 0.01)
    queue.release("b")  # not its turn
    assert not queue.acquire("b", 0.01)
    queue.release("a")
    assert queue.acquire("b", 1)
    queue.release("b")


def test_queue_gives_turns_in_the_order_of_asking(tmp_path: Path) -> None:
    queue = WriteQueue(str(tmp_path / "write.lock"))
    assert queue.acquire("first", 1)
    served: list[int] = []

    def ask(number: int) -> None:
        assert queue.acquire(number, DEADLINE)
        served.append(number)
        queue.release(number)

    threads = []
    for number in range(5):
        thread = threading.Thread(target=ask, args=(number,))
        thread.start()
        threads.append(thread)
        poll(lambda number=number: len(queue._threads._waiters) == number + 1)
    assert not queue.acquire("impatient", 0.01)
    queue.release("first")
    for thread in threads:
        thread.join(10)
    assert served == [0, 1, 2, 3, 4]


def test_queue_gives_turns_to_each_process(tmp_path: Path) -> None:
    path, turns = str(tmp_path / "write.lock"), tmp_path / "turns"
    turns.touch()
    queue = WriteQueue(path)
    with subprocess.Popen(
        [sys.executable, "-c", BUSY, path, str(turns), str(DEADLINE)], cwd=CHECKOUT, env=environment()
    ) as other:
        try:
            waited = []
            for _ in range(10):
                before = turns.stat().st_size
                poll(lambda before=before: turns.stat().st_size > before)
                before = turns.stat().st_size
                assert queue.acquire("ours", DEADLINE)
                waited.append(turns.stat().st_size - before)
                queue.release("ours")
        finally:
            other.kill()
    assert max(waited) < 5, waited  # none, except for delays of the machine


def test_queue_whose_waiter_gave_up_lets_others_in(tmp_path: Path) -> None:
    first, second, third = (WriteQueue(str(tmp_path / "write.lock")) for _ in range(3))
    assert first.acquire("a", 1)
    assert not second.acquire("b", 0.01)  # while holding the directory lock
    assert not third.acquire("c", 0.01)
    first.release("a")
    assert third.acquire("c", 1)
    third.release("c")


def test_queue_does_without_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "write.lock").symlink_to(tmp_path / "elsewhere")
    queue = WriteQueue(str(tmp_path / "write.lock"))
    assert queue.acquire("a", 1)
    queue.release("a")
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_forked_child_waits_for_its_parents_turn(tmp_path: Path) -> None:
    queue = queue_for(str(tmp_path / "data.db"))
    assert queue.acquire("a", 1)
    child = os.fork()
    if not child:
        queue.release("a")  # does nothing: the turn belongs to the parent
        first = queue.acquire("child", 0.05)
        os._exit(2 if first else 0 if queue.acquire("child", DEADLINE) else 3)
    deadline = time.monotonic() + 0.2
    while time.monotonic() < deadline:
        pid, _ = os.waitpid(child, os.WNOHANG)
        assert not pid
    queue.release("a")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.django_db(transaction=True)
def test_turn_ends_with_the_transaction_however_it_ends() -> None:
    queue = queue_for(connection.settings_dict["NAME"])
    with transaction.atomic():
        assert not queue.acquire("other", 0)
    for end in ("commit", "rollback", "close"):
        try:
            with transaction.atomic():
                User.objects.actor(end)
                if end == "close":
                    connection.close()
                if end != "commit":
                    raise KeyError(end)
        except KeyError:
            pass
        assert queue.acquire("other", 1), end
        queue.release("other")
    assert [user.username for user in User.objects.all()] == ["commit"]


@pytest.mark.django_db(transaction=True)
def test_readers_do_not_wait_for_a_writer() -> None:
    with transaction.atomic():
        User.objects.actor("unseen")
        assert at_once(2, lambda _: User.objects.count()) == [0, 0]


@pytest.mark.django_db(transaction=True)
def test_writers_of_one_process_take_turns() -> None:
    inside = threading.Semaphore(1)

    def write(number: int) -> None:
        with transaction.atomic():
            assert inside.acquire(blocking=False)
            User.objects.actor(f"user {number}")
            inside.release()

    at_once(8, write)
    assert User.objects.count() == 8
