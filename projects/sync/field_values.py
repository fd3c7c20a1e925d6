"""Validate the values of operations by the kind of their field.

No setting, clock or row decides: a group is valid in all clones or in none. The limits are those of the columns and of
`projects.entities`; settings limit only what people and agents enter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

from django.core.exceptions import ValidationError

from projects.entities.question import MAX_CHOICES, MAX_LENGTH
from projects.entities.spec import (
    CHOICE,
    DAY,
    LABELS,
    LINE,
    LINES,
    MOMENT,
    NUMBER,
    PERSON,
    RANK,
    REFERENCE,
    REQUIRED,
    SNAPSHOT,
    TEXT,
    Field,
)
from projects.loose_types import Json
from projects.models.fields import MAX_LABEL_LENGTH, MAX_LABELS, check_text
from projects.ordering_keys import MAX_LENGTH as MAX_RANK
from projects.ordering_keys import parse
from projects.sync.exceptions import Malformed

MAX_NAME = 150  # characters of a username
MAX_TEXT = 1 << 20  # characters
MAX_SNAPSHOT = 20_000  # items
MAX_SHOWN_LABELS = 200  # of a value that is only shown
MAX_INTEGER = 1 << 53
SNAPSHOT_KEYS = {"id": str, "display_key": str, "story_points": int | None, "status": str}

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def clean(field: Field, value: Json) -> Json:
    """Return the value in its canonical form. Raises Malformed."""
    if value is None:
        if not field.null:
            raise Malformed(f"{field.name} must not be null")
        return None
    return _CHECKS[field.kind](field, value)


def recorded(field: Field, value: Json) -> Json:
    """Return a value that is only shown: what a field was before, in any version of pm. Raises Malformed."""
    if value is not None:
        if field.kind == PERSON:
            return person(value, field.name)
        if field.kind == MOMENT and not isinstance(value, str):
            raise Malformed(f"{field.name} must be a time, not {shown(value)}")
        if field.kind == LABELS:
            return _labels(field, value, limit=MAX_SHOWN_LABELS)
    return plain(value)


def plain(value: Json, depth: int = 4) -> Json:
    """Return any JSON value that contains only valid text and numbers. Raises Malformed."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if -MAX_INTEGER <= value <= MAX_INTEGER:  # not NaN, not infinite
            return value
        raise Malformed(f"a number is too large: {shown(value)}")
    if isinstance(value, str):
        return checked(value, "a text", MAX_TEXT, lines=True)
    if depth and isinstance(value, list) and len(value) <= MAX_SNAPSHOT:
        return [plain(one, depth - 1) for one in value]
    if depth and isinstance(value, dict) and len(value) <= MAX_SNAPSHOT:
        return {plain(name, 0): plain(one, depth - 1) for name, one in value.items()}
    raise Malformed("a value is nested too deeply or too large")


def reference(value: object, name: str) -> str:
    """Return a UUID with dashes. Raises Malformed."""
    if isinstance(value, str) and _UUID.fullmatch(value):
        return value
    raise Malformed(f"{name} must be a UUID, not {shown(value)}")


def moment(value: object, name: str) -> str:
    """Return a UTC timestamp with microseconds; all have the same length, so text order is time order."""
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        try:
            if datetime.fromisoformat(value).year < 9999:
                return value
        except ValueError:
            pass
    raise Malformed(f"{name} must be a time such as 2026-01-31T12:00:00.000000Z, not {shown(value)}")


def person(value: object, name: str) -> str:
    """Return a username. Raises Malformed."""
    if isinstance(value, str) and value and value == value.strip():
        return checked(value, name, MAX_NAME)
    raise Malformed(f"{name} must be a username, not {shown(value)}")


def checked(text: str, name: str, limit: int, *, lines: bool = False) -> str:
    """Return a text without control characters, at most `limit` characters long. Raises Malformed."""
    try:
        check_text(text, limit=limit, lines=lines)
    except ValidationError as error:
        raise Malformed(f"{name} {error.message}") from None
    return text


def shown(value: object) -> str:
    """Return a value for an error message: short and without control characters."""
    return repr(value)[:60].encode("ascii", "backslashreplace").decode()


def _text(field: Field, value: object) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{field.name} must be text, not {shown(value)}")
    if not value and field.kind == LINE and field.create == REQUIRED:
        raise Malformed(f"{field.name} must not be blank")
    return checked(value, field.name, field.limit or MAX_TEXT, lines=field.kind == TEXT)


def _choice(field: Field, value: object) -> str:
    if isinstance(value, str) and value in field.choices:
        return value
    raise Malformed(f"{field.name} must be one of {', '.join(field.choices)}, not {shown(value)}")


def _number(field: Field, value: object) -> int:
    low, high = field.range
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise Malformed(f"{field.name} must be a whole number from {low} to {high}, not {shown(value)}")


def _rank(field: Field, value: object) -> Json:
    try:
        if isinstance(value, str) and len(value) <= MAX_RANK and parse(value):
            return value
    except ValueError:
        pass
    raise Malformed(f"{field.name} must be an ordering key, not {shown(value)}")


def _day(field: Field, value: object) -> str:
    try:
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise Malformed(f"{field.name} must be a date such as 2026-01-31, not {shown(value)}")


def _labels(field: Field, value: object, limit: int = MAX_LABELS) -> list[str]:
    if not isinstance(value, list) or len(value) > limit:
        raise Malformed(f"{field.name} must be a list of at most {limit} labels")
    for label in value:
        if not isinstance(label, str) or not label or "," in label or label != label.strip():
            raise Malformed(f"{field.name} contains an invalid label: {shown(label)}")
        checked(label, field.name, MAX_LABEL_LENGTH)
    if len({label.casefold() for label in value}) < len(value):
        raise Malformed(f"{field.name} contains a label twice")
    return value


def _lines(field: Field, value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_CHOICES:
        raise Malformed(f"{field.name} must be a list of at most {MAX_CHOICES} texts")
    for line in value:
        if not isinstance(line, str) or not line or line != line.strip():
            raise Malformed(f"{field.name} contains an invalid text: {shown(line)}")
        checked(line, field.name, MAX_LENGTH)
    return value


def _snapshot(field: Field, value: object) -> list[dict[str, Json]]:
    right = isinstance(value, list) and len(value) <= MAX_SNAPSHOT and all(map(_is_snapshot_row, value))
    if not right:
        raise Malformed(f"{field.name} must be a list of objects with {', '.join(SNAPSHOT_KEYS)}")
    return value  # type: ignore[return-value]  # checked above


def _is_snapshot_row(row: object) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == SNAPSHOT_KEYS.keys()
        and all(isinstance(row[name], kind) and not isinstance(row[name], bool) for name, kind in SNAPSHOT_KEYS.items())
        and all(checked(text, name, 200) == text for name, text in row.items() if isinstance(text, str))
    )


_CHECKS: dict[str, Callable[[Field, Json], Json]] = {
    LINE: _text,
    TEXT: _text,
    CHOICE: _choice,
    NUMBER: _number,
    RANK: _rank,
    DAY: _day,
    MOMENT: lambda field, value: moment(value, field.name),
    LABELS: lambda field, value: _labels(field, value),
    LINES: _lines,
    SNAPSHOT: _snapshot,
    REFERENCE: lambda field, value: reference(value, field.name),
    PERSON: lambda field, value: person(value, field.name),
}
