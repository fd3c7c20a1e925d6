"""A sync that is killed at any moment leaves both sides whole, and the next one goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from projects.sync.exceptions import Raced
from tests.processes import CHECKOUT, environment, poll
from tests.projects.sync.repositories import REF, Clone, git

SYNC = """
import sys, os
sys.path.insert(0, sys.argv[1])
from projects.sync.git_remote import Repository
from projects.sync.git_store import GitStore
from projects.sync.git_tree import segment_path
remote = Repository(sys.argv[2], os.environ).remote("origin")
with GitStore(sys.argv[2] + "/.pm/board.git") as store:
    print("started", flush=True)
    while True:
        head = store.fetch(remote, "refs/pm/board")
        number = len(store.contents(head).segments)
        store.push(remote, store.commit(head, {segment_path(number): b"%d\\n" % number}), "refs/pm/board")
"""


def start(clone: Clone) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SYNC, str(CHECKOUT), str(clone.path)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    return process


def check(repository: Path | str) -> None:
    """Wait until nothing is missing in a repository.

    The git of a killed sync may still write to it. fsck lists the objects before the refs, so it then misses the
    objects of a ref that changes in between.
    """
    command = ["git", f"--git-dir={repository}", "fsck", "--strict", "--connectivity-only"]

    def is_whole() -> bool:
        return subprocess.run(command, capture_output=True, env=environment()).returncode == 0

    poll(is_whole, what="a whole repository")


def test_killed_again_and_again_loses_nothing(ann: Clone, bob: Clone, remote: Path) -> None:
    head = ann.publish(None, {**FOUNDED_ZERO})
    chance = random.Random(14)
    published = 1
    for _ in range(12):
        process = start(bob)
        time.sleep(chance.uniform(0, 0.4))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        check(remote)
        head = ann.fetch() or ""
        assert ann.texts(head) == [b"%d\n" % number for number in range(len(ann.texts(head)))]
        assert len(ann.texts(head)) >= published
        published = len(ann.texts(head))
    assert published > 1
    for _ in range(3):
        try:  # a push of the killed sync may still arrive
            newest = bob.append(bob.fetch() or "", b"last\n")
            break
        except Raced:
            continue
    assert ann.fetch() == newest
    check(bob.store.path)


FOUNDED_ZERO = {
    "format": b"pm board 1\n",
    "board.json": b'{"id": "12345678-1234-4234-8234-123456789012"}\n',
    "log/00/00/00.jsonl": b"0\n",
}


def test_orphaned_git_keeps_the_store_locked_until_it_ends(ann: Clone, bob: Clone, tmp_path: Path) -> None:
    head = ann.publish(None)
    bob.fetch()
    # An ssh that waits: the killed sync leaves a git that still fetches.
    script = tmp_path / "ssh"
    script.write_text(
        f"#!/bin/sh\ntouch {tmp_path}/begun\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.01; done\nfor last; do :; done\n"
        'exec sh -c "$last"\n'
    )
    script.chmod(0o755)
    bob.env["GIT_SSH_COMMAND"] = str(script)
    path = git("remote", "get-url", "origin", cwd=bob.path)
    code = SYNC.replace('remote("origin")', 'remote("slow")')
    git("remote", "add", "slow", f"host:{path}", cwd=bob.path)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(CHECKOUT), str(bob.path)], env=bob.env, stdout=subprocess.PIPE
    )
    poll((tmp_path / "begun").exists, what="the fetch")
    process.kill()
    process.communicate()
    newer = ann.append(head)
    lock = Path(bob.store.path, REF + ".lock")
    lock.write_text("")  # as if that git held it: it must not be removed yet
    start_time = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-c", SYNC.replace("while True", "for _ in [0]"), str(CHECKOUT), str(bob.path)],
        env=environment(),
        stdout=subprocess.PIPE,
    )
    while time.monotonic() - start_time < 0.5:
        assert lock.exists()
        assert child.poll() is None
    (tmp_path / "go").touch()
    child.communicate()
    assert child.returncode == 0
    assert not lock.exists()
    assert ann.fetch() != newer
