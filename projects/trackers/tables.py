"""Read a CSV file row by row, in bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from projects.trackers import file_faults
from projects.trackers.files import Files
from projects.trackers.report import Unreadable

MAX_CELL = 2 << 20  # characters
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its line, and the values of each column that are not empty; several columns may have one name."""

    number: int
    cells: dict[str, list[str]]

    def first(self, *names: str) -> str:
        """Return the first value of the first of these columns that has one; "" if none has."""
        for name in names:
            if found := self.cells.get(name):
                return found[0]
        return ""

    def all(self, *names: str) -> list[str]:
        """Return the values of all these columns."""
        return [value for name in names for value in self.cells.get(name, ())]


def header(files: Files) -> list[str]:
    """Return the names of the columns. Raises Unreadable."""
    for _, row in _read(files):
        if any(cell.strip() for cell in row):
            if any("\0" in cell for cell in row):
                raise Unreadable("the header has NUL characters; save the file as UTF-8")
            return _names(row)
    raise Unreadable("the file has no header")


def rows(files: Files) -> Iterator[Row]:
    """Yield the rows below the header. Raises Unreadable."""
    names: list[str] = []
    for number, cells in _read(files):
        if not names:
            names = _names(cells) if any(cell.strip() for cell in cells) else []
            continue
        found: dict[str, list[str]] = {}
        for name, cell in zip(names, cells, strict=False):
            if cell and not cell.isspace():
                if name in found:
                    found[name].append(cell)
                else:
                    found[name] = [cell]
        if found or any(cell.strip() for cell in cells):
            yield Row(number, found)


def _names(row: list[str]) -> list[str]:
    return [cell.strip().removeprefix("\ufeff").strip() for cell in row]  # some files begin with two marks


def _read(files: Files) -> Iterator[tuple[int, list[str]]]:
    # The limit is one for the whole process; the default of 131,072 refuses long descriptions.
    csv.field_size_limit(MAX_CELL)
    first = next(iter(files.lines()), (0, ""))[1]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader((line for _, line in files.lines(ends=True)), delimiter=delimiter, strict=True)
    start = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Unreadable(f"line {reader.line_num or start}: not valid CSV: {file_faults.of_csv(error)}") from None
        yield start, cells
        start = reader.line_num + 1
