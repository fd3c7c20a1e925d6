"""Draw a document as a table for people. Imports rich."""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, cast

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from projects.client.render import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from projects.client.render import Stream

# 2026-01-31T12:00:00.123456Z: nobody reads the fraction.
TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z")
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "active": "green", "archived": "dim"}


def draw(document: object, stream: Stream | None) -> str:
    """Return the text of a document: rows for a list, fields and values for one thing.

    As wide as the terminal, coloured only on one. Texts of the server are neither markup nor escapes.
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
    with console.capture() as captured:
        for name, value in document.items() if isinstance(document, dict) else [("", document)]:
            if isinstance(value, list) and all(isinstance(row, dict) for row in value):
                console.print(_rows(name, value))
            elif isinstance(value, dict):
                console.print(_fields(value))
            elif value is not None:
                console.print(_text(f"{name}: {_plain(value)}"))
    return captured.get()


def _rows(name: str, rows: Sequence[Mapping[str, object]]) -> Table | Text:
    if not rows:
        return Text(f"no {name}", style="dim")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(_text(column.replace("_", " ")), overflow="fold")
    for row in rows:
        table.add_row(*(_text(_plain(row.get(column))) for column in columns))
    return table


def _fields(fields: Mapping[str, object]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(_text(name.replace("_", " ")), _text(_plain(value)))
    return table


def _plain(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    time = TIME.fullmatch(value)
    return f"{time[1]} {time[2]}Z" if time else value


def _text(text: str) -> Text:
    return Text(clean(text), style=COLOURS.get(text, ""))
