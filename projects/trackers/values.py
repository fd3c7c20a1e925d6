"""Read the values of other trackers: times, days, numbers, lists in Markdown, and what has no field in `pm`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from projects.trackers.records import Criterion
from projects.trackers.report import Report, shown

FIRST_YEAR, LAST_YEAR = 1970, 9000
# Formats besides ISO 8601: Taskwarrior, and what Jira's CSV files have in common locales.
FORMATS = (
    "%Y%m%dT%H%M%SZ",
    *("%d/%b/%y %I:%M %p", "%d/%b/%y %H:%M", "%d/%b/%Y %I:%M %p", "%d/%b/%Y %H:%M", "%d/%b/%y", "%d/%b/%Y"),
    *("%d.%m.%Y %H:%M", "%d.%m.%Y", "%b %d, %Y, %I:%M %p", "%b %d, %Y", "%Y/%m/%d %H:%M", "%Y/%m/%d"),
)
_BULLET, _BOX = r"(?:[-*+]|\d+[.)])\s+", r"\[(?P<{}>[ xX])\]\s+"
_ITEM = re.compile(rf"\A\s*(?:{_BULLET}(?:{_BOX.format('box')})?|{_BOX.format('bare')})(?:#\d+\s+)?(?P<text>\S.*)")


def moment(value: object, what: str, place: str, ref: str, report: Report) -> datetime | None:
    """Return a time, in UTC if it names no zone; None, and a problem, if it can't be read."""
    if value is None or value == "":
        return None
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not text:
        return None
    found = _parsed(text)
    if found is None:
        report.problem(place, ref, f"{what} {shown(text)} is not a time, so it is left out")
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    if FIRST_YEAR <= found.year < LAST_YEAR:
        return found
    if found.year > 1:  # the year 1 is how Go writes "no time"
        report.problem(
            place, ref, f"{what} {shown(text)} is not between {FIRST_YEAR} and {LAST_YEAR}, so it is left out"
        )
    return None


def day(value: object, what: str, place: str, ref: str, report: Report) -> date | None:
    """Return a day; None, and a problem, if it can't be read."""
    found = moment(value, what, place, ref, report)
    return found.date() if found else None


def points(value: object, place: str, ref: str, report: Report) -> int | None:
    """Return story points: a whole number from 0 to 100; None, and a problem, for others."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100 or number != int(number):
        report.problem(place, ref, f"{shown(value)} story points are left out; they are whole numbers from 0 to 100")
        return None
    return int(number)


def names(value: object) -> list[str]:
    """Return a list of names from a list, or from a text with commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        return []
    return [name for one in value if one is not None and (name := _name(one))]


def criteria(text: str) -> list[Criterion]:
    """Return the entries of a Markdown list, or the lines of a text without one."""
    lines = [line for line in text.splitlines() if line.strip()]
    matches = [match for line in lines if (match := _ITEM.match(line))]
    if not matches:
        return [Criterion(line.strip()) for line in lines]
    return [Criterion(one["text"].strip(), (one["box"] or one["bare"]) in ("x", "X")) for one in matches]


def rest(row: Mapping[str, object], known: Iterable[str]) -> dict[str, str]:
    """Return the fields of a row that are not `known` and not empty, as text."""
    placed = frozenset(known)
    return {str(name): as_text(value) for name, value in row.items() if name not in placed and _is_set(value)}


def as_text(value: object) -> str:
    """Return a value of a JSON file as text for people."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(str(one) for one in value)
    return json.dumps(value, ensure_ascii=False)


def text(value: object) -> str:
    """Return a value that should be text; "" for null."""
    return "" if value is None else as_text(value)


def section(heading: str, content: object) -> str:
    """Return a part of a description under a heading; "" if it has no content."""
    body = text(content)
    return f"## {heading}\n\n{body}" if body else ""


def joined(*parts: str) -> str:
    """Return the parts of a description, without the empty ones."""
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _is_set(value: object) -> bool:
    return value not in (None, "", [], {}, False) and not (isinstance(value, str) and not value.strip())


def _name(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("name") or value.get("login") or ""
    return str(value).strip()


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    if re.fullmatch(r"\d{12,14}", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    for form in FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None
