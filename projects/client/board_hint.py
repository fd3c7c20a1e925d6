"""The hint in the tracked config.toml that a board is published: its ID. It is never a reason to connect."""

from __future__ import annotations

import os

from discovery import safe_files
from projects.client.errors import ClientError, FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

CONFIG = "config.toml"
STORE = "board.git"  # NAME of projects.sync.git_store, which takes longer to import than a request
MAX_BYTES = 1 << 20
HEADER, KEY, DOTTED = "[sync]", "board", "sync.board"


def read(directory: str) -> str | None:
    """Return the ID that config.toml names. Reads lines, as importing `tomllib` takes longer than a request."""
    try:
        text = safe_files.read(os.path.join(directory, CONFIG), limit=MAX_BYTES, own=False).decode("utf-8", "replace")
    except safe_files.FileError:
        return None
    value = next((value for _, value in _lines(text)), "")
    return value if _is_uuid(value) else None


def unjoined(directory: str) -> str | None:
    """Return the ID of a board that config.toml names if this clone has never fetched one, by local knowledge only."""
    if os.path.lexists(os.path.join(directory, STORE)):
        return None
    return read(directory)


def remark(directory: str) -> str:
    """Return a warning if this clone has not joined the board that config.toml names, else ""."""
    board = unjoined(directory)
    if board is None:
        return ""
    return (
        f"{CONFIG} names a published board, {board}, which this clone has not joined: the board here lacks its items; "
        "a person joins it with: pm sync enable"
    )


def left(context: Context) -> bool:
    """Return True if this clone has fetched a board, but the running server says that it is not joined to one."""
    if not os.path.lexists(os.path.join(context.directory, STORE)):
        return False
    try:
        return not context.api.get("/api/v1/sync/", wanted=("enabled",))["enabled"]
    except ClientError:
        return False  # not known without a server


def absence(context: Context) -> str:
    """Return why a board that is published may not be here, else "". Asks the server only where one is known of."""
    found = remark(context.directory)
    if found or (read(context.directory) is None and not os.path.lexists(os.path.join(context.directory, STORE))):
        return found
    state = context.api.get("/api/v1/sync/", wanted=("enabled",))
    if not state["enabled"]:
        return "a board is published that this clone has not joined; a person joins it with: pm sync enable"
    return "" if state["synced_at"] else "the published board was not fetched yet; fetch it: pm sync"


def write(directory: str, board: str) -> bool:
    """Name the board in config.toml; return True if the file changed. Raises FileRefused."""
    from projects.client import atomic_files

    path = os.path.join(directory, CONFIG)
    try:
        text = safe_files.read(path, limit=MAX_BYTES, own=False).decode()
    except safe_files.FileMissing:
        text = ""
    except (safe_files.FileError, UnicodeDecodeError) as error:
        raise FileRefused(f"{path} can't be changed: {error}") from None
    new = _with_board(text, board)
    if new == text:
        return False
    with atomic_files.written(path) as file:
        file.write(new.encode())
    return True


def _with_board(text: str, board: str) -> str:
    lines = text.splitlines(keepends=True)
    for number, _ in _lines(text):
        name = lines[number].partition("=")[0].rstrip()
        lines[number] = f'{name} = "{board}"\n'
        return "".join(lines)
    for number, line in enumerate(lines):
        if line.strip() == HEADER:
            lines.insert(number + 1, f'{KEY} = "{board}"\n')
            return "".join(lines)
    end = "" if not text or text.endswith("\n") else "\n"
    return f'{text}{end}\n{HEADER}\n{KEY} = "{board}"\n'


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the number and the value of each line that sets the hint."""
    found, section = [], ""
    for number, line in enumerate(text.splitlines()):
        line = line.strip()
        if line.startswith("["):
            section = line.partition("#")[0].strip()
        name, equals, value = line.partition("=")
        wanted = DOTTED if not section else KEY if section == HEADER else ""
        if equals and wanted and name.strip() == wanted:
            found.append((number, value.partition("#")[0].strip().strip("\"'")))
    return found


def _is_uuid(text: str) -> bool:
    groups = text.split("-")
    return [len(group) for group in groups] == [8, 4, 4, 4, 12] and set("".join(groups)) <= set("0123456789abcdef")
