"""Record which boards a clone has, so that a start can distinguish a new board from a lost or copied one.

The record is a file in the shared git directory: checkout, stash and clean never touch it, and a copy of the
repository includes it. Only a start, `pm init` and `pm doctor` read it.
"""

from __future__ import annotations

import json
import os
import secrets

from discovery import safe_files
from projects import workspace

NAME = "pm-boards.json"
MAX_BYTES = 1 << 20


class Entry:
    """A board that was served: its random ID, and its config directory at that time."""

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
    """Return True if a board was served from this directory."""
    home = workspace.git_home(directory)
    entry = _read(home[0]).get(_key(home[0], directory)) if home else None
    return entry is not None and _same(entry.directory, directory)


def remark(directory: str) -> str:
    """Return a warning if the board in `directory` is lost or is a copy, else ""."""
    home = workspace.git_home(directory)
    entry = _read(home[0]).get(_key(home[0], directory)) if home else None
    if entry is None:
        return ""
    # The record may come from an untrusted archive: escape control characters.
    original = entry.directory if entry.directory.isprintable() else repr(entry.directory)
    has_board = os.path.lexists(os.path.join(directory, workspace.DATABASE))
    if _is_copy(entry, directory):
        if has_board:
            return f"{directory} is a copy of {original}; from now on the two boards change independently"
        return (
            f"this repository is a copy of one whose board is in {original}; the board here is new and empty; "
            f"to copy the original: run pm backup there, then pm restore-backup here"
        )
    if has_board:
        return ""
    return (
        f"{original} had a board, but its {workspace.DATABASE} is gone (git sparse-checkout, git clean -x and "
        f"git stash --all remove ignored files); the board here is new and empty; to restore a backup: "
        f"pm restore-backup FILE; to restore a stashed board: pm server stop, move the untracked files of the empty "
        f"board out of {directory}, then git stash pop"
    )


def _is_copy(entry: Entry, directory: str) -> bool:
    """Return True if the entry names another directory, and that directory still has the recorded board."""
    if _same(entry.directory, directory) or not os.path.lexists(os.path.join(entry.directory, workspace.DATABASE)):
        return False
    home = workspace.git_home(entry.directory)
    original = _read(home[0]).get(_key(home[0], entry.directory)) if home else None
    return original is not None and original.identifier == entry.identifier


def _key(common: str, directory: str) -> str:
    """Return the key of a board in the record; it is relative, so moving the repository does not change it."""
    return os.path.relpath(os.path.realpath(directory), os.path.realpath(common))


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)  # compares inodes: mounts and links give one directory several paths
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _read(common: str) -> dict[str, Entry]:
    """Return the entries; an empty dict if the file is missing, unreadable or damaged."""
    try:
        found = json.loads(safe_files.read(os.path.join(common, NAME), limit=MAX_BYTES, own=False))
    except (safe_files.FileError, ValueError, RecursionError):
        return {}
    entries = {}
    for key, value in found.items() if isinstance(found, dict) else ():
        identifier, folder = (value.get("id"), value.get("directory")) if isinstance(value, dict) else (None, None)
        if isinstance(identifier, str) and isinstance(folder, str) and "\0" not in folder:
            entries[key] = Entry(identifier, folder)
    return entries


def _write(common: str, boards: dict[str, Entry]) -> None:
    found = {key: {"id": one.identifier, "directory": one.directory} for key, one in boards.items()}
    safe_files.write(os.path.join(common, NAME), json.dumps(found, indent=2) + "\n")
