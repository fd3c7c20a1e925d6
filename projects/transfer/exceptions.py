"""Errors in an imported file."""

from __future__ import annotations

MAX_ID = 100  # characters of an invalid ID shown in messages


class BadFile(Exception):
    """The whole file is refused; `details` locate the row at fault, if there is one."""

    def __init__(self, message: str, *, field: str | None = None, place: str = "", **details: object) -> None:
        super().__init__(f"{place}{field}: {message}" if field else f"{place}{message}")
        self.field = field
        self.details = details


def bad_row(collection: str, index: int, identifier: object, field: str | None, message: str) -> BadFile:
    """Return a BadFile that names the row: collection, zero-based index and ID."""
    details: dict[str, object] = {"collection": collection, "row": index}
    name = ""
    if identifier is not None:
        details["id"] = str(identifier)[:MAX_ID]
        name = f" ({details['id']})"
    return BadFile(message, field=field, place=f"{collection}[{index}]{name}: ", **details)
