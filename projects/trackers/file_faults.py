"""What is wrong with a file of JSON or CSV, for people: parsers word their errors for programmers."""

from __future__ import annotations

import csv
import json

from projects.trackers.report import shown

CUT = "the file is cut off: it ends in the middle of its data; fetch or export it again"
_WORDS = ("true", "false", "null")  # one of these may be cut, too
# Parts of the messages of ijson's parsers, and what they mean.
_STREAMED = {
    "premature EOF": CUT,
    "UTF8": "the file is not UTF-8 text; save the file as UTF-8",
    "overflow": "the file has a number that is too large",
    "too big": "the file has a number that is too large",
}
# The same for `csv`.
_CSV = {
    "unexpected end": "a quoted value has no end; the file may be cut off",
    "expected after": "a quoted value goes on after its closing quote",
    "larger than field limit": "a value is too long",
    "new-line": "a line ends with a lone CR; save it with LF",
    "NUL": "there are NUL characters; save the file as UTF-8",
}


def of_json(error: ValueError | RecursionError) -> str:
    """Return what is wrong with a file that `json` could not read."""
    if isinstance(error, RecursionError):
        return "the file is nested too deeply to be read"
    if not isinstance(error, json.JSONDecodeError):
        return "the file has a number that is too large"  # Python reads no integer of more than 4,300 digits
    rest = error.doc[error.pos :].strip()
    if not rest or error.msg.startswith("Unterminated string") or any(word.startswith(rest) for word in _WORDS):
        return CUT
    return f"the file is not valid JSON in line {error.lineno}, column {error.colno}: {shown(rest[:40])}"


def of_streamed_json(error: Exception) -> str:
    """Return what is wrong with a file that ijson could not read to its end."""
    if isinstance(error, UnicodeDecodeError):
        return _STREAMED["UTF8"]
    if isinstance(error, OverflowError):
        return _STREAMED["overflow"]
    text = error.args[0] if error.args else ""
    text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    for part, meaning in _STREAMED.items():
        if part in text:
            return meaning
    # yajl's second line is an excerpt; it ends soon after the place of the error, and is empty at the end of the file.
    lines = text.splitlines()
    near = shown(lines[1]) if len(lines) > 2 else ""
    if len(lines) > 2 and not near:
        return CUT
    return f"the file is not valid JSON, near: {near}" if near else "the file is not valid JSON"


def of_csv(error: csv.Error) -> str:
    """Return what is wrong with a row that `csv` could not read."""
    return next((meaning for part, meaning in _CSV.items() if part in str(error)), "it can't be split into values")
