from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from discovery import lock, portfile, process, safe_files
from discovery.portfile import PortFileMissing, PortFileRejected, ServerInfo


def made_info(**changes: Any) -> ServerInfo:
    fields: dict[str, Any] = {
        "schema": 1,
        "pid": os.getpid(),
        "port": 40000,
        "host": "127.0.0.1",
        "url": "http://127.0.0.1:40000",
        "instance_id": "a" * 32,
        "process_start": process.start_time(os.getpid()),
        "boot_id": process.boot_id(),
        "namespace": process.namespace(),
    }
    return ServerInfo(**(fields | changes))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "server.json")


@pytest.fixture
def held(path: str) -> Iterator[lock.Lock]:
    """The lock, held as by a live server."""
    held = lock.hold(portfile.lock_path(path))
    yield held
    held.release()


def publish(path: str, **changes: Any) -> ServerInfo:
    info = made_info(**changes)
    safe_files.write(path, info.to_json())
    return info


def test_published_file_is_read_back(path: str, held: lock.Lock) -> None:
    info = publish(path)
    assert portfile.read(path) == info
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_pid_port_host_and_a_held_lock_suffice(path: str, held: lock.Lock) -> None:
    Path(path).write_text('{"pid": 4242, "port": 40000, "host": "127.0.0.1", "later": [1]}')
    assert portfile.read(path).url == "http://127.0.0.1:40000"


def test_url_is_made_and_not_believed(path: str, held: lock.Lock) -> None:
    publish(path, url="https://evil.example")
    assert portfile.read(path).url == "http://127.0.0.1:40000"


def test_missing_file_is_distinguished_from_a_rejected_one(path: str) -> None:
    with pytest.raises(PortFileMissing):
        portfile.read(path)
    with pytest.raises(PortFileMissing):
        portfile.read(path + "/below")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"pid": 1',
        b"not json",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 60000,
        b'{"pid": 4242, "host": "127.0.0.1"}',
        b'{"pid": 4242, "port": "40000", "host": "127.0.0.1"}',
        b'{"pid": 4242, "port": true, "host": "127.0.0.1"}',
        *(b'{"pid": 4242, "port": %d, "host": "127.0.0.1"}' % port for port in (0, -1, 65536, 99999)),
        *(b'{"pid": %d, "port": 40000, "host": "127.0.0.1"}' % pid for pid in (0, -1, 1 << 31, (1 << 32) - 1, 1 << 80)),
        b'{"pid": 4242.0, "port": 40000, "host": "127.0.0.1"}',
        b'{"pid": 4242, "port": 40000, "host": "evil.example"}',
        b'{"pid": 4242, "port": 40000, "host": "127.0.0.1@evil.example"}',
        b'{"pid": 4242, "port": 40000, "host": "\\u0000"}',
        b'{"pid": 4242, "port": 40000, "host": null}',
        b'{"pid": 4242, "port": 40000, "host": "127.0.0.1", "instance_id": {}}',
        b'{"pid": 1, "port": 40000, "host": "127.0.0.1"}',
    ],
)
def test_wrong_content_is_rejected_also_under_a_held_lock(path: str, held: lock.Lock, content: bytes) -> None:
    Path(path).write_bytes(content)
    with pytest.raises(PortFileRejected):
        portfile.read(path)


def make_directory(path: str) -> None:
    os.mkdir(path)


def make_fifo(path: str) -> None:
    os.mkfifo(path)


def make_symlink(path: str) -> None:
    Path(path + ".real").write_text(made_info().to_json())
    os.symlink(path + ".real", path)


def make_huge(path: str) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 30)


@pytest.mark.parametrize("make", [make_directory, make_fifo, make_symlink, make_huge])
def test_file_that_is_not_small_and_regular_is_rejected_at_once(
    path: str, held: lock.Lock, make: Callable[[str], None]
) -> None:
    make(path)
    with pytest.raises(PortFileRejected):
        portfile.read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file away")
def test_file_of_another_user_is_rejected(path: str, held: lock.Lock) -> None:
    publish(path)
    os.chown(path, 65534, 65534)
    with pytest.raises(PortFileRejected, match="another user"):
        portfile.read(path)


def test_free_lock_means_a_dead_server(path: str) -> None:
    lock.hold(portfile.lock_path(path)).release()
    publish(path)
    with pytest.raises(PortFileRejected, match="stale"):
        portfile.read(path)


def test_file_of_a_killed_server_is_not_believed_while_another_one_starts(path: str, held: lock.Lock) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    start = process.start_time(dead.pid)
    dead.wait()
    publish(path, pid=dead.pid, process_start=start)
    with pytest.raises(PortFileRejected, match="stale"):
        portfile.read(path)


@pytest.mark.parametrize(
    ("pid", "locked"),
    [(os.getpid(), True), (os.getppid(), True), (1, True), (os.getpid(), False), (1, False)],
    ids=["own", "parent", "init", "own without a lock", "init without a lock"],
)
def test_reused_pid_is_recognized_by_its_start_time(path: str, pid: int, locked: bool) -> None:
    if locked:
        held = lock.hold(portfile.lock_path(path))
    publish(path, pid=pid, process_start="1")
    with pytest.raises(PortFileRejected):
        portfile.read(path)
    if locked:
        held.release()


def test_zombie_is_not_believed(path: str, held: lock.Lock) -> None:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        start = process.start_time(child.pid)
        assert child.stdin is not None
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        publish(path, pid=child.pid, process_start=start)
        with pytest.raises(PortFileRejected):
            portfile.read(path)


def test_file_of_another_boot_is_rejected(path: str, held: lock.Lock) -> None:
    publish(path, boot_id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(PortFileRejected, match="boot"):
        portfile.read(path)


def test_process_confirms_the_file_without_a_lock(path: str) -> None:
    publish(path)
    assert portfile.read(path).pid == os.getpid()


@pytest.mark.parametrize("missing", ["process_start", "boot_id"])
def test_without_a_lock_an_unverifiable_file_is_rejected(path: str, missing: str) -> None:
    publish(path, **{missing: None})
    with pytest.raises(PortFileRejected):
        portfile.read(path)


def test_other_namespace_is_believed_by_its_lock_alone(path: str, held: lock.Lock) -> None:
    info = publish(path, pid=3, process_start="12", namespace="pid:[1]")
    assert portfile.read(path) == info
    os.unlink(held.path)
    with pytest.raises(PortFileRejected, match="container"):
        portfile.read(path)


def test_file_that_is_not_the_lock_holders_is_rejected(path: str, held: lock.Lock) -> None:
    info = publish(path)
    held.note(portfile.lock_note(info))
    assert portfile.read(path) == info
    for changes in ({"port": 40001}, {"host": "127.0.0.9"}, {"instance_id": "b" * 32}, {"instance_id": None}):
        publish(path, **changes)
        with pytest.raises(PortFileRejected, match="it was not written by the server that runs here"):
            portfile.read(path)
    # As a pulled commit brings it: only what a reader needs.
    Path(path).write_text('{"pid": 2, "port": 40000, "host": "127.0.0.1"}')
    with pytest.raises(PortFileRejected):
        portfile.read(path)


def test_remote_host_is_rejected_without_a_note_in_the_lock(path: str, held: lock.Lock) -> None:
    publish(path, host="192.0.2.2")
    with pytest.raises(PortFileRejected, match="its host is not this machine"):
        portfile.read(path)


def test_copy_of_a_live_servers_file_is_rejected_without_its_lock(path: str, tmp_path: Path) -> None:
    original, copy = tmp_path / "a/.pm", tmp_path / "b/.pm"
    for directory in (original, copy):
        directory.mkdir(parents=True)
        publish(str(directory / "server.json"), root=str(tmp_path / "a"))
    assert portfile.is_of_live_process(str(original / "server.json"))
    assert not portfile.is_of_live_process(str(copy / "server.json"))
    with pytest.raises(PortFileRejected, match=f"it is a copy from the server of {tmp_path}/a"):
        portfile.read(str(copy / "server.json"))
    starting = lock.hold(str(copy / "server.lock"))
    with pytest.raises(PortFileRejected, match="it is a copy"):
        portfile.read(str(copy / "server.json"))
    starting.release()


@pytest.mark.parametrize("root", ["link", "gone", "nu\0l", "x" * 5000, ""])
def test_other_name_of_the_directory_makes_no_copy(tmp_path: Path, root: str) -> None:
    (tmp_path / "a/.pm").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    publish(str(tmp_path / "a/.pm/server.json"), root=str(tmp_path / root) if root else None)
    assert portfile.is_of_live_process(str(tmp_path / "a/.pm/server.json"))


def test_only_the_owner_withdraws(path: str) -> None:
    info = publish(path)
    assert not portfile.withdraw(path, made_info(instance_id="b" * 32))
    assert os.path.exists(path)
    assert portfile.withdraw(path, info)
    assert not os.path.exists(path)
    assert not portfile.withdraw(path, info)


def test_port_number_is_written_and_read(path: str) -> None:
    safe_files.write(path, "5174\n")
    assert portfile.read_port(path) == 5174
    assert not portfile.withdraw_port(path, 5175)
    assert portfile.withdraw_port(path, 5174)


@pytest.mark.parametrize("text", ["5174", "\ufeff5174\r\n", " 5174 "])
def test_port_number_is_read_without_surrounding_blanks(path: str, text: str) -> None:
    Path(path).write_text(text, encoding="utf-8")
    assert portfile.read_port(path) == 5174


def test_byte_order_mark_is_accepted(path: str, held: lock.Lock) -> None:
    info = made_info()
    Path(path).write_text(f"\ufeff{info.to_json()}", encoding="utf-8")
    assert portfile.read(path) == info


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "65536", "99999", "5174x", "5 174", "٥١٧٤", "0x10", "1" * 5000, "5174\n80"]
)
def test_text_that_is_not_a_port_number_is_rejected(path: str, text: str) -> None:
    Path(path).write_text(text)
    with pytest.raises(PortFileRejected):
        portfile.read_port(path)


@pytest.mark.slow
def test_readers_never_see_a_torn_file(path: str, held: lock.Lock) -> None:
    stop = threading.Event()
    wrong: list[Exception] = []

    def read() -> None:
        while not stop.is_set():
            try:
                portfile.read(path)
            except PortFileMissing:
                continue
            except Exception as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(100):
        info = publish(path, port=40000 + number, root="x" * 5000)
        portfile.withdraw(path, info)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_json_line_is_one_line(path: str) -> None:
    line = made_info(root="a\nb").to_line()
    assert "\n" not in line
    assert json.loads(line)["root"] == "a\nb"
