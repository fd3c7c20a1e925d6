"""Convert values between their file form and their database form."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from projects.transfer.table import Column

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def dashed(digits: str) -> str:
    """Convert a 32-digit hexadecimal ID to a dashed UUID."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def moment(text: str) -> str:
    """Convert a database timestamp to ISO 8601 with `Z`."""
    return f"{text.replace(' ', 'T')}Z"


def _document(text: str) -> Any:
    return [] if text == "[]" else json.loads(text)


OUTWARD: dict[str, Callable[[Any], Any]] = {"id": dashed, "user": dashed, "time": moment, "json": _document}


def selected(column: Column, alias: str) -> str:
    """Return SQL that reads the raw column: Django's converters would cost more than the query."""
    name = f'{alias}."{column.sql}"'
    return f"({name} || '')" if column.kind in ("time", "date") else name


def outward(column: Column, value: Any) -> Any:
    """Convert a database value to its file form."""
    convert = OUTWARD.get(column.kind)
    return value if value is None or convert is None else convert(value)
