"""Measure `pm sync`: with nothing to do, with one change, beside writers, and the first one of a new clone."""

from __future__ import annotations

import itertools
import math
import os
import statistics
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from projects.sync.git_remote import Repository
from projects.sync.git_store import GitStore
from tests.benchmarks import latencies, load, rates, shared_logs
from tests.benchmarks.commands import Measure
from tests.benchmarks.figures import Figure, p99, ratio
from tests.benchmarks.ground import SMALL, Ground, address
from tests.benchmarks.repeating import Repeated
from tests.processes import Server
from tests.projects.sync.repositories import bare, git

REF = "refs/pm/board"
LONGEST = 240  # seconds of a round beside writers
GIT = ("git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org")
GIT_ALONE = (
    ("commit", "-q", "--allow-empty", "-m", "Change"),
    ("push", "-q", "origin", "HEAD:refs/heads/main"),
    ("fetch", "-q", "origin"),
)


def idle(ground: Ground) -> Figure:
    """Time `pm sync` with nothing to do against `git fetch`, 1.5 times `python -c pass` and one local request."""
    server = _shared(ground)
    directory = server.directory
    bare_python = [ground.installed.command("python"), "-c", "pass"]

    def base() -> float:
        begin = time.perf_counter()
        assert server.api("GET", "sync/").status_code == 200
        request = time.perf_counter() - begin
        return _fetch(ground, directory) + 1.5 * ground.installed.time(bare_python, directory) + request

    return ratio(ground.rounds, lambda: _sync(ground, directory), base)


def one_change(ground: Ground) -> Figure:
    """Time `pm sync` with one change against `git fetch` plus `git push` of one commit."""
    server = _shared(ground)
    directory = server.directory

    def change() -> float:
        assert server.api("POST", "work-items/", json=rates.new_item(1)).status_code == 201
        return _sync(ground, directory)

    fetches: list[float] = []

    def base() -> float:
        git("commit", "-q", "--allow-empty", "-m", "Change", cwd=directory)
        push = ground.installed.time(["git", "push", "-q", "origin", "HEAD:refs/heads/main"], directory)
        fetches.append(_fetch(ground, directory))
        return fetches[-1] + push

    figure = ratio(ground.rounds, change, base)
    return Figure(figure.value, f"{figure.note}; git fetch {statistics.median(fetches) * 1e3:.1f} ms of that")


def beside_writers(ground: Ground) -> Figure:
    """Return the p99 of creations by 8 clients while the clone synchronises, against the p99 without.

    The time is the client's. In each round the same connections are used without and beside a sync, as how they are
    spread over the workers decides more than a sync: with five in one of them, one waits for a thread. Each sync
    publishes what was written meanwhile, the first one of a round also what was written before. The note gives the
    same beside git alone, which commits, pushes and fetches in another repository as often, and in the application.
    """
    server, other = _shared(ground), _other(ground)
    count = 10 if ground.short else 100
    numbers = itertools.count(1)
    sync = Repeated([[ground.installed.command("pm"), "sync"]], server.directory, **ground.installed.variables)
    plain = Repeated([[*GIT, *words] for words in GIT_ALONE], other, **ground.installed.variables)
    besides = {"nothing": threading.Event.wait, "sync": sync.beside, "git": plain.beside}
    outside: dict[str, list[float]] = {name: [] for name in besides}
    inside: dict[str, list[float]] = {name: [] for name in besides}
    for number in range(3 if ground.short else 9):
        phases = load.Phases(dict(list(besides.items())[:: 1 if number % 2 else -1]), rates.WRITERS * count)

        def requests_of(_: int, phases: load.Phases = phases) -> Iterator[load.Request]:
            return phases.named(latencies.write(server, "create", next(numbers)) for _ in itertools.count())

        results = load.run(address(server), rates.WRITERS, requests_of, LONGEST)
        assert not results.wrong, results.wrong[:3]
        answers = results.by_name()
        if besides.keys() - answers.keys():
            sync.end()
            plain.end()
            return Figure(math.inf, f"a sync had not ended after {LONGEST} s, while 8 clients wrote")
        for name in besides:
            outside[name].append(p99([answer.outside for answer in answers[name]]))
            inside[name].append(p99([answer.inside for answer in answers[name]]))
    sync.end()
    plain.end()

    def compared(times: dict[str, list[float]], name: str) -> float:
        return statistics.median(after / before for before, after in zip(times["nothing"], times[name], strict=True))

    without, synced, beside_git = (statistics.median(outside[name]) for name in besides)
    note = f"{synced:.0f} ms / {without:.0f} ms; {sync.rounds} syncs; {compared(inside, 'sync'):.2f} × in the server"
    git_note = f"beside git alone {beside_git:.0f} ms, {compared(outside, 'git'):.2f} ×, {plain.rounds} pushes"
    return Figure(compared(outside, "sync"), f"{note}; {git_note}")


def join(operations: int, pushes: int) -> Measure:
    """Return a function that times how a new clone joins a board: fetch, join and first sync, with a running server."""

    def measure(ground: Ground) -> Figure:
        number = operations // 10 if ground.short else operations
        remote, _ = _log(ground, number, min(pushes, number))
        times, peaks = [], []
        for _ in range(1 if operations > 10_000 else 3):
            server = _clone(ground, remote, ground.repository(f"joined-{time.monotonic_ns()}"))
            begin = time.perf_counter()
            _join(server, "bob")
            _sync(ground, server.directory)
            times.append(time.perf_counter() - begin)
            assert server.api("GET", "sync/").json()["position"] >= number
            peaks.append(max(map(_peak, server.workers())))
            server.end()
        note = f"{number:,} operations in {min(pushes, number):,} segments; at most {max(peaks):.0f} MiB in a worker"
        return Figure(statistics.median(times), note)

    return measure


def size(ground: Ground) -> Figure:
    """Return the MiB of the ref after 10,000 operations in 3,000 pushes, and note what gc makes of it."""
    operations, pushes = (1_000, 300) if ground.short else (10_000, 3_000)
    _, copy = _log(ground, operations, pushes)
    before, files = _disk(copy)
    git(f"--git-dir={copy}", "gc", "-q", "--prune=now")
    after, _ = _disk(copy)
    return Figure(
        after, f"before gc {before:.1f} MiB in {files:,} files; {operations:,} operations in {pushes:,} pushes"
    )


@cache
def _shared(ground: Ground) -> Server:
    """Return a server that reports its times, with a board of 100 items that is shared through a bare repository."""
    directory = ground.board("shared", SMALL)
    remote = bare(ground.folder / "shared.git")
    git("commit", "-q", "--allow-empty", "-m", "First", cwd=directory)
    git("config", "remote.origin.url", str(remote), cwd=directory)
    git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*", cwd=directory)
    git("push", "-q", "origin", "HEAD:refs/heads/main", cwd=directory)
    server = ground.serve_clocked(directory)
    _join(server, "ann")
    for _ in range(3):
        _sync(ground, directory)
    return server


def _other(ground: Ground) -> Path:
    """Return a repository with a bare remote and no board."""
    directory = ground.repository("other")
    git("commit", "-q", "--allow-empty", "-m", "First", cwd=directory)
    git("config", "remote.origin.url", str(bare(ground.folder / "other.git")), cwd=directory)
    git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*", cwd=directory)
    git("push", "-q", "origin", "HEAD:refs/heads/main", cwd=directory)
    return directory


@cache
def _log(ground: Ground, operations: int, pushes: int) -> tuple[Path, Path]:
    """Return a bare repository with a log, and the store that wrote it."""
    name = f"log-{operations}-{pushes}"
    remote = bare(ground.folder / f"{name}.git")
    return remote, shared_logs.publish(ground.folder / name, remote, operations, pushes)


def _clone(ground: Ground, remote: Path, directory: Path) -> Server:
    git("config", "remote.origin.url", str(remote), cwd=directory)
    return ground.serve(directory)


def _join(server: Server, person: str) -> None:
    """Do what `pm sync enable` does after a person has agreed."""
    remote = Repository(str(server.directory), os.environ).remote("origin")
    with GitStore(str(server.config / "board.git")) as store:
        head = store.fetch(remote, REF)
    body = {"remote": "origin", "ref": REF, "interval": 0, "person": person, "head": head}
    headers = {"X-PM-Actor": person, "X-PM-Actor-Source": "terminal"}
    answer = server.api("POST", "sync/enable/", json=body, headers=headers)
    assert answer.ok, answer.text


def _sync(ground: Ground, directory: Path) -> float:
    return ground.installed.time([ground.installed.command("pm"), "sync"], directory)


def _fetch(ground: Ground, directory: Path) -> float:
    return ground.installed.time(["git", "fetch", "-q", "origin"], directory)


def _peak(pid: int) -> float:
    """Return the MiB of memory that a process had at most."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _disk(copy: Path) -> tuple[float, int]:
    """Return the MiB that the objects take on the disk, and the number of their files."""
    files = [path.stat() for path in (copy / "objects").rglob("*") if path.is_file()]
    return sum(status.st_blocks for status in files) * 512 / 2**20, len(files)
