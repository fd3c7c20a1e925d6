"""Refuse to serve files that git tracks, without deleting the board, and replace a committed key."""

from __future__ import annotations

import os
import shlex
import stat

from projects import board_record, git_tracking, workspace

KEY = "secret_key"


def refuse_tracked(directory: str) -> None:
    """Raise WorkspaceError if git tracks one of the server's files.

    Remove the secret key if git tracks it or the sessions; the next start creates a new one.
    """
    complaint = complaint_about_tracked(directory)
    if complaint:
        if git_tracking.tracked(directory, workspace.SECRET_FILES):
            _remove_key(directory)
            complaint += "; the next start creates a new secret key, so everyone must sign in again"
        raise workspace.WorkspaceError(complaint)


def complaint_about_tracked(directory: str) -> str:
    """Return the problem and its fix if git tracks one of the server's files, else ""."""
    names = git_tracking.tracked(directory, workspace.LOCAL_FILES)
    if not names:
        return ""
    database = os.path.join(directory, workspace.DATABASE)
    command = shlex.join(["git", "-C", directory, "rm", "--cached", "-f", "--", *names])
    verb, them = ("is", "it") if len(names) == 1 else ("are", "them")
    complaint = (
        f"{directory}: {', '.join(names)} {verb} tracked by git, so anyone with the repository can read {them}; "
        f"untrack {them} (this deletes no files), then commit: {command}"
    )
    if workspace.DATABASE in names and not board_record.is_known(directory):
        aside = shlex.join(["mv", database, f"{database}.from-git"])
        complaint += f"; if you did not create this board yourself, also move it aside: {aside}"
    return complaint


def replace_known_key(directory: str) -> str:
    """Remove the secret key if its content was ever added to git; return a warning, or "" if it was not."""
    if not has_known_key(directory):
        return ""
    _remove_key(directory)
    return (
        f"{os.path.join(directory, KEY)} was once added to git, so others may know it; a new key replaces it, "
        "and everyone must sign in again"
    )


def has_known_key(directory: str) -> bool:
    """Return True if git has an object with the content of the secret key."""
    path = os.path.join(directory, KEY)
    try:
        regular = stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False
    return regular and git_tracking.holds_content(directory, path) is True


def _remove_key(directory: str) -> None:
    path = os.path.join(directory, KEY)
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise workspace.WorkspaceError(
            f"{path} may be known to others and can't be removed: {error.strerror}"
        ) from None
