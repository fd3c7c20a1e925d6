"""The checks of `pm doctor` on git: secrets in the repository, ignore rules, a lost or copied board."""

from __future__ import annotations

import os

from projects import board_record, git_exclude, git_secrets, git_tracking, workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HISTORY = (workspace.DATABASE, git_secrets.KEY)
RESTART = "pm server stop; pm server start"


def examine(directory: str) -> Iterator[tuple[str, ...]]:
    """Yield (name, status, message[, fix]) for each check."""
    yield _secrets(directory)
    if git_tracking.tracked(directory, workspace.LOCAL_FILES) is not None:
        yield from _history(directory)
        yield from _ignored(directory)
    yield from _excluded(directory)
    yield from find_board(directory)


def find_board(directory: str) -> Iterator[tuple[str, ...]]:
    """Yield a check if the clone's board is lost or is a copy; the directory need not exist."""
    remark = board_record.remark(directory)
    if remark:
        yield "board", "warn", remark, "restore a backup, or use the board as it is: pm server start"


def _secrets(directory: str) -> tuple[str, ...]:
    try:
        workspace.refuse_hostile(directory)
        complaint = git_secrets.complaint_about_tracked(directory)
    except workspace.WorkspaceError as error:
        complaint = str(error)
    if complaint:
        return "secrets", "fail", complaint
    if git_secrets.has_known_key(directory):
        path = os.path.join(directory, git_secrets.KEY)
        return "secrets", "fail", f"{path} was once added to git; others may know it", f"{RESTART} replaces it"
    if git_tracking.tracked(directory, workspace.LOCAL_FILES) is None and workspace.git_home(directory):
        return "secrets", "warn", "git can't say whether it tracks them", f"see why: git -C {directory} status"
    return "secrets", "ok", "git tracks none of them"


def _history(directory: str) -> Iterator[tuple[str, ...]]:
    commit = git_tracking.last_commit(directory, HISTORY)
    if commit:
        message = (
            f"commit {commit} or an earlier one contains {' or '.join(HISTORY)} of {directory}: anyone with the "
            "repository can read it, and checking out such a commit overwrites the board"
        )
        yield "history", "warn", message, "pm backup before such a checkout; git filter-repo removes files from history"


def _ignored(directory: str) -> Iterator[tuple[str, ...]]:
    is_ignored = git_tracking.ignored(directory, workspace.LOCAL_FILES)
    if is_ignored:
        yield "gitignore", "ok", "git ignores the local files"
    elif is_ignored is False:  # None: a bare repository, where git ignores nothing and adds nothing
        path = os.path.join(directory, ".gitignore")
        message = f"{path}, or another .gitignore, does not hide the database and the secrets from git"
        yield "gitignore", "warn", message, f"rm -f {path}; pm init"


def _excluded(directory: str) -> Iterator[tuple[str, ...]]:
    home = workspace.git_home(directory)
    if home is None or home[1] is None:
        return
    path = git_exclude.path_of(home[0])
    if git_exclude.is_protected(home[0], home[1]):
        yield "exclude", "ok", f"{path} keeps the board out of git on every commit"
    else:
        message = f"{path} does not list the board: on a commit without .gitignore, `git add` can take it"
        yield "exclude", "warn", message, "pm init adds it, or says why it can't"
