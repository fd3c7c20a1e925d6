"""Make the texts of other trackers fit: without control characters, of the right length, with what has no field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from projects.trackers.report import Report

_NOT_IN_TEXTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS = re.compile("[\r\n\u2028\u2029]+")
NO_TITLE = "(no title)"
CUT = "\n\n… (cut on import)"


def text(value: str, report: Report) -> str:
    """Return a text of several lines; control characters are removed and counted."""
    if value.isprintable():
        return value.strip()
    plain, count = _NOT_IN_TEXTS.subn("", value.replace("\r\n", "\n").replace("\r", "\n"))
    report.control_characters += count
    return plain.strip()


def line(value: str, report: Report) -> str:
    """Return a text of one line."""
    if value.isprintable():
        return value.strip()
    return " ".join(_LINE_ENDS.sub(" ", text(value, report)).replace("\t", " ").split(" ")).strip()


def cut(value: str, limit: int) -> str:
    """Return at most `limit` characters of a text of several lines, with a mark where it was cut."""
    return value if len(value) <= limit else value[: limit - len(CUT)].rstrip() + CUT


def unplaced(source: str, fields: Mapping[str, str]) -> str:
    """Return the part of a description that keeps what has no field in `pm`."""
    if not fields:
        return ""
    lines = [f"- {name}: {_indented(value)}" for name, value in fields.items()]
    return "\n".join([f"## From {source}", "", *lines])


def _indented(value: str) -> str:
    return value.strip().replace("\n", "\n  ")
