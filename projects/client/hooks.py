"""Remove the git hooks that earlier versions installed; hooks of others stay."""

from __future__ import annotations

import os
import stat

from projects.client import git
from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("pre-commit", "post-merge", "post-checkout")
MARKER = "# pm-hook: made by `pm sync hooks install`, removed by `pm sync hooks uninstall`"
OURS, FOREIGN, MISSING = "installed", "foreign", "missing"


def uninstall(environ: Mapping[str, str]) -> dict[str, str]:
    """Remove our hooks; return the hooks directory and the state of each hook: foreign or missing."""
    folder = directory(environ)
    for name in installed(environ):
        path = os.path.join(folder, name)
        try:
            os.unlink(path)
        except OSError as error:
            raise FileRefused(f"{path} can't be removed: {error.strerror}") from None
    return {"directory": folder, **{name: _state(os.path.join(folder, name)) for name in NAMES}}


def installed(environ: Mapping[str, str]) -> list[str]:
    """Return the names of our hooks. Raises FileRefused."""
    folder = directory(environ)
    return [name for name in NAMES if _state(os.path.join(folder, name)) == OURS]


def directory(environ: Mapping[str, str]) -> str:
    """Return git's hooks directory, shared by worktrees and set by `core.hooksPath`. Raises FileRefused."""
    return os.path.abspath(git.ask("rev-parse", "--git-path", "hooks", environ=git.without_git(environ)))


def _state(path: str) -> str:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return FOREIGN
        with open(path, "rb") as file:
            return OURS if MARKER.encode() in file.read(4096).splitlines() else FOREIGN
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        raise FileRefused(f"{path} can't be read: {error.strerror}") from None
