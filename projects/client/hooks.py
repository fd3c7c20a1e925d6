"""Install the git hooks into the repository's real hooks directory, without overwriting other hooks."""

from __future__ import annotations

import os
import stat
import sys

from projects import workspace
from projects.client import atomic_files, git
from projects.client.errors import FileRefused
from projects.client.launcher import MANAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from projects.client.context import Context

NAMES = ("pre-commit", "post-merge", "post-checkout")
MARKER = "# pm-hook: made by `pm sync hooks install`, removed by `pm sync hooks uninstall`"
OURS, FOREIGN, MISSING = "installed", "foreign", "missing"
SCRIPT = """\
#!/bin/sh
{marker}
# The hook never blocks git: it always exits with 0.
python={python}
manage={manage}
if [ -x "$python" ] && [ -f "$manage" ]; then
    "$python" "$manage" pm sync hooks run {flags}-- {name} "$@" || true
elif command -v pm >/dev/null 2>&1; then
    pm sync hooks run {flags}-- {name} "$@" || true
else
    echo "warning: pm is no longer installed: .pm/data.json and the board are not synchronized" >&2
fi
exit 0
"""


def status(context: Context) -> dict[str, object]:
    """Return the hooks directory and the state of each hook: installed, foreign or missing."""
    folder = directory(context.environ)
    return {"directory": folder, **{name: _state(os.path.join(folder, name)) for name in NAMES}}


def install(context: Context) -> dict[str, object]:
    """Write or rewrite the hooks. Raises FileRefused, before writing any, if a hook is not ours."""
    folder = directory(context.environ)
    for name in NAMES:
        if _state(os.path.join(folder, name)) == FOREIGN:
            raise FileRefused(
                f"{os.path.join(folder, name)} is not a pm hook and stays unchanged; to run both, add this line to it: "
                f"{_line(context, name)}",
                hook=name,
            )
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise FileRefused(f"{folder} can't be created: {error.strerror}") from None
    for name in NAMES:
        path = os.path.join(folder, name)
        with atomic_files.written(path, mode=0o777, follow=False) as file:
            file.write(_script(context, name).encode("utf-8", "surrogateescape"))
    return status(context)


def uninstall(context: Context) -> dict[str, object]:
    """Remove our hooks."""
    folder = directory(context.environ)
    for name in NAMES:
        path = os.path.join(folder, name)
        if _state(path) == OURS:
            try:
                os.unlink(path)
            except OSError as error:
                raise FileRefused(f"{path} can't be removed: {error.strerror}") from None
    return status(context)


def directory(environ: Mapping[str, str]) -> str:
    """Return git's hooks directory, shared by worktrees and set by `core.hooksPath`. Raises FileRefused."""
    return os.path.abspath(git.ask("rev-parse", "--git-path", "hooks", environ=git.without_git(environ)))


def _script(context: Context, name: str) -> str:
    from shlex import quote

    return SCRIPT.format(
        marker=MARKER, python=quote(sys.executable), manage=quote(MANAGE), name=name, flags=_flags(context)
    )


def _line(context: Context, name: str) -> str:
    from shlex import join

    return f'{join([sys.executable, MANAGE])} pm sync hooks run {_flags(context)}-- {name} "$@" || true'


def _flags(context: Context) -> str:
    """Return the `--config-dir` flag for the hook if it would otherwise find another config directory."""
    from shlex import quote

    top = git.ask("rev-parse", "--show-toplevel", environ=git.without_git(context.environ))
    try:
        found = workspace.find(top, {})
    except workspace.WorkspaceError:
        found = ""
    return "" if found == context.directory else f"--config-dir {quote(context.directory)} "


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
