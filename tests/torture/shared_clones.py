"""Scenario 19: real clones share a board through a bare repository while everything that can happen to them happens.

Each script plays three clones with a server each, five actors and one wrong clock: offline phases, syncs that race, git
work in between, `git gc`, and SIGKILL for `pm sync`, git and servers. At the end all clones must have the same board
and history, and every change that a server acknowledged.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.processes import Server, children
from tests.projects.sync.repositories import bare, git
from tests.torture import shared_audit
from tests.torture.ground import ended
from tests.torture.reporter import Missing, Result
from tests.torture.set_clocks import COMMAND, library
from tests.torture.shared_repository import UserRepository
from tests.torture.shared_writers import Writer

NAMES = ("ann", "bob", "cem")
CLOCKS = ("+0d", "-900d", "+1500d")
STEPS = 40  # of a script
CHANGES = 8  # at most, in one step
PLANS = 0.2  # share of the offline steps
ROUNDS = 6  # syncs of each clone at the end, at most
KILLED_AFTER = 0.5  # seconds, at most


class Clone:
    """A clone of the user's repository with its own server; `sync` runs the real `pm sync`."""

    def __init__(self, path: Path, remote: Path, board: Path, environ: dict[str, str]) -> None:
        git("clone", "-q", remote, path)
        self.path, self.environ = path, environ
        self.config = path / ".pm"
        self.config.mkdir(mode=0o700)
        shutil.copy(board, self.config / "data.db")
        self.repository = UserRepository(path, path.name)
        self.writer = Writer(self.config, path.name)
        self.log = open(path.parent / f"{path.name}.log", "w+")  # noqa: SIM115 -- closed by `end`
        self.start()

    def start(self) -> None:
        command = {"command": COMMAND} if self.environ else {}
        self.server = Server(self.path, stderr=self.log.fileno(), **command, **self.environ).ready()  # type: ignore[arg-type]  # names and values of the environment

    def restart(self) -> None:
        """Kill the server and its workers, as a power cut does, and start it again."""
        for pid in (self.server.pid, *children(self.server.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.server.process.communicate()
        self.start()

    def end(self) -> None:
        with ended(self.server):
            self.server.end()
        self.log.close()

    def said(self) -> str:
        """Return what the servers of this clone logged."""
        self.log.flush()
        return Path(self.log.name).read_text()

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `pm sync` in one of the worktrees."""
        return shared_audit.begin(self.repository.place(), "sync", *arguments)


class Script:
    """One random script."""

    def __init__(self, seed: int, folder: Path, board: Path, faked: str | None) -> None:
        self.random = random.Random(seed)
        self.remote = bare(folder / "remote.git")
        seed_repository(folder / "seed", self.remote)
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []
        self.clones: list[Clone] = []
        for name, clock in zip(NAMES, CLOCKS, strict=True):
            wrong = faked is not None and clock != "+0d"
            self.clones.append(Clone(folder / name, self.remote, board, clock_of(clock, faked) if wrong else {}))

    def run(self, steps: int) -> None:
        """Share the board, then do something at random, again and again."""
        for clone in self.clones:
            clone.writer.begin()
            shared_audit.join(clone.path, clone.path.name)
            self.sync(clone)
        for _ in range(steps):
            clone = self.random.choice(self.clones)
            clone.writer.look()
            for _ in range(self.random.randint(0, CHANGES)):
                self.counts["operations"] += clone.writer.change(self.random)
            self.random.choices((self._wait, self._sync, self._race, self._kill, self._git, self._gc), WEIGHTS)[0](
                clone
            )

    def check(self) -> None:
        """Synchronise until nothing is left; then all clones must agree."""
        left = next((left for _ in range(ROUNDS) if not any(left := [self.sync(clone) for clone in self.clones])), None)
        assert left is not None, f"the clones still have news for each other after {ROUNDS} syncs of each"
        self.failures += shared_audit.differences([(clone.server, clone.writer) for clone in self.clones])
        for clone in self.clones:
            done = shared_audit.finish(clone.begin("verify"))
            if done.code:
                self.failures.append(f"pm sync verify: {done.err[-300:]}")
            self.failures += clone.repository.faults()
            bad = [line for line in clone.said().splitlines() if "Traceback" in line or " ERROR " in line]
            self.failures += [f"the server of {clone.path.name} logged: {line}" for line in bad[:3]]
        git("fsck", "--strict", "--connectivity-only", cwd=self.remote)
        self.counts += shared_audit.standings(self.clones[0].server)
        self.counts["renumbered"] += sum(shared_audit.renumbered(clone.server) for clone in self.clones)

    def sync(self, clone: Clone) -> int:
        """Synchronise a clone; return how many changes it fetched, published, or could not publish."""
        self.counts["syncs"] += 1
        found = shared_audit.finish(clone.begin()).document
        return sum(found[name] for name in ("fetched", "published", "pending"))

    def _wait(self, clone: Clone) -> None:
        """Stay offline, and plan a lot."""
        if self.random.random() < PLANS:
            self.counts["operations"] += clone.writer.plan(self.random)

    def _sync(self, clone: Clone) -> None:
        self._finish([clone.begin()])

    def _race(self, clone: Clone) -> None:
        """Let all clones synchronise at once, one of them twice."""
        self.counts["races"] += 1
        self._finish([one.begin() for one in (*self.clones, clone)])

    def _finish(self, syncs: list[subprocess.Popen[str]]) -> None:
        for process in syncs:
            done = shared_audit.finish(process)
            self.counts["syncs"] += 1
            if done.code:
                self.failures.append(f"pm sync: {done.err[-300:]}")

    def _kill(self, clone: Clone) -> None:
        """Kill a sync, a git of it, or the server, at a random moment of a sync."""
        process = clone.begin()
        time.sleep(self.random.uniform(0, KILLED_AFTER))
        victim = self.random.choice(("pm", "git", "server"))
        self.counts[f"killed {victim}"] += 1
        if victim == "server":
            clone.restart()
        else:
            pids = (
                [process.pid]
                if victim == "pm"
                else [pid for one in children(process.pid) for pid in (one, *children(one))]
            )
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        done = shared_audit.finish(process)
        if any(word in done.err for word in ("rewound", "INTERNAL_ERROR", "was not created", "checkpoint")):
            self.failures.append(f"after a killed {victim}: {done.err[-300:]}")

    def _git(self, clone: Clone) -> None:
        for _ in range(self.random.randint(1, 4)):
            self.counts["git"] += 1
            clone.repository.act(self.random)
        self.failures += clone.repository.faults()

    def _gc(self, clone: Clone) -> None:
        """Collect garbage in the remote and in the local copy, as a host's cron job does."""
        self.counts["gc"] += 1
        git("gc", "-q", "--prune=now", cwd=self.remote)
        if (copy := clone.config / "board.git").exists():
            git(f"--git-dir={copy}", "gc", "-q", "--prune=now")

    def end(self) -> None:
        for clone in self.clones:
            clone.end()


WEIGHTS = (4, 6, 3, 4, 3, 1)  # of what a step ends with


def shared_clones(count: int) -> Result:
    """Play random scripts; see the module."""
    result = Result("random scripts of three clones that share a board", "a script")
    faked = _library(result)
    total: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pm-torture-")))
        board = shared_audit.new_board(folder / "new")
        for seed in range(count):
            with result.attempt(f"seed {seed}"), result.clock():
                script = Script(seed, folder / f"{seed}", board, faked)
                try:
                    script.run(STEPS)
                    script.check()
                finally:
                    script.end()
                    total += script.counts
                assert not script.failures, "; ".join(script.failures[:3])
            shutil.rmtree(folder / f"{seed}")
    result.notes.append(", ".join(f"{name} {total[name]}" for name in sorted(total)))
    return result


def _library(result: Result) -> str | None:
    try:
        return library()
    except Missing as missing:
        result.notes.append(f"all clocks are right: {missing}")
        return None


def clock_of(clock: str, faked: str | None) -> dict[str, str]:
    """Return the environment of a server with another clock."""
    return {"LD_PRELOAD": faked or "", "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def seed_repository(path: Path, remote: Path) -> None:
    """Fill the remote with the first commits of the project."""
    git("init", "-q", "-b", "main", path)
    for number in range(3):
        (path / "file").write_text(f"{number}\n")
        git("add", "file", cwd=path)
        git("commit", "-qm", f"Commit {number}", cwd=path)
    git("push", "-q", remote, "main", cwd=path)
    git("symbolic-ref", "HEAD", "refs/heads/main", cwd=remote)
