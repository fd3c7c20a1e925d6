"""The user's registry: one small file for each directory in which a server was started.

It says where to look, never that a server lives: that is the port file's word.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import sys
from typing import Any

from discovery import portfile


def folder() -> str:
    """Return the registry's folder, `~/.local/state/django-discovery/servers` on Linux. Raises OSError."""
    if sys.platform != "linux":
        import platformdirs

        return os.path.join(platformdirs.user_state_dir("django-discovery", appauthor=False), "servers")
    state = os.environ.get("XDG_STATE_HOME", "").strip() or os.path.expanduser("~/.local/state")
    if not os.path.isabs(state):
        raise FileNotFoundError(errno.ENOENT, "there is no home directory", state)
    return os.path.join(state, "django-discovery", "servers")


def add(directory: str, file: str, application: str) -> None:
    """Note that servers of `application` publish `file` in `directory`. Raises OSError."""
    os.makedirs(folder(), mode=0o700, exist_ok=True)
    entry = {"directory": directory, "file": file, "application": application}
    portfile.publish(_path(directory, file), json.dumps(entry) + "\n")


def entries() -> list[dict[str, str]]:
    """Return `{"directory", "file", "application"}` of each directory that still exists, sorted.

    Entries of directories that are gone are removed.
    """
    found = []
    try:
        names = [name for name in os.listdir(folder()) if name.endswith(".json")]
    except OSError:
        return []
    for name in names:
        path = os.path.join(folder(), name)
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
        with open(path, encoding="utf-8") as file:
            entry: Any = json.loads(file.read(portfile.MAX_BYTES))
    except (OSError, ValueError):
        return None
    keys = ("directory", "file", "application")
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in keys):
        return None
    return {key: entry[key] for key in keys}
