"""Run the git hooks: export the board before a commit, import `.pm/data.json` after a merge or a checkout.

They never block git: errors become warnings.
"""

from __future__ import annotations

import os
import stat

from projects import workspace
from projects.client import git, transfer
from projects.client.errors import ClientError, FileRefused, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projects.client.context import Context

DATA = "data.json"
DATABASE = "data.db"
# Files in the git directory during an unfinished merge, cherry-pick or revert.
HALF_MERGED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
REBASING = ("rebase-merge", "rebase-apply")


def run(context: Context, arguments: Sequence[str]) -> None:
    """Run a hook; the arguments are its name, then those of git."""
    actions = {"pre-commit": _before_commit, "post-merge": _after_merge, "post-checkout": _after_checkout}
    if not arguments or arguments[0] not in actions:
        raise UsageError(f"name the hook to run: {', '.join(actions)}")
    # Calls of git need the hook's GIT_* variables; a server started here must not inherit them.
    environ = context.environ
    context.environ = git.without_git(environ)
    context.autostart = True
    try:
        actions[arguments[0]](context, environ, arguments[1:])
    except ClientError as error:
        context.warn(f"{arguments[0]}: the board and {workspace.NAME}/{DATA} were not synchronized: {error}")


def _before_commit(context: Context, environ: Mapping[str, str], arguments: Sequence[str]) -> None:
    if not os.path.exists(os.path.join(context.directory, DATABASE)) or _partial(environ):
        return
    if _in_progress(REBASING, environ):
        return  # rebasing: don't write today's board into a rewritten commit
    path = _data_file(context, environ)
    if _in_progress(HALF_MERGED, environ) and os.path.lexists(path):
        # The file has merged rows that are not on the board yet; the export would drop them.
        transfer.import_file(context, path, follow=False)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # a linked worktree may lack it
    transfer.export(context, path, follow=False)
    git.ask("add", "--", path, environ=environ)


def _after_merge(context: Context, environ: Mapping[str, str], arguments: Sequence[str]) -> None:
    _import(context, environ)


def _after_checkout(context: Context, environ: Mapping[str, str], arguments: Sequence[str]) -> None:
    before, after = (*arguments[:2], "", "")[:2]
    path = _data_file(context, environ)
    if before and arguments[2:3] == ["1"] and before.strip("0"):
        changed = git.ask("diff", "--name-only", before, after, "--", path, environ=environ) if before != after else ""
        if not changed:
            return
    _import(context, environ)


def _import(context: Context, environ: Mapping[str, str]) -> None:
    path = _data_file(context, environ)
    if os.path.lexists(path):
        transfer.import_file(context, path, follow=False)


def _data_file(context: Context, environ: Mapping[str, str]) -> str:
    """Return this worktree's `data.json`: the main worktree may have the board, but each commits its own file."""
    top = os.path.realpath(git.ask("rev-parse", "--show-toplevel", environ=environ))
    folder = os.path.realpath(context.directory)
    if os.path.commonpath([top, folder]) != top:
        folder = os.path.join(top, workspace.NAME)
    # An untrusted repository may have a link there that points anywhere.
    if os.path.lexists(folder) and not stat.S_ISDIR(os.lstat(folder).st_mode):
        raise FileRefused(f"{folder} is not a directory")
    return os.path.join(folder, DATA)


def _partial(environ: Mapping[str, str]) -> bool:
    """Return True for `git commit FILE`: git then uses a temporary index for this commit."""
    return os.path.basename(environ.get("GIT_INDEX_FILE", "")).startswith("next-index-")


def _in_progress(names: Sequence[str], environ: Mapping[str, str]) -> bool:
    return any(os.path.exists(git.ask("rev-parse", "--git-path", name, environ=environ)) for name in names)
