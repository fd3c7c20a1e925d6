"""Scenario 21: `pm sync` with a server in clones of every kind, and past each fault of a remote.

Two clones share a board. The second one is of the kind, or meets the fault: then its sync fails with one line, nothing
is lost, and the next sync goes on. At the end both have the same board and history, and `pm sync verify` agrees.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from tests.processes import DEADLINE, Server
from tests.projects.sync.http_remote import HttpRemote
from tests.projects.sync.repositories import REF, bare, git, hook
from tests.torture import shared_audit
from tests.torture.ground import ended
from tests.torture.reporter import Result
from tests.torture.shared_clones import seed_repository
from tests.torture.shared_writers import Writer

LONGEST = 700  # characters of an error
Fault = Callable[["Pair"], AbstractContextManager[None]]


class Place:
    """A repository with a board and a server of its own."""

    def __init__(self, path: Path, board: Path) -> None:
        self.path = path
        config = path / ".pm"
        config.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(board, config / "data.db")
        self.writer = Writer(config, path.name)
        self.server = Server(path).ready()

    def sync(self, *, place: Path | None = None) -> dict[str, object]:
        """Synchronise; fail with what pm said if it did not work."""
        done = shared_audit.finish(shared_audit.begin(place or self.path, "sync"))
        assert done.code == 0, f"{self.path.name}: {done.err[-LONGEST:]}"
        document: dict[str, object] = done.document
        return document

    def refusal(self) -> str:
        """Synchronise, which must fail with one line; return it."""
        done = shared_audit.finish(shared_audit.begin(self.path, "sync"))
        assert done.code == 1, f"exit {done.code}: {done.out} {done.err}"
        (line,) = done.err.splitlines()
        error = json.loads(line)["error"]
        assert error["code"] in ("SYNC_FAILED", "CONFLICT"), error  # CONFLICT: the log is not the one that it was
        assert len(error["message"]) < LONGEST, error["message"]
        assert error["message"].isprintable(), error["message"]
        return str(error["message"])

    def change(self) -> None:
        """Create an item; fail unless the server acknowledged it."""
        self.writer.look()
        self.writer.number += 1
        title = f"{self.path.name} {self.writer.number}"
        body = {"project": self.writer.seen["projects"][0], "item_type": "task", "title": title}
        assert self.writer.send("ada", "POST", "work-items/", body) is not None, title

    @property
    def unpublished(self) -> int:
        return int(self.server.api("GET", "sync/").json()["unpublished"])


class Pair:
    """Two clones of one remote, `other` made with options of `git clone`."""

    def __init__(self, folder: Path, board: Path, *options: str, algorithm: str = "sha1") -> None:
        self.folder = folder
        self.remote = bare(folder / "remote.git", f"--object-format={algorithm}")
        seed = folder / "seed"
        git("init", "-q", "-b", "main", f"--object-format={algorithm}", seed)
        seed_repository(seed, self.remote)
        git("config", "uploadpack.allowFilter", "true", cwd=self.remote)
        git("clone", "-q", self.remote, folder / "one")
        git("clone", "-q", *options, f"file://{self.remote}", folder / "other")
        self.one = Place(folder / "one", board)
        self.other = Place(folder / "other", board)
        for place in (self.one, self.other):
            place.writer.begin()
            shared_audit.join(place.path, place.path.name)
            place.sync()

    def exchange(self) -> None:
        """Change both clones and bring both up to date."""
        self.other.change()
        self.one.change()
        for place in (self.other, self.one, self.other, self.one):
            place.sync()

    def check(self) -> None:
        places = (self.one, self.other)
        for place in (*places, *places):  # until both have each other's news, and their numbers
            place.sync()
        assert not (found := shared_audit.differences([(one.server, one.writer) for one in places])), found[:2]
        for place in places:
            done = shared_audit.finish(shared_audit.begin(place.path, "sync", "verify"))
            assert done.code == 0, done.err[-LONGEST:]
            refs = git("for-each-ref", "--format=%(refname)", cwd=place.path).splitlines()
            assert not [ref for ref in refs if ref.startswith("refs/pm")], refs
        git("fsck", "--strict", "--connectivity-only", cwd=self.remote)

    def end(self) -> None:
        for place in (self.one, self.other):
            with ended(place.server):
                place.server.end()


CLONES: dict[str, tuple[str, ...]] = {
    "a shallow clone": ("--depth=1",),
    "a partial clone": ("--filter=blob:none",),
    "a clone of a single branch": ("--single-branch", "--branch=main"),
    "a clone that shares objects": ("--shared",),
    "a sparse clone": ("--sparse",),
}


def _address(pair: Pair, url: str) -> None:
    git("remote", "set-url", "origin", url, cwd=pair.other.path)


@contextmanager
def _unreachable(pair: Pair) -> Iterator[None]:
    moved = pair.remote.rename(pair.folder / "away.git")
    yield
    moved.rename(pair.remote)


@contextmanager
def _moved(pair: Pair) -> Iterator[None]:
    """The remote moves for good: the clone fails until its URL is changed."""
    pair.remote = pair.remote.rename(pair.folder / "new home.git")
    yield
    for place in (pair.one, pair.other):
        git("remote", "set-url", "origin", str(pair.remote), cwd=place.path)


@contextmanager
def _hook(pair: Pair) -> Iterator[None]:
    hook(pair.remote, "pre-receive", "echo 'no boards on Sundays' >&2; exit 1")
    yield
    hook(pair.remote, "pre-receive", "exit 0")


@contextmanager
def _hidden(pair: Pair) -> Iterator[None]:
    git("config", "receive.hideRefs", "refs/pm", cwd=pair.remote)
    yield
    git("config", "--unset", "receive.hideRefs", cwd=pair.remote)


@contextmanager
def _password(pair: Pair) -> Iterator[None]:
    before = git("remote", "get-url", "origin", cwd=pair.other.path)
    with HttpRemote(pair.folder, password="right") as served:
        _address(pair, f"http://{served.address}/remote.git")
        yield
    _address(pair, before)


@contextmanager
def _read_only(pair: Pair) -> Iterator[None]:
    before = git("remote", "get-url", "origin", cwd=pair.other.path)
    git("config", "http.receivepack", "false", cwd=pair.remote)
    with HttpRemote(pair.folder) as served:
        _address(pair, f"http://{served.address}/remote.git")
        yield
    _address(pair, before)


@contextmanager
def _ssh_refuses(pair: Pair) -> Iterator[None]:
    before = git("remote", "get-url", "origin", cwd=pair.other.path)
    script = pair.folder / "ssh"
    script.write_text("#!/bin/sh\necho 'ann@host: Permission denied (publickey,password).' >&2\nexit 255\n")
    script.chmod(0o755)
    git("config", "core.sshCommand", str(script), cwd=pair.other.path)
    _address(pair, f"ssh://host{pair.remote}")
    yield
    _address(pair, before)


@contextmanager
def _deleted(pair: Pair) -> Iterator[None]:
    head = git("rev-parse", REF, cwd=pair.remote)
    git("update-ref", "-d", REF, cwd=pair.remote)
    yield
    git("update-ref", REF, head, cwd=pair.remote)


FAULTS = {
    "a remote that is gone for a while": _unreachable,
    "a remote that moved": _moved,
    "a hook that refuses": _hook,
    "a ref that the server hides": _hidden,
    "a password that nobody can enter": _password,
    "a remote that may only be read": _read_only,
    "ssh that refuses": _ssh_refuses,
    "a ref that was deleted for a while": _deleted,
}


def _in_a_submodule(pair: Pair) -> None:
    """The board of a submodule is that of its own repository, and the outer one has none."""
    outer = bare(pair.folder / "outer.git")
    path = pair.folder / "outer"
    git("clone", "-q", outer, path)
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(pair.remote), "inner", cwd=path)
    git("commit", "-qm", "Add a submodule", cwd=path)
    done = shared_audit.finish(shared_audit.begin(pair.other.path, "sync"))
    assert done.code == 0, done.err
    git("push", "-q", "--recurse-submodules=on-demand", "origin", "HEAD", cwd=path)
    assert git("for-each-ref", "refs/pm", cwd=outer) == ""


def _with_gc(pair: Pair) -> None:
    for place in (pair.one, pair.other):
        git("gc", "-q", "--prune=now", cwd=pair.remote)
        git(f"--git-dir={place.path / '.pm' / 'board.git'}", "gc", "-q", "--prune=now")
        git("gc", "-q", "--prune=now", cwd=place.path)
        place.change()
        place.sync()


def _with_packed_refs(pair: Pair) -> None:
    for directory in (pair.remote, pair.one.path / ".pm" / "board.git", pair.other.path / ".pm" / "board.git"):
        git("pack-refs", "--all", "--prune", cwd=directory)
    pair.exchange()


def _with_several_remotes(pair: Pair) -> None:
    second = bare(pair.folder / "second.git")
    git("remote", "add", "second", second, cwd=pair.other.path)
    git("push", "-q", "second", "HEAD:main", cwd=pair.other.path)
    pair.exchange()
    assert git("for-each-ref", "refs/pm", cwd=second) == ""


def _from_worktrees(pair: Pair) -> None:
    places = [pair.folder / f"tree {number}" for number in range(3)]
    for number, place in enumerate(places):
        git("worktree", "add", "-q", "-b", f"tree-{number}", place, cwd=pair.other.path)
        pair.other.change()
        pair.other.sync(place=place)
        assert not git("status", "--porcelain", cwd=place)


def _mirrored(pair: Pair) -> None:
    """A mirror of the remote has the board's ref; a push of everything from a clone deletes nothing."""
    git("clone", "-q", "--mirror", str(pair.remote), pair.folder / "mirror.git")
    assert git("for-each-ref", REF, cwd=pair.folder / "mirror.git")
    git("push", "-q", "--all", "origin", cwd=pair.other.path)
    pair.exchange()


def _through_ssh(pair: Pair) -> None:
    script = pair.folder / "ssh"
    script.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    script.chmod(0o755)
    git("config", "core.sshCommand", str(script), cwd=pair.other.path)
    _address(pair, f"ssh://host{pair.remote}")
    pair.exchange()


TOUCHES: dict[str, Callable[[Pair], None]] = {
    "a submodule": _in_a_submodule,
    "git gc --prune=now everywhere": _with_gc,
    "packed refs": _with_packed_refs,
    "several remotes": _with_several_remotes,
    "linked worktrees": _from_worktrees,
    "a mirror": _mirrored,
    "an ssh wrapper": _through_ssh,
}


def _kinds() -> Iterator[tuple[str, Callable[[Path, Path], Pair], Callable[[Pair], None]]]:
    for name, options in CLONES.items():
        yield name, lambda folder, board, options=options: Pair(folder, board, *options), Pair.exchange
    yield "SHA-256", lambda folder, board: Pair(folder, board, algorithm="sha256"), Pair.exchange
    for name, touch in TOUCHES.items():
        yield name, Pair, touch
    for name, fault in FAULTS.items():
        yield name, Pair, lambda pair, fault=fault: _past(pair, fault)


def _past(pair: Pair, fault: Fault) -> None:
    """Let a sync fail, change more, and let the next one go on."""
    pair.other.change()
    with fault(pair):
        pair.other.refusal()
        assert pair.other.unpublished >= 1
        pair.other.change()
        pair.other.refusal()
    pair.exchange()


def shared_kinds(count: int) -> Result:
    """Play `count` of the kinds, from all sorts; see the module."""
    result = Result("syncs in clones of each kind, and past each fault of a remote", "a kind")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pm-torture-")))
        board = shared_audit.new_board(folder / "new")
        kinds = list(_kinds())
        for number, (name, make, act) in enumerate(kinds[:: max(1, len(kinds) // count)][:count]):
            with result.attempt(name), result.clock():
                place = folder / f"{number}"
                place.mkdir()
                pair = make(place, board)
                try:
                    act(pair)
                    pair.check()
                finally:
                    pair.end()
    result.notes.append(f"{len(kinds)} kinds; each command within {8 * DEADLINE:.0f} s; uid {os.geteuid()}")
    return result
