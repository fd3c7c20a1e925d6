"""How values look in the file, and in the database: each kind of column has one form on either side."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from projects.transfer.table import Column

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def dashed(digits: str) -> str:
    """Return the id of 32 digits as the file has it."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def moment(text: str) -> str:
    """Return the database's time as ISO 8601 with `Z`."""
    return f"{text.replace(' ', 'T')}Z"


def _document(text: str) -> Any:
    return [] if text == "[]" else json.loads(text)


OUTWARD: dict[str, Callable[[Any], Any]] = {"id": dashed, "user": dashed, "time": moment, "json": _document}


def selected(column: Column, alias: str) -> str:
    """Return the SQL that reads a column as it is stored: Django's converters would cost more than the query."""
    name = f'{alias}."{column.sql}"'
    return f"({name} || '')" if column.kind in ("time", "date") else name


def outward(column: Column, value: Any) -> Any:
    """Return the file's form of a value of the database."""
    convert = OUTWARD.get(column.kind)
    return value if value is None or convert is None else convert(value)
