"""Draw a document as a table for people. Imports rich."""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, cast

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from projects.client.table_columns import COLOURS, COLUMNS, FLEXIBLE, TITLES
from projects.client.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from projects.client.api import Json
    from projects.client.render import Stream

    Rows = Sequence[Mapping[str, Json]]

# 2026-01-31T12:00:00.123456Z: shown without the fraction, and in lists without the seconds.
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)(\.\d+)?Z")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GAP = 3  # characters of padding per column
MIN_FLEXIBLE = 16  # characters: a narrower text column is hard to read


def draw(document: object, stream: Stream | None, fields: str | None = None) -> str:
    """Render a document: rows for a list, fields and values for a single object.

    The width is that of the terminal, and only a terminal gets colours. Text from the server is never interpreted as
    markup or escapes. `fields` lists the requested columns, separated by commas.
    """
    terminal = stream is not None and stream.isatty()
    console = Console(
        file=cast("IO[str] | None", stream),
        force_terminal=terminal,
        no_color=None if terminal else True,
        color_system="auto" if terminal else None,
        legacy_windows=False,
        highlight=False,
    )
    chosen = tuple(fields.split(",")) if fields else ()
    with console.capture() as captured:
        for part in _parts(document if isinstance(document, dict) else {"": document}, console.width, chosen):
            console.print(part)
    return captured.get()


def _parts(
    document: Mapping[str, Json], width: int, chosen: tuple[str, ...] = (), *, nested: bool = False
) -> Iterator[Table | Text]:
    """Yield the renderables of a document's members, from top to bottom."""
    for name, value in document.items():
        if nested:
            yield Text(f"\n{clean(_title(name))}", style="bold underline")
        if _is_list(value):
            yield _rows(name, value, width, chosen)
        elif isinstance(value, dict):
            below = {key: member for key, member in value.items() if _is_section(member)}
            plain = {key: member for key, member in value.items() if key not in below and _is_worth_it(key, value)}
            yield _fields(plain) if plain or below else Text("nothing", style="dim")
            yield from _parts(below, width, nested=True)
        elif value is not None:
            yield _text(f"{name}: {_plain(name, value)}")


def _is_list(value: object) -> bool:
    """Return True for a list of objects."""
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _is_section(value: object) -> bool:
    """Return True if a member is drawn as a section below its object."""
    return isinstance(value, dict) or (_is_list(value) and bool(value))


def _is_worth_it(name: str, fields: Mapping[str, Json]) -> bool:
    """Return True if a field is worth showing: non-empty, and not an _id whose readable twin is shown."""
    return fields[name] not in (None, "", []) and not (name.endswith("_id") and fields.get(name.removesuffix("_id")))


def _rows(name: str, rows: Rows, width: int, chosen: tuple[str, ...]) -> Table | Text:
    if not rows:
        return Text(f"no {_title(name)}", style="dim")
    every = list(dict.fromkeys(key for row in rows for key in row))
    known = [] if chosen else [column for column in COLUMNS.get(name, ()) if column in every]
    columns, whole = known or every, False
    cells = {column: [_text(_short(column, row.get(column))) for row in rows] for column in columns}
    if known:
        known = [column for column in known if column == known[0] or any(cell.plain for cell in cells[column])]
        columns = _fitting(known, cells, width)
        whole = sum(_needed(column, cells[column]) + GAP for column in columns) <= width
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        number = any(type(row.get(column)) in (int, float) for row in rows)
        table.add_column(
            _text(TITLES.get(column) or _title(column)),
            overflow="fold",
            no_wrap=whole and column not in FLEXIBLE,
            justify="right" if number and known else "left",
        )
    for position in range(len(rows)):
        table.add_row(*(cells[column][position] for column in columns))
    return table


def _fitting(columns: list[str], cells: Mapping[str, Sequence[Text]], width: int) -> list[str]:
    """Drop columns from the end until the rest fits; the first and the main column stay."""
    found = list(columns)
    needed = {column: _needed(column, cells[column]) + GAP for column in columns}
    for column in reversed(columns[1:]):
        if sum(needed[name] for name in found) <= width:
            break
        if column not in FLEXIBLE or column != _main(columns):
            found.remove(column)
    return found


def _main(columns: Sequence[str]) -> str | None:
    """Return the main text column, which is never dropped."""
    return next((column for column in columns if column in FLEXIBLE), None)


def _needed(column: str, cells: Sequence[Text]) -> int:
    widest = max(cell_len(cell.plain) for cell in cells)
    return max(cell_len(TITLES.get(column, column)), min(widest, MIN_FLEXIBLE) if column in FLEXIBLE else widest)


def _fields(fields: Mapping[str, Json]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(_text(_title(name)), _text(_plain(name, value)))
    return table


def _title(name: str) -> str:
    return name.replace("_", " ")


def _short(name: str, value: Json) -> str:
    """Format a value for a row of a list."""
    time = TIME.fullmatch(value) if isinstance(value, str) else None
    return f"{time[1]} {time[2]}Z" if time else _plain(name, value)


def _plain(name: str, value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        time = TIME.fullmatch(value)
        return f"{time[1]} {time[2]}{time[3]}Z" if time else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "duration_seconds" and isinstance(value, int):
        return f"{value // 3600}:{value // 60 % 60:02}:{value % 60:02}"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    if name == "changes" and isinstance(value, list):
        return "; ".join(filter(None, map(_change, value)))
    return json.dumps(value, ensure_ascii=False)


def _change(change: Json) -> str:
    """Return `status: todo → done`; "" for a new field that is empty."""
    if not isinstance(change, dict) or not {"field", "old", "new"} <= change.keys():
        return json.dumps(change, ensure_ascii=False)
    old, new = (" ".join(_plain("", change[side]).split()) for side in ("old", "new"))
    old, new = (text[:8] if UUID.fullmatch(text) else text[:60] for text in (old, new))
    if not old:
        return f"{change['field']}: {new}" if new else ""
    return f"{change['field']}: {old} → {new or 'nothing'}"


def _text(text: str) -> Text:
    return Text(clean(text), style=COLOURS.get(text, ""))
