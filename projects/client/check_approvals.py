"""Commands of checks that the person of this clone let run, where another machine has the board.

The approvals of a server are those of its administrators. On a team's server they say nothing about this clone, so its
person agrees once to the exact text. `approved-checks` in the user's configuration directory has a line for each: a
digest of the repository and the command, and the command for readers. A repository can't add to it.
"""

from __future__ import annotations

import hashlib
import os

from discovery import quickjson, safe_files
from projects.client.errors import FileRefused
from projects.client.resolution import team_servers_file
from projects.client.team_servers import repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "approved-checks"
MAX_BYTES = 1 << 20
_HEAD = "# Written by pm check: what it may run in which of your repositories. Delete a line to be asked again."
_DIGITS = 64  # of a digest


def is_approved(directory: str, command: str, environ: Mapping[str, str]) -> bool:
    """Return True if the person let exactly this command run in this repository. Raises FileRefused."""
    digest = _digest(directory, command)
    return any(line[:_DIGITS] == digest for line in _lines(environ))


def keep(directory: str, command: str, environ: Mapping[str, str]) -> None:
    """Record that the person of this clone agreed to the command. Raises FileRefused."""
    where = _path(environ)
    line = f"{_digest(directory, command)} {quickjson.dumps(command)}"
    others = [each for each in _lines(environ) if each != line and not each.startswith("#")]
    try:
        os.makedirs(os.path.dirname(where), mode=0o700, exist_ok=True)
        safe_files.write(where, "\n".join([_HEAD, *others, line, ""]), mode=0o600)
    except OSError as error:
        raise FileRefused(f"{where} can't be written: {error.strerror}") from None


def _lines(environ: Mapping[str, str]) -> list[str]:
    where = _path(environ)
    try:
        fileno = safe_files.open_regular(where)
    except safe_files.FileMissing:
        return []
    except safe_files.FileRejected as error:
        raise FileRefused(f"{where} is not used: {error}") from None
    with os.fdopen(fileno, "rb") as file:
        if os.fstat(fileno).st_mode & 0o022:
            raise FileRefused(f"{where} is not used: other users can write to it; run: chmod 600 {where}")
        return file.read(MAX_BYTES).decode("utf-8", "replace").splitlines()


def _digest(directory: str, command: str) -> str:
    text = quickjson.dumps([repository_of(directory), command])
    return hashlib.sha256(text.encode()).hexdigest()


def _path(environ: Mapping[str, str]) -> str:
    return os.path.join(os.path.dirname(team_servers_file(environ)), NAME)
