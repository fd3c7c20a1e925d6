"""The local copy of a board's log: a bare git repository that only pm uses.

Refs in it: BOARD is the newest head that was fetched and follows the one before; UNPUBLISHED the newest commit
made here; below KEPT are heads that do not follow BOARD. They keep objects from being collected, nothing more:
which head counts is recorded with the board.
"""

from __future__ import annotations

import os
import stat
import time

from discovery import lock
from projects.sync import git_environment, git_process, git_tree
from projects.sync.exceptions import (
    REMOVE,
    Busy,
    GitError,
    Malformed,
    Newer,
    RemoteDamaged,
    StoreDamaged,
    SyncError,
    TimedOut,
    Unreachable,
)
from projects.sync.git_remote import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from projects.sync.git_objects import ObjectReader
    from projects.sync.git_remote import Remote
    from projects.sync.git_tree import Contents

NAME = "board.git"
PROGRESS = "pm-progress"
BOARD, UNPUBLISHED, KEPT = "refs/pm/board", "refs/pm/unpublished", "refs/pm/kept"
IDENTITY = "pm <pm@localhost>"
MESSAGE = b"Update the board\n\n[skip ci]\n"
LOCAL_LIMIT = 120.0  # seconds of a call that stays on this machine
REMOTE_LIMIT = 300.0  # seconds of a call to a remote
LOCK_WAIT = 30.0  # seconds
REMEDY = (
    "nothing of it was applied; put the ref on the remote back to its last good commit, or delete it there and run"
    " `pm sync repair`, or leave it: pm sync disable"
)
NEAR = 16  # commits; an ancestor this near is found without another process
MANY_LOOSE_OBJECTS = 2000
MANY_PACKS = 50
FOREIGN = ("commondir", "config.worktree", "objects/info/alternates", "objects/info/http-alternates")
CONFIG = {
    "sha1": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    "sha256": "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n",
}


class GitStore:
    """The copy at `path`, a directory named `board.git`. Use it in a `with` statement, which ends its processes."""

    def __init__(self, path: str, environ: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._environ = os.environ if environ is None else environ
        self._reader: ObjectReader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process that reads objects."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def contents(self, head: str) -> Contents:
        """Return what the commit `head` holds. Raises Malformed or Newer."""
        objects, commit = self._objects(), self._checked(head)
        try:
            return git_tree.read(objects, commit)
        except Newer:
            raise
        except Malformed as error:
            raise Malformed(f"{error}; {REMEDY}") from None

    def blobs(self, ids: Sequence[str], limit: int = git_tree.MAX_SEGMENT) -> Iterator[bytes]:
        """Yield the content of each object, in order. Raises Malformed if one is missing or larger than `limit`.

        Exhaust the iterator before the next call.
        """
        return self._objects().read_all([self._checked(one) for one in ids], "blob", limit)

    def stream(self, object_id: str, limit: int = git_tree.MAX_CHECKPOINT) -> Iterator[bytes]:
        """Yield the content of one object in chunks; see `blobs`."""
        return self._objects().stream(self._checked(object_id), "blob", limit)

    def note_progress(self, position: int) -> None:
        """Record how far a long sync has read the log, for the progress bar."""
        try:
            with open(os.path.join(self.path, PROGRESS), "w") as file:
                file.write(str(position))
        except OSError:
            pass

    def progress(self) -> int:
        """Return how far the long sync has read the log that runs, or that was the last one; 0 if there was none."""
        text = _first_word(os.path.join(self.path, PROGRESS))
        return int(text) if text.isdecimal() else 0

    def is_descendant(self, new: str, old: str) -> bool:
        """Return True if `old` is `new` or one of its ancestors; False also if `old` is not known here."""
        if new == old:
            return True
        one: str | None = self._checked(new)
        for _ in range(NEAR):
            parents = self._parents(one) if one else []
            if old in parents:
                return True
            if len(parents) > 1:
                break
            one = parents[0] if parents else None
        if one is None:
            return False
        code, _, errors = self._git("merge-base", "--is-ancestor", self._checked(old), new)
        if code > 1 and b"Not a valid" not in errors:
            raise self._failed(errors)
        return code == 0

    def has(self, commit: str) -> bool:
        """Return True if the commit is here: a copy that was removed and fetched again lacks the history before."""
        try:
            self._objects().links(self._checked(commit))
        except (Malformed, StoreDamaged):
            return False
        return True

    def commit(self, head: str | None, files: Mapping[str, bytes], removed: Iterable[str] = ()) -> str:
        """Commit `files` on top of `head`, or as the first commit, and return the new head. Publishes nothing."""
        for path, content in files.items():
            if not git_tree.is_layout_path(path):
                raise ValueError(f"not a path of the log: {path}")
            if path.startswith("log/") and len(content) > git_tree.MAX_SEGMENT:
                raise Malformed(f"a segment is larger than {git_tree.MAX_SEGMENT >> 20} MiB")
        from projects.sync.git_writer import ObjectWriter

        with self._exclusive():
            writer = ObjectWriter(self.path, self._object_format())
            changes = {**files, **dict.fromkeys(removed)}
            try:
                commit = writer.commit(self._objects(), head and self._checked(head), changes, _author(), MESSAGE)
                writer.set_ref(UNPUBLISHED, commit)
            except OSError as error:
                raise StoreDamaged(f"{self.path} can't be written: {error.strerror}") from None
            return commit

    def restart(self, head: str, parent: str | None = None) -> str:
        """Return a new commit with the files of `head` on top of `parent`, for a remote that lost the history."""
        from projects.sync.git_writer import ObjectWriter

        tree, _ = self._objects().links(self._checked(head))
        with self._exclusive():
            writer = ObjectWriter(self.path, self._object_format())
            try:
                commit = writer.commit_tree(tree, parent and self._checked(parent), _author(), MESSAGE)
                writer.set_ref(UNPUBLISHED, commit)
            except OSError as error:
                raise StoreDamaged(f"{self.path} can't be written: {error.strerror}") from None
            return commit

    def fetch(self, remote: Remote, ref: str, *, limit: float = REMOTE_LIMIT, terminal: bool = False) -> str | None:
        """Fetch `ref` and return its head, None if the remote has no such ref. Raises GitError.

        Creates the store if it is missing; its first fetch brings no history. A head that does not follow the one
        before is returned and kept, and replaces nothing: see `is_descendant` and `adopt`.
        """
        check_ref(ref)
        with self._exclusive(remote.object_format) as held:
            # A later fetch with a depth would cut the history that follows from what is here.
            depth = () if self._ref(BOARD) or self._ref(UNPUBLISHED) else ("--depth=1",)
            arguments = ("fetch", "--no-tags", *depth, "--", remote.name, f"{ref}:{BOARD}")
            code, _, errors = self._git(*arguments, remote=remote, held=held.fileno, limit=limit, terminal=terminal)
            if code:
                from projects.sync import git_answers  # only now, as most fetches succeed
            if code and git_answers.is_missing_ref(errors):
                return None
            rejected = code == 1 and b"[rejected]" in errors
            if code and not rejected:
                raise self._blamed(git_answers.failure(remote.name, errors))
            fetched = self._checked(_first_word(os.path.join(self.path, "FETCH_HEAD")))
            if rejected:
                self._update_refs(held.fileno, f"update {KEPT}/{fetched} {fetched}")
            return fetched

    def adopt(self, head: str) -> None:
        """Follow `head` from now on, though it does not follow the head before; that one is kept."""
        with self._exclusive() as held:
            before = self._ref(BOARD)
            keep = f"update {KEPT}/{before} {before}\n" if before else ""
            self._update_refs(held.fileno, f"{keep}update {BOARD} {self._checked(head)}")

    def push(
        self,
        remote: Remote,
        head: str,
        ref: str,
        expected: str | None = None,
        *,
        limit: float = REMOTE_LIMIT,
        terminal: bool = False,
    ) -> None:
        """Publish `head` as `ref`. Raises Raced if the remote has a head that it does not follow.

        `expected` is the head that the remote must have, "" for none. Raises Rewritten if the remote lacks the
        history before `head`, see `restart`, and GitError.
        """
        check_ref(ref)
        lease = () if expected is None else (f"--force-with-lease={ref}:{expected and self._checked(expected)}",)
        refspec = f"{self._checked(head)}:{ref}"
        arguments = ("push", "--porcelain", "--no-verify", *lease, "--", remote.name, refspec)
        code, output, errors = self._git(*arguments, remote=remote, limit=limit, terminal=terminal)
        if code:
            from projects.sync import git_answers

            raise self._blamed(git_answers.push_failure(remote.name, output, errors))

    def tidy(self) -> bool:
        """Pack the objects if there are many loose ones or packs; return True if it did."""
        objects = os.path.join(self.path, "objects")
        loose = len(_listed(os.path.join(objects, "17"))) * 256  # one of 256 folders, as `git gc --auto` estimates
        if loose < MANY_LOOSE_OBJECTS and len(_listed(os.path.join(objects, "pack"))) < 2 * MANY_PACKS:
            return False
        self.close()
        with self._exclusive() as held:
            code, _, errors = self._git("gc", "--quiet", "--prune=now", held=held.fileno)
            if code:
                raise self._failed(errors)
        return True

    def fetched(self) -> str | None:
        """Return the newest head that was fetched and follows the one before, or None."""
        return self._ref(BOARD)

    def exists(self) -> bool:
        """Return True if the store was created."""
        return os.path.lexists(self.path)

    def _exclusive(self, object_format: str = "") -> lock.Lock:
        """Take the lock of the store, create the store if it is missing, and remove what a killed git left.

        Without an object format, a missing store is an error.
        """
        try:
            held = lock.hold(f"{self.path}.lock", wait=LOCK_WAIT)
        except lock.LockTaken:
            raise Busy("another sync of this board is still running; try again") from None
        except OSError as error:
            raise StoreDamaged(f"{self.path}.lock can't be created: {error.strerror}") from None
        try:
            if self.exists() or not object_format:
                self._object_format()
                remove_leftovers(self.path)
            else:
                self._create(object_format, held.fileno)
        except BaseException:
            held.release()
            raise
        return held

    def _create(self, object_format: str, held: int) -> None:
        if object_format not in CONFIG:
            raise GitError(f"the repository has an object format that pm does not know: {object_format}")
        new = f"{self.path}.new"
        if os.path.lexists(new):
            import shutil

            shutil.rmtree(new)
        try:
            os.mkdir(new, mode=0o700)
            arguments = ("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", new)
            environ = git_environment.for_store(self._environ)
            code, _, errors = git_process.run(arguments, environ, lock=held)
            if code:
                raise self._failed(errors)
            with open(os.path.join(new, "config"), "w") as file:
                file.write(CONFIG[object_format])
            os.rename(new, self.path)
        except OSError as error:
            raise StoreDamaged(f"{self.path} can't be created: {error.strerror}") from None

    def _object_format(self) -> str:
        """Return the object format. Raises StoreDamaged if pm did not create the store.

        A cloned repository may contain a directory of this name, whose configuration would run programs.
        """
        try:
            status = os.lstat(self.path)
            with open(os.path.join(self.path, "config"), errors="replace") as file:
                config = file.read(1024)
        except OSError as error:
            raise StoreDamaged(f"{self.path} can't be read: {error.strerror}; sync again") from None
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if ours and not self._has_foreign_files():
            for name, text in CONFIG.items():
                if config == text:
                    return name
        raise StoreDamaged(f"{self.path} was not created by pm, or was changed; {REMOVE}")

    def _has_foreign_files(self) -> bool:
        """Return True for files that lead out of the store: git would read or write what they name."""
        if any(os.path.lexists(os.path.join(self.path, name)) for name in FOREIGN):
            return True
        for folder in ("", "refs", os.path.dirname(BOARD), "objects"):
            try:
                with os.scandir(os.path.join(self.path, folder)) as entries:
                    if any(entry.is_symlink() for entry in entries):
                        return True
            except OSError:  # missing
                continue
        return False

    def _git(
        self,
        *arguments: str,
        remote: Remote | None = None,
        held: int | None = None,
        data: Iterable[bytes] = (),
        limit: float = LOCAL_LIMIT,
        terminal: bool = False,
    ) -> tuple[int, bytes, bytes]:
        directory = ("-C", remote.directory) if remote else ()
        variables = git_environment.for_store(
            self._environ,
            remote.settings if remote else (),
            terminal=terminal,
            own_config=remote is not None and remote.needs_own_config,
        )
        command = [*directory, f"--git-dir={os.path.abspath(self.path)}", *arguments]
        try:
            return git_process.run(command, variables, data=data, limit=limit, lock=held, terminal=terminal)
        except TimedOut:
            if remote is None:
                raise
            raise Unreachable(f"the remote {printable(remote.name)} did not finish within {limit:g} seconds") from None

    def _objects(self) -> ObjectReader:
        if self._reader is None or self._reader.closed:
            from projects.sync.git_objects import ObjectReader

            environ = git_environment.for_store(self._environ)
            self._reader = ObjectReader(os.path.abspath(self.path), environ, self._object_format())
        return self._reader

    def _parents(self, commit: str) -> list[str]:
        """Return the parents of a commit, none if it is not here: the first fetch brings no history."""
        try:
            return self._objects().links(commit)[1]
        except (Malformed, StoreDamaged):
            return []

    def _update_refs(self, held: int, commands: str) -> None:
        code, _, errors = self._git("update-ref", "--stdin", data=[f"{commands}\n".encode()], held=held)
        if code:
            raise self._failed(errors)

    def _ref(self, name: str) -> str | None:
        """Return the object ID of a ref, from the files of the store."""
        loose = _first_word(os.path.join(self.path, name))
        if loose:
            return loose
        try:
            with open(os.path.join(self.path, "packed-refs"), encoding="utf-8", errors="replace") as file:
                return next((line[:-1].partition(" ")[0] for line in file if line.endswith(f" {name}\n")), None)
        except FileNotFoundError:
            return None

    def _checked(self, object_id: str) -> str:
        if len(object_id) not in (40, 64) or not git_tree.HEX.issuperset(object_id):
            raise GitError(f"not an object ID of git: {printable(object_id)!r}")
        return object_id

    def _blamed(self, error: SyncError) -> SyncError:
        """Return the error of a call to a remote, or StoreDamaged if this copy is damaged."""
        if isinstance(error, RemoteDamaged):
            code, _, _ = self._git("fsck", "--no-dangling", "--no-progress", "--no-reflogs")
            if code:
                return StoreDamaged(f"{self.path} is damaged; {REMOVE}")
        return error

    def _failed(self, errors: bytes) -> StoreDamaged:
        return StoreDamaged(f"git failed in {self.path}: {printable(errors)}")


def sync_lock(path: str, wait: float = 0.0) -> lock.Lock:
    """Take the lock that one sync of a board holds; `path` is the board's config directory. Raises Busy."""
    try:
        return lock.hold(os.path.join(path, "sync.lock"), wait=wait)
    except lock.LockTaken:
        raise Busy("another sync of this board is running; wait for it, or try again later") from None
    except OSError as error:
        raise StoreDamaged(f"{path}/sync.lock can't be created: {error.strerror}") from None


def check_ref(ref: str) -> None:
    """Raise GitError unless `ref` is below refs/pm/, or a branch, with a plain name."""
    parts = ref.split("/")
    plain = all(
        part
        and part[0] not in ".-"
        and ".." not in part
        and not part.endswith((".lock", "."))
        and all(character.isascii() and (character.isalnum() or character in "._-") for character in part)
        for part in parts
    )
    if not plain or len(ref) > 200 or not (ref.startswith("refs/pm/") or ref.startswith("refs/heads/")):
        raise GitError(f"the ref must be refs/pm/NAME or refs/heads/NAME, not {printable(ref)!r}")


def remove_leftovers(path: str) -> None:
    """Remove lock files and half-written packs that a killed git left; only while no git works in the store."""
    folders = [path, os.path.join(path, "objects", "pack")]
    folders += [folder for folder, _, _ in os.walk(os.path.join(path, "refs"))]
    for folder in folders:
        for name in _listed(folder):
            if name.endswith(".lock") or name.startswith(("tmp_", ".tmp-")) or name == "gc.pid":
                os.unlink(os.path.join(folder, name))


def _author() -> str:
    return f"{IDENTITY} {int(time.time())} +0000"


def _first_word(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(256).partition("\n")[0].partition("\t")[0]
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _listed(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []
