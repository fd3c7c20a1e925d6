"""The user's registry: one small file for each directory in which a server was started.

An entry is only a hint; the port file is authoritative.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sys

from discovery import safe_files


def folder() -> str:
    """Return the registry's folder, `~/.local/state/django-discovery/servers` on Linux.

    Raises OSError if the user has no home directory, as in a container with a foreign user ID.
    """
    if sys.platform == "linux":
        state = os.environ.get("XDG_STATE_HOME", "").strip() or os.path.expanduser("~/.local/state")
        state = os.path.join(state, "django-discovery")
    else:
        import platformdirs

        try:
            state = platformdirs.user_state_dir("django-discovery", appauthor=False)
        except RuntimeError:
            state = ""
    if not os.path.isabs(state):
        raise FileNotFoundError(errno.ENOENT, "you have no home directory: set HOME")
    return os.path.join(state, "servers")


def add(directory: str, file: str, application: str) -> None:
    """Record that servers of `application` publish `file` in `directory`. Raises OSError."""
    os.makedirs(folder(), mode=0o700, exist_ok=True)
    entry = {"directory": directory, "file": file, "application": application}
    safe_files.write(_path(directory, file), json.dumps(entry) + "\n")


def entries() -> list[dict[str, str]]:
    """Return `{"directory", "file", "application"}` of each directory that still exists, sorted.

    Removes entries of directories that no longer exist. Raises OSError if the folder can't be read.
    """
    found = []
    directory = folder()
    try:
        names = [name for name in os.listdir(directory) if name.endswith(".json")]
    except FileNotFoundError:
        return []
    for name in names:
        path = os.path.join(directory, name)
        entry = _read(path)
        if entry and os.path.isdir(entry["directory"]):
            found.append(entry)
        else:
            with contextlib.suppress(OSError):
                os.unlink(path)
    return sorted(found, key=lambda entry: entry["directory"])


def _path(directory: str, file: str) -> str:
    name = hashlib.sha256(os.fsencode(os.path.join(directory, file))).hexdigest()[:32]
    return os.path.join(folder(), f"{name}.json")


def _read(path: str) -> dict[str, str] | None:
    try:
        entry: object = json.loads(safe_files.read_text(path))
    except (safe_files.FileError, ValueError, RecursionError):
        return None
    keys = ("directory", "file", "application")
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in keys):
        return None
    return {key: entry[key] for key in keys}
