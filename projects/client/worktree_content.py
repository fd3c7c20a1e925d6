"""The ID of a worktree's content: of all files but those that git ignores, as they are on the disk.

git only lists the files; it writes nothing, not even its index, and runs no hook, filter or monitor of the repository.
The files are read here, so flags of the index that hide changes, such as assume-unchanged, have no effect. In a
repository without line-ending conversions or filters the ID is that of the tree of a commit of this content. A
submodule counts with its content, as a folder.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time

from projects.client.errors import ClientError
from projects.sync.exceptions import GitError
from projects.sync.git_environment import for_store
from projects.sync.git_process import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Entry = tuple[int, str]  # mode and object ID
    Entries = dict[str, Entry]  # by path
    Folder = dict[bytes, "Entry | Folder"]

LIMIT = 120.0  # seconds
MAX_LIST = 1 << 28  # bytes of the names of files
CHUNK = 1 << 20
MAX_DEPTH = 20  # of submodules
RACY = 2_000_000_000  # nanoseconds: times of files are as coarse as two seconds on some file systems
GITLINK = "160000"
FOLDER, FILE, PROGRAM, LINK = 0o40000, 0o100644, 0o100755, 0o120000
SETTINGS = (("core.untrackedCache", "false"), ("core.preloadIndex", "false"), ("submodule.recurse", "false"))


class ContentUnknown(ClientError):
    """The content of the worktree can't be determined."""

    code = "CONTENT_UNKNOWN"


class Content:
    """The content of a worktree at one moment."""

    def __init__(self, tree: str, commit: str, entries: Entries) -> None:
        self.tree = tree
        self.commit = commit
        self.entries = entries

    def changed_since(self, before: Content) -> list[str]:
        """Return the paths that differ, sorted."""
        names = self.entries.keys() | before.entries.keys()
        return sorted(name for name in names if self.entries.get(name) != before.entries.get(name))


class Worktree:
    """The worktree at `top`, the folder that a check runs in."""

    def __init__(self, top: str, environ: Mapping[str, str]) -> None:
        self.top = top
        self._environ = {
            **for_store(environ, SETTINGS, own_config=True),
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_ALLOW_PROTOCOL": "",
        }
        self._hash = ""
        # What was read before: by path, the state of the file and its ID. Its ctime can't be set by a program.
        self._known: dict[bytes, tuple[tuple[int, ...], str]] = {}
        self._read_at = 0  # when that began, in nanoseconds

    def content(self) -> Content:
        """Read the content. Raises ContentUnknown."""
        try:
            if not self._hash:
                self._hash = self._git(self.top, "rev-parse", "--show-object-format").decode().strip()
            began = time.time_ns()
            entries: Entries = {}
            for name, mode, blob in self._files(self.top, "", 0):
                entries[os.fsdecode(name)] = (mode, blob)
            self._read_at = began
            return Content(self._tree(entries), self._commit(), entries)
        except GitError as error:
            raise ContentUnknown(f"the content of {self.top} can't be determined: {error}") from None

    def _commit(self) -> str:
        try:
            return self._git(self.top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").decode().strip()
        except GitError:
            return ""  # no commit yet

    def _files(self, top: str, prefix: str, depth: int) -> Iterator[tuple[bytes, int, str]]:
        """Yield path, mode and ID of each file of a repository, those of nested ones included."""
        if depth > MAX_DEPTH:
            raise GitError(f"repositories are nested more than {MAX_DEPTH} deep in {top}")
        listed = self._git(top, "ls-files", "-z", "-t", "-s", "--cached", "--others", "--exclude-standard")
        root, seen = os.fsencode(top), set()
        for line in listed.split(b"\0"):
            tag, _, rest = line.partition(b" ")
            if not rest:
                continue
            head, path = (b"", rest) if tag == b"?" else rest.split(b"\t", 1)
            path = path.rstrip(b"/")
            if path in seen:
                continue
            seen.add(path)
            yield from self._entry(root, os.fsencode(prefix), path, head.startswith(GITLINK.encode()), depth)

    def _entry(
        self, root: bytes, prefix: bytes, path: bytes, is_link: bool, depth: int
    ) -> Iterator[tuple[bytes, int, str]]:
        place = root + b"/" + path
        try:
            status = os.lstat(place)
        except (FileNotFoundError, NotADirectoryError):
            return
        if stat.S_ISLNK(status.st_mode):
            yield prefix + path, LINK, self._id(b"blob", os.readlink(place))
        elif stat.S_ISREG(status.st_mode):
            yield prefix + path, PROGRAM if status.st_mode & stat.S_IXUSR else FILE, self._blob(place, status)
        elif stat.S_ISDIR(status.st_mode):
            if os.path.lexists(os.path.join(place, b".git")):
                yield from self._files(os.fsdecode(place), os.fsdecode(prefix + path) + "/", depth + 1)
            elif is_link:  # git looks into no submodule, also if its repository is gone
                for folder, _, names in os.walk(place):
                    for name in sorted(names):
                        below = os.path.relpath(os.path.join(folder, name), root)
                        yield from self._entry(root, prefix, below, False, depth)

    def _blob(self, path: bytes, status: os.stat_result) -> str:
        """Return the ID of a file's content; it is read again unless it is certainly as it was."""
        state = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._known.get(path)
        # A file that changed right before it was read may change again with the same times.
        if known is not None and known[0] == state and status.st_ctime_ns < self._read_at - RACY:
            return known[1]
        found = self._read(path)
        self._known[path] = (state, found)
        return found

    def _read(self, path: bytes) -> str:
        try:
            fileno = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise GitError(f"{os.fsdecode(path)} can't be read: {error.strerror}") from None
        try:
            size = os.fstat(fileno).st_size
            digest = hashlib.new(self._hash, b"blob %d\0" % size, usedforsecurity=False)
            left = size
            while left and (chunk := os.read(fileno, min(CHUNK, left))):
                digest.update(chunk)
                left -= len(chunk)
            if left or os.read(fileno, 1):
                raise GitError(f"{os.fsdecode(path)} changes while it is read")
        finally:
            os.close(fileno)
        return digest.hexdigest()

    def _tree(self, entries: Entries) -> str:
        """Return the ID of the tree of these files."""
        root: Folder = {}
        for name, entry in entries.items():
            *folders, last = os.fsencode(name).split(b"/")
            at = root
            for folder in folders:
                below = at.setdefault(folder, {})
                if not isinstance(below, dict):
                    raise GitError(f"{name} is below a file")
                at = below
            at[last] = entry
        return self._tree_of(root)

    def _tree_of(self, folder: Folder) -> str:
        lines = []
        for name, one in folder.items():
            mode, digits = (FOLDER, self._tree_of(one)) if isinstance(one, dict) else one
            # git sorts a folder as if its name ended in a slash.
            lines.append((name + b"/" * (mode == FOLDER), b"%o %s\0" % (mode, name) + bytes.fromhex(digits)))
        return self._id(b"tree", b"".join(line for _, line in sorted(lines)))

    def _id(self, kind: bytes, data: bytes) -> str:
        return hashlib.new(self._hash, b"%s %d\0" % (kind, len(data)) + data, usedforsecurity=False).hexdigest()

    def _git(self, top: str, *arguments: str) -> bytes:
        code, output, errors = run(("-C", top, *arguments), self._environ, limit=LIMIT, max_output=MAX_LIST)
        if code:
            words = os.fsdecode(errors).strip().splitlines() or [f"exit status {code}"]
            raise GitError(words[-1])
        return output


def find_worktree(environ: Mapping[str, str], cwd: str | None = None) -> Worktree | None:
    """Return the caller's worktree, None outside of a repository.

    In a submodule without a board of its own it is that of the repository around it.
    """
    from projects import workspace

    here = os.path.realpath(cwd or os.getcwd())
    top = workspace.repository_top(here)
    while top is not None:
        above = workspace.repository_top(os.path.dirname(top))
        has_board = os.path.lexists(os.path.join(top, workspace.NAME))
        # The .git of a submodule is a file that points into that of the repository around it.
        dotgit = os.path.join(top, ".git")
        if above is None or has_board or not os.path.isfile(dotgit) or "/modules/" not in _pointer(dotgit):
            return Worktree(top, environ)
        top = above
    return None


def _pointer(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read(4096)).partition("gitdir:")[2].strip()
    except OSError:
        return ""
