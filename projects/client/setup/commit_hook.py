"""Install git's hook `prepare-commit-msg`, which adds `Refs: KEY` to the commits of a session, and remove it again."""

from __future__ import annotations

import os

from discovery import safe_files
from projects.client import git
from projects.client.commit_message import EVENT
from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

WHAT = "commit hook"
COMMAND = f'pm hook git {EVENT} "$@"'
MARKER = "# pm-refs: made by `pm setup --commit-hook`, removed by `pm setup --commit-hook --remove`"
TEXT = f"""\
#!/bin/sh
{MARKER}
# Adds "Refs: KEY" of the item that this session holds. It never fails a commit.
command -v pm >/dev/null 2>&1 || exit 0
{COMMAND} || exit 0
"""
OURS, OLDER, FOREIGN, MISSING = "installed", "of another version of pm", "another hook", "missing"
OURS_ALSO_OLD = (OURS, OLDER)


class CommitHook:
    """The hook of the repository around the working directory, which all its worktrees share."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Find git's hooks directory. Raises FileRefused if there is none, or if other repositories share it."""
        environ = git.without_git(environ)
        top = os.path.realpath(git.ask("rev-parse", "--show-toplevel", environ=environ))
        common = os.path.realpath(git.ask("rev-parse", "--git-common-dir", environ=environ))
        chosen = git.ask("config", "--type=path", "--default", "", "--get", "core.hooksPath", environ=environ)
        self.folder = os.path.realpath(os.path.join(top, chosen or os.path.join(common, "hooks")))
        self.path = os.path.join(self.folder, EVENT)
        self._is_shared = not any(_is_inside(self.folder, place) for place in (top, common, os.path.dirname(common)))

    def state(self) -> str:
        """Return OURS, OLDER, FOREIGN or MISSING. Raises FileRefused."""
        try:
            text = safe_files.read(self.path, limit=1 << 20, own=False)
        except safe_files.FileMissing:
            return MISSING
        except safe_files.FileRejected:  # a symbolic link, say
            return FOREIGN
        if text == TEXT.encode():
            return OURS if os.access(self.path, os.X_OK) else OLDER
        return OLDER if MARKER.encode() in text.splitlines() else FOREIGN

    def missing(self) -> list[dict[str, Any]]:  # Any: JSON
        """Return the hook in a list if it is not there as it should be."""
        state = self.state()
        remark = {} if state == MISSING else {"remark": f"it is {state}"}
        return [] if state == OURS else [{"what": WHAT, "file": self.path, **remark}]

    def refuse(self) -> None:
        """Raise FileRefused if the hook can't be installed, with what to do instead."""
        state = self.state()
        if state == FOREIGN:
            raise FileRefused(f"{self.path} is another hook, which stays; to chain, add this line to it: {COMMAND}")
        if self._is_shared and state == MISSING:
            raise FileRefused(
                f"core.hooksPath is {self.folder}, which other repositories may share; if that is meant, write a hook "
                f"{EVENT} there with this line: {COMMAND}"
            )

    def install(self) -> dict[str, Any]:  # Any: JSON
        """Write the hook unless it is there; never over another one. Raises FileRefused."""
        self.refuse()
        changed = self.state() != OURS
        if changed:
            try:
                os.makedirs(self.folder, exist_ok=True)
                safe_files.write(self.path, TEXT.encode(), mode=0o755)
            except OSError as error:
                raise FileRefused(f"{self.path} can't be written: {error.strerror}") from None
        return {"what": WHAT, "file": self.path, "changed": changed}

    def remove(self) -> dict[str, Any]:  # Any: JSON
        """Remove the hook if it is ours. Raises FileRefused."""
        state = self.state()
        if state in OURS_ALSO_OLD:
            try:
                os.unlink(self.path)
            except OSError as error:
                raise FileRefused(f"{self.path} can't be removed: {error.strerror}") from None
        remark = {"remark": f"it is {FOREIGN}"} if state == FOREIGN else {}
        return {"what": WHAT, "file": self.path, "changed": state in OURS_ALSO_OLD, **remark}

    def shown(self) -> dict[str, Any]:  # Any: JSON
        """Return what would be written."""
        return {"what": WHAT, "file": self.path, "text": TEXT, "source": "https://git-scm.com/docs/githooks"}


def _is_inside(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder
