"""Scenario 9, part 1: a full or read-only disk at publishing, at a write, at the log and at a backup."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path

import requests

from tests.processes import Server, children, poll
from tests.projects.client.conftest import call
from tests.torture.disk import Disk, mount, small_disk, unmount
from tests.torture.ground import ended, heard, projects_of, repository, stored_projects
from tests.torture.reporter import Result

HEALED_WITHIN = 3.0 + 2.0  # seconds: the server checks every two, and new workers start

Scene = Callable[[Path, Disk, set[str]], None]


def full_disks(count: int) -> Result:
    """Fill the disk and free it: refusals are clear, acknowledged writes stay, and everything recovers."""
    result = Result("full disk at publish, write, log, backup; read-only", "one of these")
    with repository() as directory, small_disk(directory / ".pm") as disk:
        if disk.refusal:
            result.notes.append(f"RLIMIT_FSIZE instead of a full tmpfs, and no read-only disk: {disk.refusal}")
        scenes = dict(SCENES)
        if disk.refusal:
            del scenes["read-only"]
        promised: set[str] = set()
        for number in range(count):
            name = list(scenes)[number % len(scenes)]
            with result.attempt(name), result.clock():
                try:
                    scenes[name](directory, disk, promised)
                finally:
                    disk.free()
                missing = promised - stored_projects(directory / ".pm")
                result.lost += len(missing)
                assert not missing, f"acknowledged, but missing: {sorted(missing)[:5]}"
    return result


def _publish(directory: Path, disk: Disk, promised: set[str]) -> None:
    disk.fill()
    refused = disk.start(directory)
    with ended(refused):
        code, err = refused.end(0)
        assert (code, "Traceback" in err) == (1, False), err
        assert err.strip().splitlines()[-1].startswith("error: "), err
        assert not refused.port_file.exists()
    disk.free()
    server = _in_use(directory)
    with ended(server):
        server.port_file.unlink()
        disk.fill(server.pid)
        assert projects_of(server) == promised
        disk.free(server.pid)
        poll(server.port_file.exists, HEALED_WITHIN, "a new server.json")
        assert server.end()[0] == 0


def _write(directory: Path, disk: Disk, promised: set[str]) -> None:
    server = _in_use(directory)
    with ended(server):
        disk.fill(server.pid)
        for _ in range(200):  # some find room in the database's log
            key, headers = _key(), {"Idempotency-Key": uuid.uuid4().hex}
            body = {"key": key, "title": "t", "description": "x" * 20_000}
            response = server.api("POST", "projects/", json=body, headers=headers)
            if response.status_code != 201:
                break
            promised.add(key)
        _is_refused(response, "disk")
        assert projects_of(server) == promised
        disk.free(server.pid)
        assert server.api("POST", "projects/", json=body, headers=headers).status_code == 201
        promised.add(key)
        assert projects_of(server) == promised
        code, err = server.end()
        assert (code, "Traceback" in err) == (0, False), err


def _log(directory: Path, disk: Disk, promised: set[str]) -> None:
    log = directory / ".pm" / "server.log"
    log.unlink(missing_ok=True)
    if not disk.refusal:
        disk.fill()
        refused = call(directory, "server", "start").error["message"]
        assert "server.log can't be written: No space left on device" in refused, refused
        disk.free()
    pid = call(directory, "server", "start").document["server"]["pid"]
    try:
        assert call(directory, "project", "list").code == 0
        disk.fill(pid)
        for _ in range(2):  # each is written to the log
            os.kill(poll(lambda: children(pid))[0], signal.SIGKILL)
        assert len(call(directory, "project", "list", "--all").document["projects"]) == len(promised)
        disk.free(pid)
        size = log.stat().st_size
        os.kill(poll(lambda: children(pid))[0], signal.SIGKILL)
        poll(lambda: log.stat().st_size > size, what="a line in the log")
    finally:
        assert call(directory, "server", "stop").code == 0


def _backup(directory: Path, disk: Disk, promised: set[str]) -> None:
    server = _in_use(directory)
    with ended(server):
        disk.fill(server.pid)
        refused = call(directory, "backup", "copy.db")
        assert "disk" in refused.error["message"], refused.err
        assert not (directory / "copy.db").exists()
        assert not [path for path in server.config.iterdir() if path.name.startswith(".backup-")]
        disk.free(server.pid)
        done = call(directory, "backup", "copy.db")
        assert done.code == 0, done.err
        (directory / "copy.db").unlink()
        assert projects_of(server) == promised
        assert server.end()[0] == 0


def _read_only(directory: Path, disk: Disk, promised: set[str]) -> None:
    server = _in_use(directory)
    with ended(server):
        board = str(server.config)
        server.port_file.unlink()  # the server's report of this shows when it has checked
        refusal = mount("--bind", board, board) or mount("-o", "remount,ro,bind", board)
        assert not refusal, refusal
        try:
            for pid in server.workers():  # new workers open the database in its current state
                os.kill(pid, signal.SIGKILL)
            poll(lambda: len(children(server.pid)) == 2)
            assert projects_of(server) == promised
            _is_refused(server.api("POST", "projects/", json={"key": _key(), "title": "t"}), "read-only")
            second = Server(directory)
            with ended(second):
                code, err = second.end(0)
                assert (code, err.count("\n"), "mounted read-only" in err) == (1, 1, True), err
            poll(lambda: "Read-only file system" in heard(server, 1.0), HEALED_WITHIN)
        finally:
            unmount(server.config)
        key = _key()
        body, headers = {"key": key, "title": "t"}, {"Idempotency-Key": uuid.uuid4().hex}
        poll(server.port_file.exists, HEALED_WITHIN, "a new server.json")
        poll(
            lambda: server.api("POST", "projects/", json=body, headers=headers).status_code == 201,
            HEALED_WITHIN,
            "a write after the disk was read-only",
        )
        promised.add(key)
        assert server.end()[0] == 0


SCENES: dict[str, Scene] = {
    "publish": _publish,
    "write": _write,
    "log": _log,
    "backup": _backup,
    "read-only": _read_only,
}


def _in_use(directory: Path) -> Server:
    """Start a server and send a request: SQLite needs space to open a database that no process has open."""
    server = Server(directory).ready()
    projects_of(server)
    return server


def _key() -> str:
    return f"K{uuid.uuid4().hex[:12]}".upper()


def _is_refused(response: requests.Response, why: str) -> None:
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (503, "UNAVAILABLE"), error
    assert why in error["message"], error
