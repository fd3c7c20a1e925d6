"""Read bulk changes from JSON lines."""

from __future__ import annotations

import json

from projects.client import text_input
from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read(path: str) -> list[dict[str, Any]]:
    """Return the objects in a file, or in standard input for `-`. Raises UsageError, naming the line."""
    found = []
    for number, line in enumerate(text_input.read_file(path, "from_file").split("\n"), 1):
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
