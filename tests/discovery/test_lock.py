from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from discovery import lock
from tests.processes import poll, scaled


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "server.lock")


def test_held_lock_refuses_a_second_holder(path: str) -> None:
    held = lock.hold(path)
    assert lock.probe(path) == lock.HELD
    with pytest.raises(lock.LockTaken):
        lock.hold(path)
    held.release()
    assert lock.probe(path) == lock.FREE
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_probe_of_a_missing_file_is_unknown(path: str) -> None:
    assert lock.probe(path) == lock.UNKNOWN


def test_probe_makes_a_starter_wait_but_not_fail(path: str) -> None:
    lock.hold(path).release()
    stop = threading.Event()

    def probe() -> None:
        while not stop.is_set():
            lock.probe(path)

    prober = threading.Thread(target=probe)
    prober.start()
    try:
        for _ in range(50):
            lock.hold(path, wait=2.0).release()
    finally:
        stop.set()
        prober.join()


def test_waiting_is_bounded(path: str) -> None:
    held = lock.hold(path)
    begin = time.monotonic()
    with pytest.raises(lock.LockTaken):
        lock.hold(path, wait=0.2)
    assert 0.2 <= time.monotonic() - begin < scaled(2)
    held.release()


def test_lock_dies_with_its_process_and_not_with_its_file(path: str) -> None:
    code = f"import sys; from discovery import lock; lock.hold({path!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert lock.probe(path) == lock.HELD
        holder.kill()
    assert lock.probe(path) == lock.FREE
    assert os.path.exists(path)


def test_forked_child_shares_the_lock(path: str) -> None:
    held = lock.hold(path)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    held.release()
    assert lock.probe(path) == lock.HELD
    os.close(reading)
    os.close(writing)
    os.waitpid(child, 0)
    assert lock.probe(path) == lock.FREE


def test_started_program_does_not_inherit_the_lock(path: str) -> None:
    held = lock.hold(path)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as program:
        held.release()
        poll(lambda: lock.probe(path) == lock.FREE, 5)  # between its fork and its exec it still has it
        assert program.poll() is None
        assert program.stdin is not None
        program.stdin.write(b"\n")


def test_deleted_or_replaced_file_is_noticed(path: str) -> None:
    held = lock.hold(path)
    assert held.is_current()
    os.unlink(path)
    assert not held.is_current()
    Path(path).touch()
    assert not held.is_current()
    held.release()


def test_symlink_and_fifo_are_not_locked(path: str, tmp_path: Path) -> None:
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(OSError):
        lock.hold(path)
    assert lock.probe(path) == lock.UNKNOWN
    assert not (tmp_path / "elsewhere").exists()
    os.unlink(path)
    os.mkfifo(path)
    with pytest.raises(OSError):
        lock.hold(path)
    assert lock.probe(path) == lock.UNKNOWN
