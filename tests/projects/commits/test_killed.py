"""Killed while it reads: what is stored is right, and the next refresh goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from projects.commits import index
from projects.commits.git_history import Repository
from projects.commits.mentions import keys_in
from projects.models.commit import Commit, CommitIndex, CommitMention
from projects.sync.exceptions import GitError
from tests.processes import environment, poll
from tests.projects.commits.conftest import Work

MANY = 1500  # commits, of which each other one names keys


def message(number: int) -> str:
    return f"Change {number}" + (f" of PONE-{number % 7 + 1} and PONE-{number % 5 + 1}" if number % 2 else "")


@pytest.fixture
def long(work: Work) -> Work:
    """A repository with MANY commits."""
    stream = []
    for number in range(1, MANY + 1):
        text = message(number)
        stream.append(f"commit refs/heads/main\nmark :{number}\ncommitter Ada <a@x.org> {number} +0000\n")
        stream.append(f"data {len(text)}\n{text}\n" + (f"from :{number - 1}\n" if number > 1 else ""))
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, cwd=work.path, env=environment(), input="".join(stream), text=True, check=True)
    return work


def stored() -> dict[str, set[str]]:
    """Return the keys that each stored commit names, by its subject."""
    found: dict[str, set[str]] = {subject: set() for subject in Commit.objects.values_list("subject", flat=True)}
    for subject, key in CommitMention.objects.values_list("commit__subject", "key"):
        found[subject].add(key)
    return found


WANTED = {message(number): set(keys_in(message(number))) for number in range(1, MANY + 1) if number % 2}


@pytest.mark.django_db(transaction=True)
def test_killed_process_stores_nothing_wrong(long: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "BATCH", 20)
    chance, seen = random.Random(16), set()
    for _ in range(6):
        Commit.objects.all().delete()
        least = chance.randrange(1, MANY // 3)
        connection.close()  # a fork must not share it
        pid = os.fork()
        if pid == 0:
            try:
                index.update(long.repository)
            finally:
                os._exit(0)
        poll(lambda least=least: Commit.objects.count() >= least, what=f"{least} commits")
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        now = stored()
        assert all(WANTED[subject] == keys for subject, keys in now.items())
        assert now == WANTED or not CommitIndex.objects.exists()
        seen.add(len(now))
        CommitIndex.objects.all().delete()
    assert min(seen) < len(WANTED), seen  # it was killed midway
    index.update(long.repository)
    assert stored() == WANTED


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["rev-parse", "rev-list"])
def test_killed_git_stores_nothing_wrong(
    long: Work, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BATCH", 20)
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    real = shutil.which("git")
    cut = f'{real} "$@" | head -c 30000\nkill -9 $$\n'
    program.write_text(f'#!/bin/sh\n[ "$2" = {command} ] || exec {real} "$@"\n{cut}')
    program.chmod(0o755)
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{program.parent}:{path}")
    with pytest.raises(GitError, match=command):
        index.update(Repository(long.repository.directory))
    assert not CommitIndex.objects.exists()
    assert all(WANTED[subject] == keys for subject, keys in stored().items())
    monkeypatch.setenv("PATH", path)
    index.update(long.repository)
    assert stored() == WANTED


@pytest.mark.django_db(transaction=True)
def test_index_does_not_wait_for_the_disk_and_others_do(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """The repository has all that a power cut could lose."""
    work.commit("PONE-1")
    levels = []
    store = index._store

    def note(*arguments: Any) -> None:
        levels.append(_level())
        store(*arguments)

    monkeypatch.setattr(index, "_store", note)
    before = _level()
    index.update(work.repository)
    assert (levels, _level()) == ([1], before)
    assert before == 2


def _level() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous")
        level: int = cursor.fetchone()[0]
        return level
