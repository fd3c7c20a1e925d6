"""Read commits of the user's repository with git's plumbing, as data that may be hostile.

Nothing of the repository's configuration runs: no hooks, external diffs, text conversions, file-system monitors,
signature checks or remote access. Time, output and memory have limits. Objects that are missing here, as in a partial
clone, are never fetched.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from projects.sync.exceptions import GitError
from projects.sync.git_environment import for_store
from projects.sync.git_process import Process

LIMIT = 600.0  # seconds to read the history in the background
DIFF_LIMIT = 5.0  # seconds to read a diff
COUNT_LIMIT = 1.0  # seconds to count the lines of a commit
MAX_MESSAGE = 64 << 10  # bytes of a commit's message that are read
MAX_TIPS = 16 << 20  # bytes of their names
MAX_DIFF = 256 << 10  # bytes of a diff that are shown
MAX_MEMORY = 1 << 30  # bytes of data that git may allocate
SETTINGS = (
    ("core.packedGitLimit", "256m"),
    ("core.packedGitWindowSize", "16m"),
    ("core.deltaBaseCacheLimit", "64m"),
    ("core.bigFileThreshold", "4m"),  # larger files are binary in a diff
    ("core.attributesFile", os.devnull),
    ("core.alternateRefsCommand", ""),
    ("diff.orderFile", os.devnull),
    ("log.showSignature", "false"),
    ("protocol.allow", "never"),
)
# Refs whose commits are no work on a branch: the stash, and boards.
HIDDEN = ("--exclude=refs/stash", "--exclude=refs/pm/*", "--exclude=refs/notes/*")
FORMAT = "--format=%H%x00%P%x00%an%x00%at%x00%ct%x00%B%x00%x00"
FIELDS = 7  # of FORMAT; the last one is empty: the second NUL
# A message in which `mentions.keys_in` can find a key has a line that matches one of these.
NAMING = ("--extended-regexp", "--grep=[A-Z][A-Z0-9_]+-[1-9]", "--grep=^[Rr][Ee][Ff][Ss]:")
NICENESS = 10  # of git in the background
OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Commit(NamedTuple):
    """A commit; times are seconds since 1970."""

    sha: str
    parents: list[str]
    author: str
    authored: int
    committed: int
    message: str


class Changes(NamedTuple):
    """The statistics of a commit: files, added and removed lines."""

    files: int
    insertions: int
    deletions: int


class Patch(NamedTuple):
    """The text of a diff, cut at a limit if it is long."""

    text: str
    is_cut: bool


class Repository:
    """The repository with this git directory, which all its worktrees share."""

    def __init__(self, directory: str, environ: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.is_in_background = False  # then git gets little of the processor
        environ = for_store(os.environ if environ is None else environ, SETTINGS, own_config=True)
        self._environ = {**environ, "GIT_ALLOW_PROTOCOL": "", "GIT_OPTIONAL_LOCKS": "0"}

    def tips(self) -> set[str]:
        """Return the object IDs of all refs and of the worktrees' detached heads. Raises GitError."""
        named = b"".join(self._read("rev-parse", *HIDDEN, "--all", most=MAX_TIPS))
        return {*named.decode().split(), *self._detached_heads()}

    def boundary(self) -> set[str]:
        """Return a word for where the history of a shallow clone ends, the empty set if it is whole."""
        found = set()
        for name in ("shallow", os.path.join("info", "grafts")):
            with suppress(OSError), open(os.path.join(self.directory, name), "rb") as file:
                found.add(f"@{name[0]}{hashlib.sha256(file.read()).hexdigest()}")
        return found

    def commits(
        self, tips: Iterable[str], known: Iterable[str], limit: float = LIMIT, *, only_naming: bool = False
    ) -> Iterator[Commit]:
        """Yield the commits that the tips reach and the known ones do not, the newest first. Raises GitError.

        With `only_naming` those that name no key are left out, all but a few.
        """
        chosen = NAMING if only_naming else ()
        arguments = ("rev-list", "--encoding=UTF-8", "--ignore-missing", FORMAT, *chosen, "--stdin")
        yield from _commits(self._read(*arguments, data=_revisions(tips, known), limit=limit))

    def these(self, shas: Iterable[str]) -> Iterator[Commit]:
        """Yield those of the commits that are still in the repository. Raises GitError."""
        arguments = ("rev-list", "--no-walk=unsorted", "--encoding=UTF-8", "--ignore-missing", FORMAT, "--stdin")
        if found := _revisions(shas, ()):
            yield from _commits(self._read(*arguments, data=found))

    def unreachable(self, known: Iterable[str], tips: Iterable[str], limit: float = LIMIT) -> list[str]:
        """Return the object IDs of commits that the known tips reached and the present ones do not."""
        arguments = ("rev-list", "--ignore-missing", "--stdin")
        return b"".join(self._read(*arguments, data=_revisions(known, tips), limit=limit)).decode().split()

    def changes(self, sha: str) -> Changes:
        """Return the statistics of a commit, zeros for a merge. Raises GitError."""
        arguments = ("diff-tree", "-r", "--root", "--no-commit-id", "--numstat", "-z", *_PLAIN, sha, "--")
        files = list(_statistics(self._read(*arguments, limit=COUNT_LIMIT)))
        return Changes(len(files), sum(added for added, _ in files), sum(removed for _, removed in files))

    def patch(self, sha: str, most: int = MAX_DIFF) -> Patch:
        """Return the diff of a commit against its first parent. Raises GitError if the commit is not here."""
        arguments = ("diff-tree", "-p", "-r", "--root", "--no-commit-id", "-m", "--first-parent", *_PLAIN, sha, "--")
        text = b""
        for chunk in self._read(*arguments, limit=DIFF_LIMIT):
            text += chunk
            if len(text) > most:
                break
        return Patch(text[:most].decode(errors="replace"), len(text) > most)

    def file(self, path: str, most: int) -> bytes:
        """Return the file at this path from the top in HEAD. Raises GitError, also if it has more than `most` bytes."""
        return b"".join(self._read("cat-file", "blob", f"HEAD:{path}", limit=DIFF_LIMIT, most=most))

    def _detached_heads(self) -> Iterator[str]:
        places = [self.directory]
        with suppress(OSError):  # there are no other worktrees
            places += (entry.path for entry in os.scandir(os.path.join(self.directory, "worktrees")))
        for place in places:
            try:
                with open(os.path.join(place, "HEAD"), encoding="ascii", errors="replace") as file:
                    text = file.read(100).strip()
            except OSError:
                continue
            if OBJECT.fullmatch(text):
                yield text

    def _read(
        self, *arguments: str, data: bytes = b"", limit: float = LIMIT, most: int | None = None
    ) -> Iterator[bytes]:
        """Yield the output of git. Raises GitError if it fails, or after `most` bytes."""
        command = (f"--git-dir={self.directory}", *arguments)
        with Process(command, self._environ, limit=limit) as process:
            _limit_memory(process.pid)
            if self.is_in_background:
                with suppress(OSError):  # it has ended
                    os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
            process.name = arguments[0]
            read, errors = 0, bytearray()
            for chunk in process.exchange(iter([data] if data else []), errors):
                read += len(chunk)
                if most is not None and read > most:
                    raise GitError(f"git {arguments[0]} printed more than {most >> 20} MiB")
                yield chunk
            if code := process.wait(errors):
                words = errors.decode(errors="replace").strip().splitlines() or [f"exit status {code}"]
                raise GitError(f"git {arguments[0]}: {words[-1][:500]}")


_PLAIN = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--ignore-submodules=none",
    "--submodule=short",
    "-M",
    "-l200",
)


def _revisions(included: Iterable[str], excluded: Iterable[str]) -> bytes:
    return "".join([*(f"{sha}\n" for sha in included), *(f"^{sha}\n" for sha in excluded)]).encode()


def _limit_memory(pid: int) -> None:
    if sys.platform == "linux":
        import resource

        with suppress(OSError, ValueError):  # it has ended, or a lower limit holds
            resource.prlimit(pid, resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))


def _commits(chunks: Iterable[bytes]) -> Iterator[Commit]:
    """Parse FORMAT after rev-list's "commit SHA" lines. A message is cut at its limit."""
    fields: list[bytes] = []
    kept = b""
    for chunk in chunks:
        *ends, last = chunk.split(b"\0")
        for end in ends:
            fields.append((kept + end)[:MAX_MESSAGE])
            kept = b""
            if len(fields) == FIELDS:
                yield _commit(fields)
                fields = []
        kept = (kept + last)[:MAX_MESSAGE]


def _commit(fields: list[bytes]) -> Commit:
    sha, parents, author, authored, committed, message, _ = (field.decode(errors="replace") for field in fields)
    return Commit(sha.split()[-1], parents.split(), author, _seconds(authored), _seconds(committed), message)


def _seconds(text: str) -> int:
    try:
        return max(0, min(int(text), 253402300799))  # the year 9999
    except ValueError:
        return 0


def _statistics(chunks: Iterable[bytes]) -> Iterator[tuple[int, int]]:
    """Yield added and removed lines by file: "ADDED\\tREMOVED\\tPATH", and two more fields for a rename."""
    skipped = 0
    for field in _fields(chunks):
        if skipped:
            skipped -= 1
            continue
        added, removed, path = [*field.decode(errors="replace").split("\t", 2), "", ""][:3]
        skipped = 0 if path else 2
        yield _count(added), _count(removed)


def _fields(chunks: Iterable[bytes]) -> Iterator[bytes]:
    kept = b""
    for chunk in chunks:
        *ends, last = chunk.split(b"\0")
        for end in ends:
            yield kept + end
            kept = b""
        kept += last


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else 0  # "-" for a binary file
