"""Convert values between their file form and their database form, one function per kind.

The functions that read a file's values raise ValidationError.
"""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import MAXYEAR, UTC, date, datetime

from django.core.exceptions import ValidationError

from projects.loose_types import AnyField, Framework
from projects.transfer.tables import Column

# From a JSON value to its database form: text, a number or None.
Clean = Callable[[object], Framework]

SNAPSHOT = {"id": str, "display_key": str, "story_points": int | None, "status": str}
_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def clean_id(value: object) -> str:
    """Convert a UUID to its database form. Raises ValidationError."""
    if isinstance(value, str):
        if _ID.fullmatch(value):
            return value.replace("-", "")
        try:
            return uuid.UUID(value).hex
        except ValueError:
            pass
    raise ValidationError("must be a UUID")


def clean_time(value: object) -> str:
    """Convert ISO 8601 with a time zone, or Unix seconds, to the database form. Raises ValidationError."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            if found.tzinfo is None:
                raise ValidationError("must include a time zone, e.g. 2026-01-31T12:00:00Z")
            return _stored(found.astimezone(UTC))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _stored(datetime.fromtimestamp(value, UTC))
    except (ValueError, OverflowError, OSError):
        pass
    raise ValidationError("must be a time, e.g. 2026-01-31T12:00:00Z, or Unix seconds")


def _stored(moment: datetime) -> str:
    if moment.year == MAXYEAR:
        raise ValueError  # datetime can't represent anything later
    return str(moment.replace(tzinfo=None))


def text(field: AnyField) -> Clean:
    def check(value: object) -> Framework:
        if not isinstance(value, str):
            raise ValidationError("must be text")
        return field.clean(value, None)

    return check


def choice(choices: Iterable[object]) -> Clean:
    known = frozenset(str(choice) for choice in choices)
    words = ", ".join(str(choice) for choice in choices)

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValidationError(f"must be one of {words}")
        return value

    return check


def integer(low: int, high: int) -> Clean:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValidationError(f"must be a whole number from {low} to {high}")
        return value

    return check


def position(field: AnyField) -> Clean:
    """Accept an ordering key, and the number of an earlier version, which `positions` converts."""

    def check(value: object) -> str | float:
        if isinstance(value, str):
            return str(field.clean(value, None))
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValidationError("must be an ordering key, or a number as in files of earlier versions")
        return float(value)

    return check


def clean_date(value: object) -> str:
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value).isoformat()
        if isinstance(value, int) and not isinstance(value, bool):
            return clean_time(value)[:10]
    except ValueError:
        pass
    raise ValidationError("must be a date, e.g. 2026-01-31")


def clean_snapshot(value: object) -> str:
    right = isinstance(value, list) and all(
        isinstance(entry, dict)
        and entry.keys() == SNAPSHOT.keys()
        and all(isinstance(entry[name], kind) and not isinstance(entry[name], bool) for name, kind in SNAPSHOT.items())
        for entry in value
    )
    if not right:
        raise ValidationError(f"must be a list of objects with {', '.join(SNAPSHOT)}")
    return json.dumps(value)


encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def dashed(digits: str) -> str:
    """Convert a 32-digit hexadecimal ID to a dashed UUID."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def moment(text: str) -> str:
    """Convert a database timestamp to ISO 8601 with `Z`."""
    return f"{text.replace(' ', 'T')}Z"


def _document(text: str) -> object:
    return [] if text == "[]" else json.loads(text)


# By the kind of the column, from the database form to a JSON value.
OUTWARD: dict[str, Callable[[Framework], object]] = {"id": dashed, "user": dashed, "time": moment, "json": _document}


def outward(column: Column, value: object) -> object:
    """Convert a database value to its file form."""
    convert = OUTWARD.get(column.kind)
    return value if value is None or convert is None else convert(value)


def history_value(column: Column, value: object) -> object:
    """Convert a database value to its form in the activity: like `outward`, but with milliseconds at most."""
    found = outward(column, value)
    if column.kind == "time" and isinstance(found, str) and "." in found:
        return f"{found[: found.index('.') + 4]}Z"
    return found
