"""`pm sync migrate` moves a board from .pm/data.json to a ref of the remote."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import random
import signal
import subprocess
import termios
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from projects.client import board_hint
from projects.client.hooks import MARKER
from tests.processes import environment
from tests.projects.client.conftest import PM, Board, Result, call
from tests.projects.client.terminals import on_terminal
from tests.projects.sync.repositories import REF, git, hook

pytestmark = pytest.mark.slow


def migrate(board: Board, *flags: str, name: str = "Ann") -> Result:
    return on_terminal(board.repository, "sync", "migrate", "--person", name, *flags, typed="y\n")[0]


def track(board: Board, content: str) -> Path:
    """Commit `content` as data.json, with a hook of an earlier version."""
    path = board.repository / ".pm" / "data.json"
    path.write_text(content)
    hooks = board.repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-commit").write_text(f"#!/bin/sh\n{MARKER}\n")
    git("add", "-f", str(path), cwd=board.repository)
    git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "Board", cwd=board.repository)
    return path


def title(board: Board, key: str) -> Any:
    return board("work-item", "get", key).document["work_item"]["title"]


@pytest.fixture
def exported(bob: Board) -> str:
    """The export of bob's board, with PONE-1."""
    bob.project("PONE")
    bob.item("PONE", "Exported")
    return bob("sync", "export").out


def test_migrate_shares_the_board_and_says_what_to_commit(ann: Board, exported: str) -> None:
    path = track(ann, exported)
    answer = migrate(ann, "--write-hint").document["migrated"]
    assert title(ann, "PONE-1") == "Exported"
    assert answer["imported"]["work_items"]["created"] == 1
    assert (answer["published"]["pending"], answer["sync"]["unpublished"]) == (0, 0)
    assert answer["hooks"] == ["pre-commit"]
    assert not (ann.repository / ".git" / "hooks" / "pre-commit").exists()
    assert [step.partition("  #")[0] for step in answer["to_commit"]] == [
        "git rm .pm/data.json",
        "git add .pm/config.toml",
    ]
    assert board_hint.read(str(path.parent)) == answer["sync"]["board"]
    assert path.read_text() == exported
    assert git("diff", "HEAD", "--name-only", cwd=ann.repository) == ""
    again = call(ann.repository, "sync", "migrate").document["migrated"]
    assert again["imported"]["work_items"] == {"created": 0, "updated": 0, "skipped": 1, "deleted": 0}
    assert (again["published"]["published"], again["hooks"]) == (0, [])
    assert [step.partition("  #")[0] for step in again["to_commit"]] == ["git rm .pm/data.json"]
    git("rm", "-q", str(path), cwd=ann.repository)
    last = call(ann.repository, "sync", "migrate").document["migrated"]
    assert (last["file"], last["imported"], last["to_commit"]) == (None, None, [])


def test_second_clone_unites_by_id_and_the_newest_version_wins(ann: Board, bob: Board, exported: str) -> None:
    track(ann, exported)
    board = migrate(ann).document["migrated"]["sync"]["board"]
    ann("work-item", "update", "PONE-1", "--title", "Newest")
    ann("sync")
    bob.item("PONE", "Own")
    track(bob, exported)
    answer = migrate(bob, name="Bob").document["migrated"]
    assert answer["sync"]["board"] == board
    assert "board = " in answer["to_commit"][1]
    assert title(bob, "PONE-1") == "Newest"
    ann("sync")
    rows = ann("work-item", "list", "PONE").document["work_items"]
    assert {row["title"] for row in rows} == {"Newest", "Own"}
    assert ann("sync", "export").out == bob("sync", "export").out


def test_dry_run_writes_nothing(ann: Board, exported: str, remote: Path) -> None:
    track(ann, exported)
    answer = call(ann.repository, "sync", "migrate", "--dry-run").document["migrated"]
    assert answer["imported"]["work_items"]["created"] == 1
    assert (answer["sync"]["board"], answer["hooks"]) == (None, ["pre-commit"])
    assert ann("project", "list").document["projects"] == []
    assert git("for-each-ref", cwd=remote) == ""


def test_rows_that_cannot_be_read_are_all_named_and_nothing_is_done(ann: Board, exported: str) -> None:
    data = json.loads(exported)
    data["projects"][0]["title"] = 1
    data["work_items"][0]["status"] = "unknown"
    track(ann, json.dumps(data))
    error = call(ann.repository, "sync", "migrate").error
    assert {(one["collection"], one["field"]) for one in error["errors"]} == {
        ("projects", "title"),
        ("work_items", "status"),
    }
    assert (ann.repository / ".git" / "hooks" / "pre-commit").exists()
    assert ann("sync", "status").document["sync"]["enabled"] is False


def test_migrate_without_consent_or_file_does_nothing(ann: Board, exported: str) -> None:
    error = call(ann.repository, "sync", "migrate").error
    assert error["code"] == "FILE_REFUSED"
    assert "data.json to migrate" in error["message"]
    track(ann, exported)
    result, _ = on_terminal(ann.repository, "sync", "migrate", typed="n\n")
    assert result.error["code"] == "FORBIDDEN"
    assert ann("project", "list").document["projects"] == []


def test_second_run_completes_one_that_was_killed(ann: Board, exported: str, remote: Path) -> None:
    track(ann, exported)
    parent = "p=$(cut -d' ' -f4 /proc/$p/stat)"  # up to the program that runs git
    kill = f"p=$$; {parent}; while grep -qE '^(git|sh)' /proc/$p/comm; do {parent}; done; kill -9 $p; exit 1"
    hook(remote, "pre-receive", kill)
    assert migrate(ann).code == -signal.SIGKILL
    assert (ann.repository / ".git" / "hooks" / "pre-commit").exists()
    hook(remote, "pre-receive", "exit 0")
    answer = call(ann.repository, "sync", "migrate").document["migrated"]
    assert (answer["published"]["pending"], answer["hooks"]) == (0, ["pre-commit"])
    assert REF in git("for-each-ref", cwd=remote)
    assert title(ann, "PONE-1") == "Exported"


def test_kill_at_any_moment_loses_and_repeats_nothing(ann: Board, exported: str, remote: Path) -> None:
    track(ann, exported)
    chance = random.Random(os.environ.get("MIGRATE_SEED", "1"))
    kills = 0
    for turn in range(int(os.environ.get("MIGRATE_KILLS", "4"))):
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [*PM, "sync", "migrate", "--person", "Ann"],
            cwd=ann.repository,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),  # noqa: B023 -- called at once
        )
        os.write(master, b"y\n")
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, 0.15 * (turn + 1)))  # the first is early enough on any machine
        kills += process.poll() is None
        process.kill()
        process.communicate()
        os.close(master)
        os.close(slave)
    last, _ = on_terminal(ann.repository, "sync", "migrate", "--person", "Ann", typed="y\n")
    answer = last.document["migrated"]
    assert (answer["published"]["pending"], answer["sync"]["unpublished"]) == (0, 0)
    assert ann.keys("list", "PONE") == ["PONE-1"]
    assert title(ann, "PONE-1") == "Exported"
    assert not (ann.repository / ".git" / "hooks" / "pre-commit").exists()
    assert ann("sync", "verify").code == 0
    assert kills
