"""What a repository says about its board on a team server: `.pm/remote.json`, a tracked file that may only suggest.

Everybody who can write to the repository can write the file. So it names a URL and the ID of a board and nothing else,
and it is neither followed nor sent a token unless the user's own list of logins has this repository with both.
"""

from __future__ import annotations

import os

from discovery import quickjson, safe_files
from projects import workspace
from projects.client import resolution
from projects.client.errors import FileRefused, NoServer, RemoteRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.team_servers import Login

MEMBERS = {"url", "board"}
MAX_BYTES = 4096
BOARD_ID = 36  # characters of a UUID


class Suggestion:
    """The URL of a server, and the ID of the board there."""

    def __init__(self, url: str, board: str) -> None:
        self.url = url
        self.board = board


def path_of(directory: str) -> str:
    """Return the path of the file in a config directory; it need not exist."""
    return f"{directory}/{resolution.REMOTE_FILE}"


def find(directory: str) -> Suggestion | None:
    """Return what the repository suggests, None without a file. Raises FileRefused."""
    path = path_of(directory)
    try:
        found = quickjson.loads(safe_files.read_text(path, limit=MAX_BYTES))
    except safe_files.FileMissing:
        return None
    except safe_files.FileRejected as error:
        raise FileRefused(f"{path} is not used: {error}") from None
    except (ValueError, RecursionError):
        raise FileRefused(f"{path} is not used: it is not JSON") from None
    if not isinstance(found, dict) or found.keys() != MEMBERS:
        raise FileRefused(f"{path} is not used: it must have the members url and board, and no others")
    url, board = found["url"], found["board"]
    if not isinstance(url, str) or not isinstance(board, str) or not _is_board(board):
        raise FileRefused(f"{path} is not used: url must be a text, and board the ID of a board")
    try:
        checked = resolution.check_url(url, allow_remote=True)[0]
    except RemoteRefused as error:
        raise FileRefused(f"{path} is not used: {error}") from None
    if not checked.startswith("https://"):
        raise FileRefused(f"{path} is not used: its url must begin with https://")
    return Suggestion(checked, board)


def check(directory: str, login: Login | None) -> None:
    """Compare the repository's suggestion with the user's login there.

    Raises NoServer if the user has never logged in, RemoteRefused if the suggestion has changed since, FileRefused.
    """
    suggested = find(directory)
    if suggested is None or (login and (login.url, login.board) == (suggested.url, suggested.board)):
        return
    if login is None:
        raise NoServer(
            f"this repository says that its board is at {suggested.url}; pm does not go there before you have logged "
            f"in from here yourself; if you trust that server: pm login {suggested.url}"
        )
    raise RemoteRefused(
        f"{path_of(directory)} has changed: it names board {suggested.board} at {suggested.url}, but you logged in to "
        f"board {login.board} at {login.url}; this may be an attempt to make you use another "
        f"server. If you know that it has moved, log out and in again yourself (pm logout; pm login {suggested.url})"
    )


def refuse_second_board(directory: str) -> None:
    """Raise FileRefused if a local server would begin a new board in a repository whose board is elsewhere."""
    suggested = None if os.path.lexists(os.path.join(directory, workspace.DATABASE)) else find(directory)
    if suggested is not None:
        raise FileRefused(
            f"this repository says that its board is at {suggested.url}, so no empty one is made here; to have one all "
            f"the same, remove {path_of(directory)}; to use the other, if you trust that server: pm login "
            f"{suggested.url}"
        )


def write(directory: str, url: str, board: str) -> str:
    """Write the suggestion, which is meant to be committed; return its path. Raises FileRefused."""
    path = path_of(directory)
    text = f'{{"url": {quickjson.dumps(url)}, "board": {quickjson.dumps(board)}}}\n'
    try:
        for left in safe_files.unfinished(path):  # by a command that was killed
            os.unlink(left)
        safe_files.write(path, text, mode=0o644)
    except OSError as error:
        raise FileRefused(f"{path} can't be written: {error.strerror}") from None
    return path


def remove(directory: str) -> None:
    """Remove the suggestion, if there is one. Raises FileRefused."""
    try:
        os.unlink(path_of(directory))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise FileRefused(f"{path_of(directory)} can't be removed: {error.strerror}") from None


def _is_board(text: str) -> bool:
    return len(text) == BOARD_ID and not text.strip("0123456789abcdef-")
