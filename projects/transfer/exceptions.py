"""What can be wrong with a file that is imported."""

from __future__ import annotations

MAX_ID = 100  # characters that are shown of what should be an id


class BadFile(Exception):
    """The file is refused as a whole; `details` say where the fault is, if it is a row's."""

    def __init__(self, message: str, *, field: str | None = None, place: str = "", **details: object) -> None:
        super().__init__(f"{place}{field}: {message}" if field else f"{place}{message}")
        self.field = field
        self.details = details


def bad_row(collection: str, index: int, identifier: object, field: str | None, message: str) -> BadFile:
    """Return the error that names the row: the collection, the place in its list (from 0) and the id."""
    details: dict[str, object] = {"collection": collection, "row": index}
    name = ""
    if identifier is not None:
        details["id"] = str(identifier)[:MAX_ID]
        name = f" ({details['id']})"
    return BadFile(message, field=field, place=f"{collection}[{index}]{name}: ", **details)
