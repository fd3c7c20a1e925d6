"""Scenario 12: containers, worktrees, hostile variables, a `.pm` that another user planted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.conftest import make_repository
from tests.processes import MANAGE, Server, environment
from tests.projects.client.conftest import call
from tests.torture.ground import ended, need, projects_of, repository
from tests.torture.impostor import impostor
from tests.torture.reporter import Result

NOBODY = 65534
UNSHARE = ("--pid", "--fork", "--kill-child", "--mount-proc")


def surroundings(count: int) -> Result:
    """Vary the surroundings of a repository: one owner, the right board, no token for strangers."""
    result = Result("PID namespaces, worktrees, variables, planted .pm", "one of these")
    scenes = dict(SCENES)
    refusal = _unshare_refusal()
    if refusal:
        del scenes["two PID namespaces"]
        result.notes.append(f"no two PID namespaces: {refusal}")
    if os.geteuid() != 0:
        del scenes["planted .pm"]
        result.notes.append("no .pm of another user: this needs root")
    for number in range(count):
        name = list(scenes)[number % len(scenes)]
        with result.attempt(name), result.clock(), repository() as directory:
            scenes[name](directory)
    return result


def _unshare_refusal() -> str:
    """Return why the kernel refuses us a PID namespace, or nothing. Raises Missing."""
    done = subprocess.run(
        [need("unshare", "util-linux"), *UNSHARE, "true"], capture_output=True, text=True, check=False
    )
    return done.stderr.strip() or "unshare failed" if done.returncode else ""


def _namespaces(directory: Path) -> None:
    """Serve inside, check and stop from outside; kill inside, start outside."""
    inside = [need("unshare", "util-linux"), *UNSHARE, *MANAGE]
    for end in ("asked", "killed"):
        server = Server(directory, command=inside).ready()
        with ended(server):
            key = end.upper()
            assert call(directory, "project", "create", "--key", key, "--title", "t").code == 0
            assert call(directory, "server", "status").document["server"]["instance_id"] == server.info["instance_id"]
            second = Server(directory)
            with ended(second):
                code, err = second.end(0)
                assert (code, server.url in err) == (1, True), err
            forced = call(directory, "server", "stop", "--force").error
            assert "no signal was sent" in forced["message"], forced
            if end == "asked":
                assert call(directory, "server", "stop").code == 0
            else:
                server.process.kill()  # the first process of a namespace: all others die with it
            server.process.wait(10)
    successor = Server(directory).ready()
    with ended(successor):
        assert projects_of(successor) == {"ASKED", "KILLED"}
        # The other direction: inside, the pid of the file belongs to no process, or to another one.
        done = subprocess.run(
            [*inside, "pm", "project", "list"],
            cwd=directory,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert len(json.loads(done.stdout)["projects"]) == 2, done.stderr
        assert successor.end()[0] == 0


def _worktrees(directory: Path) -> None:
    """Start in the main and in a linked worktree at once, each with its own `.pm`: one board, one owner."""
    linked = directory.parent / "linked"
    (directory / ".pm").mkdir()
    (directory / ".pm" / "config.toml").touch()
    for command in (
        ("add", "-A"),
        ("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "board"),
        ("worktree", "add", "-q", str(linked)),
    ):
        subprocess.run(["git", *command], cwd=directory, env=environment(), check=True, capture_output=True)
    assert (linked / ".pm" / "config.toml").exists()
    both = [Server(place, config=directory / ".pm") for place in (linked, directory)]
    with ended(*both):
        lines = [server.process.stdout.readline() for server in both if server.process.stdout]
        assert [bool(line) for line in lines].count(True) == 1, lines
        owner = both[0] if lines[0] else both[1]
        owner.info = json.loads(lines[0] or lines[1])
        assert owner.info["root"] == str(directory)
        assert call(linked, "project", "create", "--key", "ONE", "--title", "t").code == 0
        assert len(call(directory, "project", "list").document["projects"]) == 1
        assert {path.name for path in (linked / ".pm").iterdir()} == {"config.toml"}
        assert owner.end()[0] == 0


def _variables(directory: Path) -> None:
    """Set variables that redirect git, HTTP and the client: the board stays, and strangers learn no token."""
    foreign = make_repository(directory.parent / "foreign")
    with impostor() as stranger:
        address = f"http://127.0.0.1:{stranger.port}"
        hostile = {
            "GIT_DIR": str(foreign / ".git"),
            "GIT_WORK_TREE": str(foreign),
            "GIT_INDEX_FILE": "/nowhere",
            **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), address),
            "NO_PROXY": "",
        }
        server = Server(directory, **hostile).ready()
        with ended(server):
            assert server.info["root"] == str(directory)
            assert call(directory, "project", "create", "--key", "ONE", "--title", "t", **hostile).code == 0
            assert call(directory, "server", "status", **hostile).code == 0
            assert not stranger.calls, "the proxy was used"
            assert not (foreign / ".pm").exists()
            token = server.token.encode()
            for url, code in (
                (address, "BAD_ANSWER"),
                ("http://10.255.255.1:80", "REMOTE_REFUSED"),
                ("https://example.org", "REMOTE_REFUSED"),
                ("file:///etc/passwd", "REMOTE_REFUSED"),
                (f"http://127.0.0.1:{server.info['port']}@example.org/", "REMOTE_REFUSED"),
            ):
                refused = call(directory, "project", "list", "--timeout", "2", PM_SERVER_URL=url).error
                assert refused["code"] == code, (url, refused)
            assert stranger.calls, "PM_SERVER_URL got no request, so nothing was tested"
            assert token not in stranger.heard, "the token was sent to a given URL"
            assert server.end()[0] == 0


def _planted(directory: Path) -> None:
    """Work below a `.pm` of another user: ignored above the repository, refused outside of one."""
    planted = directory.parent / ".pm"
    planted.mkdir()
    (planted / "server.json").write_text("{}")
    os.chown(planted, NOBODY, NOBODY)
    server = Server(directory).ready()
    with ended(server):
        assert server.info["root"] == str(directory)
        assert call(directory, "server", "status").document["server"]["pid"] == server.pid
        assert server.end()[0] == 0
    below = directory.parent / "plain" / "folder"
    below.mkdir(parents=True)
    refused = call(below, "project", "list").error["message"]
    assert f"{planted} belongs to another user" in refused, refused
    assert "PM_CONFIG_DIR" in refused
    second = Server(below)
    with ended(second):
        code, err = second.end(0)
        assert (code, "belongs to another user" in err) == (1, True), err
    assert {path.name for path in planted.iterdir()} == {"server.json"}
    shutil.rmtree(planted)


SCENES: dict[str, Callable[[Path], None]] = {
    "two PID namespaces": _namespaces,
    "two worktrees": _worktrees,
    "hostile variables": _variables,
    "planted .pm": _planted,
}
