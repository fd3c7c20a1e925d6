"""Scenario 10: the files of a running server are deleted, moved or restored."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.processes import DEADLINE, Server, environment
from tests.torture.ground import ended, projects_of, repository
from tests.torture.reporter import Result

WITHIN = 3.0  # seconds to heal or to exit
BACKUP = "0" * 32  # the instance that an old server.json names
AT_ONCE = 2  # the scenes mostly wait

Pull = Callable[[Path], Path]


def pulled_away(count: int) -> Result:
    """Remove a server's files and start another: it heals or exits, and two never acknowledge writes at once."""
    result = Result("git clean, rm -rf, move, old server.json, lost lock", "until healed or stopped")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        names = [list(SCENES)[number % len(SCENES)] for number in range(count)]
        for name, scene in zip(names, pool.map(_scene, names), strict=True):
            with result.attempt(name):
                if isinstance(scene, AssertionError):
                    raise scene
                result.add_time(scene)
                assert scene < WITHIN, f"after {scene:.1f} s"
    return result


def _scene(name: str) -> float | AssertionError:
    """Return how long it took, or the failed assertion."""
    pull, heals, keeps = SCENES[name]
    try:
        with repository() as directory:
            server = Server(directory).ready()
            with ended(server):
                assert _write(server, server.token, "BEFORE")
                return _survive(server, pull, heals=heals, keeps=keeps)
    except AssertionError as error:
        return error


def _survive(server: Server, pull: Pull, *, heals: bool | None, keeps: bool) -> float:
    token = server.token
    directory = pull(server.directory)
    begin = time.monotonic()
    second = Server(directory)
    with ended(second):
        number, late, healed, before = 0, 0.0, False, {"BEFORE"}
        while time.monotonic() < begin + DEADLINE:
            number += 1
            owner = _published(directory)
            acknowledged = _write(server, token, f"K{number}")
            if owner not in (None, BACKUP, server.info["instance_id"]):
                assert not acknowledged, "the old server acknowledged a write after another had published"
            assert not acknowledged or keeps, "a write was acknowledged, but its database is gone"
            before |= {f"K{number}"} if acknowledged else set()
            late = time.monotonic() - begin
            healed = owner == server.info["instance_id"] and heals is not False
            if healed or server.process.poll() is not None:
                break
        assert healed or not heals, "it exited"
        if healed:
            code, err = second.end(0)
            assert (code, server.url in err) == (1, True), f"the second start: {code} {err}"
            assert json.loads(server.port_file.read_text()) == server.info
            assert projects_of(server) == before
            assert server.end()[0] == 0
            return late
        code, err = server.end(0)
        assert code == 1, f"exit {code}"
        assert "was deleted" in err.strip().splitlines()[-1], err
        _serves(second, server, before if keeps else set())
        return late


def _serves(second: Server, first: Server, board: set[str]) -> None:
    """Assert that the second start took over, or was refused while the first lived, and that a start works now."""
    assert second.process.stdout is not None
    line = second.process.stdout.readline()
    if not line:
        code, err = second.end(0)
        assert (code, first.url in err) == (1, True), f"the second start: {code} {err}"
        second = Server(second.directory).ready()
    second.info = second.info or json.loads(line)
    with ended(second):
        assert projects_of(second) == board
        assert second.end()[0] == 0


def _published(directory: Path) -> str | None:
    """Return the instance that `server.json` names."""
    try:
        return str(json.loads((directory / ".pm" / "server.json").read_text())["instance_id"])
    except OSError:
        return None


def _write(server: Server, token: str, key: str) -> bool:
    """Return whether a write was acknowledged; the only other valid outcomes are a clear 503 and no response."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        response = server.request(
            "POST", "/api/v1/projects/", json={"key": key, "title": "t"}, headers=headers, timeout=WITHIN
        )
    except requests.RequestException:
        return False
    if response.status_code == 201:
        return True
    assert response.status_code == 503, f"{response.status_code} {response.text[:200]}"
    assert "stopping" in response.json()["error"]["message"], response.text
    return False


def _clean(directory: Path) -> Path:
    subprocess.run(["git", "clean", "-fdXq"], cwd=directory, env=environment(), check=True)
    return directory


def _remove(directory: Path) -> Path:
    subprocess.run(["rm", "-rf", str(directory / ".pm")], check=True)  # as people do; rmtree fails if a file has gone
    return directory


def _move(directory: Path) -> Path:
    return directory.rename(directory.parent / "moved")


def _put_back(directory: Path) -> Path:
    """Replace the server's server.json with an old copy."""
    path = directory / ".pm" / "server.json"
    old = json.loads(path.read_text()) | {"instance_id": BACKUP, "pid": 2, "port": 1024, "process_start": "1"}
    path.write_text(json.dumps(old))
    return directory


def _lose_lock(directory: Path) -> Path:
    (directory / ".pm" / "server.lock").unlink()
    return directory


def _lose_lock_and_file(directory: Path) -> Path:
    (directory / ".pm" / "server.json").unlink()
    return _lose_lock(directory)


# Whether the server heals or exits (None: the first of two servers to take the lock stays), and whether its
# database stays where a server finds it.
SCENES: dict[str, tuple[Pull, bool | None, bool]] = {
    "git clean -fdX": (_clean, False, False),
    "rm -rf .pm": (_remove, False, False),
    "moved": (_move, False, True),
    "old server.json": (_put_back, True, True),
    "lost lock": (_lose_lock, True, True),
    "lost lock and server.json": (_lose_lock_and_file, None, True),
}
