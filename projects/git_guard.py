"""Keep the board out of git while the server runs, and warn about what git could do to it."""

from __future__ import annotations

import contextlib
import logging
import os

from projects import git_exclude, git_tracking, workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Signature = tuple[int, int, int] | None

logger = logging.getLogger(__name__)


class Guard:
    """Put git's ignore rules back when something removes or overrides them.

    Checking unchanged files costs a few calls of `stat`.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._exclude = ""
        self._seen: Signature = None
        self._rules: list[Signature] = []
        self._warnings: set[str] = set()
        self._search: git_tracking.Search | None = None
        self.has_searched_history = False

    def look(self) -> None:
        """Check once; call this every few seconds."""
        home = workspace.git_home(self.directory)
        if home is None or home[1] is None or not os.path.isdir(self.directory):
            return
        self._exclude = git_exclude.path_of(home[0])
        self._look_at_exclude()
        self._look_at_gitignore(home[1])
        if not self.has_searched_history:
            self._look_at_history()

    def _look_at_exclude(self) -> None:
        if self._seen and _signature(self._exclude) == self._seen:
            return
        # Read before the block is added, so that the next call notices a change in between.
        self._seen = _signature(self._exclude)
        _, warning = workspace.keep_out_of_git(self.directory)
        if warning:
            with contextlib.suppress(OSError):
                workspace.write_gitignore(self.directory)
            self._warn(warning)

    def _look_at_gitignore(self, below: str) -> None:
        """Restore `.pm/.gitignore` if a .gitignore above it re-includes the board: that outranks info/exclude."""
        path = os.path.join(self.directory, ".gitignore")
        rules = [_signature(each) for each in (path, *_gitignores_above(self.directory, below))]
        if rules == self._rules:
            return
        self._rules = rules
        if os.path.lexists(path) or git_tracking.ignored(self.directory, workspace.LOCAL_FILES) is not False:
            return
        try:
            workspace.write_gitignore(self.directory)
        except OSError as error:
            done = f"{path} can't be written ({error.strerror}); see: pm doctor"
        else:
            done = f"{path} was restored; commit it"
        self._warn(f"a .gitignore of this repository re-includes the board, so `git add` could take it; {done}")

    def _look_at_history(self) -> None:
        """Search all commits for the database in the background: a long history takes seconds."""
        if self._search is None:
            self._search = git_tracking.Search(self.directory, (workspace.DATABASE,))
        commit = self._search.result()
        if commit is None:
            return
        self.has_searched_history, self._search = True, None
        if commit:
            self._warn(
                f"commit {commit} or an earlier one contains {workspace.DATABASE} of {self.directory}: checking out "
                "such a commit overwrites or deletes the board; run pm backup now; for details: pm doctor"
            )

    def _warn(self, warning: str) -> None:
        """Log a warning once."""
        if warning not in self._warnings:
            self._warnings.add(warning)
            logger.warning("%s", warning)


def _gitignores_above(directory: str, below: str) -> Iterator[str]:
    """Yield the paths of .gitignore in the folders from the parent of `directory` to the top of the worktree."""
    folder = os.path.realpath(directory)
    for _ in range(below.count(os.sep) + 1):
        folder = os.path.dirname(folder)
        yield os.path.join(folder, ".gitignore")


def _signature(path: str) -> Signature:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
