"""Remember which boards a clone has, so that a start can tell a new board from one that is gone or copied.

The record is a file in the git directory that all worktrees share: no checkout, stash or clean touches it, and a
copy of the repository takes it along. Only a start, `pm init` and `pm doctor` read it.
"""

from __future__ import annotations

import json
import os
import secrets

from projects import workspace

NAME = "pm-boards.json"
MAX_BYTES = 1 << 20


class Entry:
    """A board that was served: its random ID, and the config directory that it had then."""

    def __init__(self, identifier: str, directory: str) -> None:
        self.identifier = identifier
        self.directory = directory


def note(directory: str) -> None:
    """Record that `directory` has a board. Raises OSError."""
    home = workspace.git_home(directory)
    if home is None:
        return
    directory = os.path.realpath(directory)
    boards = _read(home[0])
    entry = boards.get(_key(home[0], directory))
    if entry is None or _is_copy(entry, directory):
        entry = Entry(secrets.token_hex(8), directory)
    elif _same(entry.directory, directory):
        return
    boards[_key(home[0], directory)] = Entry(entry.identifier, directory)
    _write(home[0], boards)


def is_known(directory: str) -> bool:
    """Return True if a board was served from this very directory."""
    home = workspace.git_home(directory)
    entry = _read(home[0]).get(_key(home[0], directory)) if home else None
    return entry is not None and _same(entry.directory, directory)


def remark(directory: str) -> str:
    """Return what a user must know of the board in `directory`: it is gone, or a copy; "" for nothing."""
    home = workspace.git_home(directory)
    entry = _read(home[0]).get(_key(home[0], directory)) if home else None
    if entry is None:
        return ""
    # The record may come from a stranger's archive: a terminal must not obey it.
    original = entry.directory if entry.directory.isprintable() else repr(entry.directory)
    has_board = os.path.lexists(os.path.join(directory, workspace.DATABASE))
    if _is_copy(entry, directory):
        if has_board:
            return f"{directory} is a copy of {original}; from now on each of the two boards changes on its own"
        return (
            f"this repository is a copy of one whose board is in {original}; the board here is new and empty; "
            f"to bring the other one along: pm backup there, then pm restore-backup here"
        )
    if has_board:
        return ""
    return (
        f"{original} had a board, and its {workspace.DATABASE} is gone (git sparse-checkout, git clean -x and "
        f"git stash --all take ignored files); the board here is new and empty; a backup comes back by: "
        f"pm restore-backup FILE; a stashed board by: git stash pop, after pm server stop and after moving the "
        f"untracked files of the empty board out of {directory}"
    )


def _is_copy(entry: Entry, directory: str) -> bool:
    """Return True if the directory of the entry still has the board that was recorded, and is another one."""
    if _same(entry.directory, directory) or not os.path.lexists(os.path.join(entry.directory, workspace.DATABASE)):
        return False
    home = workspace.git_home(entry.directory)
    original = _read(home[0]).get(_key(home[0], entry.directory)) if home else None
    return original is not None and original.identifier == entry.identifier


def _key(common: str, directory: str) -> str:
    """Return the name of a board in the record: it stays the same where the repository is moved."""
    return os.path.relpath(os.path.realpath(directory), os.path.realpath(common))


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)  # by identity: a mount or a link has another name
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _read(common: str) -> dict[str, Entry]:
    """Return the entries; none where the file is missing, unreadable or damaged."""
    try:
        fileno = os.open(os.path.join(common, NAME), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        found = json.loads(os.read(fileno, MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    finally:
        os.close(fileno)
    entries = {}
    for key, value in found.items() if isinstance(found, dict) else ():
        identifier, folder = (value.get("id"), value.get("directory")) if isinstance(value, dict) else (None, None)
        if isinstance(identifier, str) and isinstance(folder, str) and "\0" not in folder:
            entries[key] = Entry(identifier, folder)
    return entries


def _write(common: str, boards: dict[str, Entry]) -> None:
    path = os.path.join(common, NAME)
    temporary = f"{path}.{secrets.token_hex(8)}.tmp"
    found = {key: {"id": one.identifier, "directory": one.directory} for key, one in boards.items()}
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(json.dumps(found, indent=2) + "\n")
        os.replace(temporary, path)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
