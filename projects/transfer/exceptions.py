"""Errors in an imported file: each is a FileError, Errors collects them, and BadFile refuses the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_ERRORS = 100
MAX_NAME = 100  # characters of an invalid ID or of an unknown name that a message repeats


@dataclass(frozen=True)
class FileError:
    """What is wrong with a file, and where: in a row, or in the collection or key `field` of the file."""

    message: str
    field: str | None = None
    collection: str | None = None
    row: int | None = None  # zero-based index in the collection
    id: str | None = None  # the row's ID as the file has it

    def __str__(self) -> str:
        identifier = f" ({self.id})" if self.id is not None else ""
        place = f"{self.collection}[{self.row}]{identifier}: " if self.collection else ""
        return f"{place}{self.field}: {self.message}" if self.field else f"{place}{self.message}"

    @property
    def place(self) -> dict[str, str | int]:
        """Return the collection, row and ID, as far as there are any."""
        values = {"collection": self.collection, "row": self.row, "id": self.id}
        return {name: value for name, value in values.items() if value is not None}


class BadFile(Exception):
    """The file is refused. `errors` lists the first MAX_ERRORS; the message has the first one and their number."""

    def __init__(self, errors: list[FileError]) -> None:
        self.errors = errors
        more = len(errors) - 1
        least = "at least " if len(errors) == MAX_ERRORS else ""
        count = f" (and {least}{more} more error{'s' if more > 1 else ''})" if more else ""
        super().__init__(f"{errors[0]}{count}")


class Errors:
    """Collects the errors of a file. Raises BadFile at MAX_ERRORS."""

    def __init__(self) -> None:
        self.found: list[FileError] = []
        self._unknown: set[tuple[str, str]] = set()  # (collection, field)

    def add(self, message: str, field: str) -> None:
        """Add an error of a key at the top of the file."""
        self._add(FileError(message, field[:MAX_NAME]))

    def add_row(self, collection: str, row: int, identifier: object, field: str | None, message: str) -> None:
        """Add an error of a row."""
        pk = None if identifier is None else str(identifier)[:MAX_NAME]
        self._add(FileError(message, field, collection, row, pk))

    def add_unknown(
        self, collection: str, row: int, identifier: object, names: Iterable[str], allowed: Iterable[str]
    ) -> None:
        """Add an error for each unknown field of a row, unless an earlier row of the collection has it, too."""
        for name in names:
            if (collection, name) not in self._unknown:
                self._unknown.add((collection, name))
                message = f"unknown field; allowed: {', '.join(allowed)}"
                self.add_row(collection, row, identifier, name[:MAX_NAME], message)

    def check(self) -> None:
        """Raise BadFile if there are errors."""
        if self.found:
            raise BadFile(self.found)

    def _add(self, error: FileError) -> None:
        self.found.append(error)
        if len(self.found) == MAX_ERRORS:
            raise BadFile(self.found)


def refusal(message: str, field: str | None = None) -> BadFile:
    """Return the BadFile for a file that can't be read to its end."""
    return BadFile([FileError(message, field)])
