"""Read a text or a list of changes from a file or from standard input."""

from __future__ import annotations

import sys

from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json


def read_file(path: str, name: str) -> str:
    """Return the text of a file, or of standard input for `-`; `name` is its field. Raises UsageError."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read() if sys.stdin else b""
        else:
            with open(path, "rb") as file:
                data = file.read()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text", field=name) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}", field=name) from None


def read_changes(path: str) -> list[dict[str, Json]]:
    """Return the changes in a file of JSON lines, or in standard input for `-`. Raises UsageError, naming the line."""
    import json

    found = []
    for number, line in enumerate(read_file(path, "from_file").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"line {number} is not JSON: {error}", field="from_file") from None
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise UsageError(f"line {number} is not an object with an id", field="from_file")
        found.append(row)
    if not found:
        raise UsageError("the file has no changes", field="from_file")
    return found
