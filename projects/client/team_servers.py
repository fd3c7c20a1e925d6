"""The user's own list of team servers: for each repository where they logged in, the URL, the board and the token.

It is `servers.toml` in the user's configuration directory, mode 0600. A repository can't add to it.
"""

from __future__ import annotations

import os

from discovery import quickjson, safe_files
from projects import workspace
from projects.client.errors import FileRefused
from projects.client.resolution import team_servers_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_BYTES = 1 << 20
FIELDS = ("repository", "url", "board", "user", "token", "expires")
_HEAD = "# Written by pm login and pm logout. It holds secrets: keep it to yourself.\n"


class Login:
    """Where and as whom a repository is logged in."""

    def __init__(self, repository: str, url: str, board: str, user: str, token: str, expires: str) -> None:
        self.repository = repository
        self.url = url
        self.board = board
        self.user = user
        self.token = token
        self.expires = expires


def find(directory: str, environ: Mapping[str, str]) -> Login | None:
    """Return the login of the repository with this config directory. Raises FileRefused."""
    if not os.path.lexists(team_servers_file(environ)):
        return None
    repository = repository_of(directory)
    return next((each for each in read(environ) if each.repository == repository), None)


def repository_of(directory: str) -> str:
    """Return the path that stands for a repository: the real path of the folder of its config directory.

    A config directory with another name, from PM_CONFIG_DIR, is one of several in its folder and stands for itself.
    """
    folder, name = os.path.split(os.path.realpath(directory))
    return folder if name == workspace.NAME else os.path.join(folder, name)


def read(environ: Mapping[str, str]) -> list[Login]:
    """Return all logins. Raises FileRefused if the file is not private, or is not ours."""
    where = team_servers_file(environ)
    try:
        fileno = safe_files.open_regular(where)
    except safe_files.FileMissing:
        return []
    except safe_files.FileRejected as error:
        raise FileRefused(f"{where} is not used: {error}") from None
    with os.fdopen(fileno, "rb") as file:
        if os.fstat(fileno).st_mode & 0o077:
            raise FileRefused(f"{where} is not used: other users can read it; run: chmod 600 {where}")
        text = file.read(MAX_BYTES).decode("utf-8", "replace")
    try:
        return [Login(**{name: table.get(name, "") for name in FIELDS}) for table in _tables(text)]
    except ValueError as error:
        raise FileRefused(f"{where} is not used: {error}") from None


def keep(login: Login, environ: Mapping[str, str]) -> None:
    """Add a login, in place of the one that its repository had. Raises FileRefused."""
    others = [each for each in read(environ) if each.repository != login.repository]
    _write([*others, login], environ)


def forget(repository: str, environ: Mapping[str, str]) -> None:
    """Remove the login of a repository. Raises FileRefused."""
    _write([each for each in read(environ) if each.repository != repository], environ)


def _write(logins: Sequence[Login], environ: Mapping[str, str]) -> None:
    where = team_servers_file(environ)
    tables = ("".join(f"{name} = {quickjson.dumps(getattr(each, name))}\n" for name in FIELDS) for each in logins)
    try:
        os.makedirs(os.path.dirname(where), mode=0o700, exist_ok=True)
        safe_files.write(where, _HEAD + "".join(f"\n[[server]]\n{table}" for table in tables), mode=0o600)
    except OSError as error:
        raise FileRefused(f"{where} can't be written: {error.strerror}") from None


def _tables(text: str) -> list[dict[str, str]]:
    """Return the tables of the file. Raises ValueError.

    What `pm` writes is read without `tomllib`, whose import takes as long as a request.
    """
    found: list[dict[str, str]] = []
    for line in text.splitlines():
        name, _, value = (part.strip() for part in line.partition("="))
        if not line.strip() or line.startswith("#"):
            continue
        if line.strip() == "[[server]]":
            found.append({})
        elif found and name in FIELDS and value.startswith('"') and value.endswith('"'):
            found[-1][name] = quickjson.loads(value.encode())
        else:
            return _any_toml(text)
    return found


def _any_toml(text: str) -> list[dict[str, str]]:
    import tomllib

    tables = tomllib.loads(text).get("server", [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise ValueError("server must be a list of tables: [[server]]")
    return [{name: str(value) for name, value in each.items()} for each in tables]
