"""`pm sync migrate`: move a board from the tracked file .pm/data.json to a ref of the remote.

Each step can be repeated, so a second run completes what an interrupted one began.
"""

from __future__ import annotations

import os
import stat

from projects import git_tracking, workspace
from projects.client import board_hint, board_joining, board_sync, git, hooks, transfer
from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

DATA = "data.json"


def migrate(context: Context) -> dict[str, object]:
    """Import the file, join or found the board, publish, and remove the hooks; return what was done and what to commit.

    Raises FileRefused if there is nothing to migrate, NeedsPerson without consent, and the server's error, which lists
    the rows that can't be read, before anything was written.
    """
    path = _data_file(context)
    found = path if os.path.lexists(path) else None
    state: Json = board_sync.status(context)
    installed = hooks.installed(context.environ)
    if not (found or state["enabled"] or installed or board_hint.read(context.directory)):
        raise FileRefused(f"there is no {path} to migrate; to share this board: pm sync enable")
    place = board_joining.Place.of(context.options)
    report: Json = transfer.import_file(context, found, dry_run=True, follow=False) if found else None
    if context.options.dry_run:
        sync = state if state["enabled"] else board_joining.preview(context, place)
        return {"dry_run": True, "file": found, "imported": report, "sync": sync, "hooks": installed}

    def read() -> None:
        nonlocal report
        report = transfer.import_file(context, found, follow=False) if found else None

    if state["enabled"]:
        read()
    else:
        state = board_joining.enable(context, place, read)
    result = board_sync.sync(context)
    hooks.uninstall(context.environ)
    written = context.options.write_hint and board_hint.write(context.directory, state["board"])
    return {
        "file": found,
        "imported": report,
        "sync": board_sync.status(context),
        "published": result,
        "hooks": installed,
        "to_commit": _to_commit(context.directory, path, state["board"], written=written),
    }


def _to_commit(directory: str, path: str, board: str, *, written: bool) -> list[str]:
    """Return the commands and the line that the user may commit."""
    from shlex import quote

    steps = []
    if git_tracking.tracked(os.path.dirname(path), (DATA,)):
        steps.append(
            f"git rm {quote(os.path.relpath(path))}  # --cached keeps the file, but `git add -A` adds it again"
        )
    config = os.path.relpath(os.path.join(directory, board_hint.CONFIG))
    if written:
        steps.append(f"git add {quote(config)}")
    elif board_hint.read(directory) != board:
        steps.append(f'board = "{board}" under [sync] in {quote(config)}  # pm sync migrate --write-hint writes it')
    return steps


def _data_file(context: Context) -> str:
    """Return the path of this worktree's file: the main worktree may have the board, but each has its own file."""
    top = os.path.realpath(git.ask("rev-parse", "--show-toplevel", environ=git.without_git(context.environ)))
    folder = os.path.realpath(context.directory)
    if os.path.commonpath([top, folder]) != top:
        folder = os.path.join(top, workspace.NAME)
    # An untrusted repository may have a link there that points anywhere.
    if os.path.lexists(folder) and not stat.S_ISDIR(os.lstat(folder).st_mode):
        raise FileRefused(f"{folder} is not a directory")
    return os.path.join(folder, DATA)
