"""Read an export file in bounded memory: a stream of rows, whatever the order of its collections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import ijson

from projects.transfer.exceptions import BadFile, bad_row
from projects.transfer.tables import BY_COLLECTION, SCHEMA_VERSION

COLLECTIONS = (*BY_COLLECTION, "users", "deleted")
NESTED = ("labels", "committed", "outcome")  # the fields that hold more than one value
MAX_ROW = 64 * 1024 * 1024  # bytes
PIECE = 64 * 1024
BOM = b"\xef\xbb\xbf"

Row = dict[str, Any]
Event = tuple[str, Any]


class _Bounded:
    """A file of which no more than `MAX_ROW` bytes are read without a row's end."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.read_since = 0
        self.started = False

    def read(self, size: int = PIECE) -> bytes:
        data = self.file.read(size)
        if not self.started and size:
            self.started = True
            data = data.removeprefix(BOM) or self.file.read(size)
        self.read_since += len(data)
        if self.read_since > MAX_ROW:
            raise BadFile(f"it has a row or a value of more than {MAX_ROW >> 20} MiB")
        return data


def rows(file: IO[bytes]) -> Iterator[tuple[str, int, Row]]:
    """Yield (collection, place in its list, row) of all collections that are known. Raises BadFile."""
    bounded = _Bounded(file)
    events = ijson.basic_parse(bounded, use_float=True, buf_size=PIECE)
    try:
        yield from _top(events, bounded)
    except (ijson.JSONError, UnicodeDecodeError, OverflowError) as error:
        text = " ".join(str(error.args[0] if error.args else error).split())
        raise BadFile(f"the file is not valid JSON: {text[:200]}") from None


def _top(events: Iterator[Event], bounded: _Bounded) -> Iterator[tuple[str, int, Row]]:
    event, _ = next(events)
    if event != "start_map":
        raise BadFile("the file is not an export: it must be a JSON object")
    version: Any = None
    seen: set[str] = set()
    for event, name in events:
        if event == "end_map":
            break
        event, value = next(events)
        if name == "schema_version":
            version = value
            _check_version(version)
        elif name in COLLECTIONS:
            if event != "start_array":
                raise BadFile("must be a list", field=name)
            if name in seen:
                raise BadFile("is in the file twice", field=name)
            seen.add(name)
            yield from _list(name, events, bounded)
        else:
            _skip(event, events, bounded)
        bounded.read_since = 0
    for _ in events:  # what follows the object is an error, and is seen only by reading it
        pass
    if version is None:
        _check_version(version)


def _check_version(version: Any) -> None:
    if isinstance(version, bool) or version != SCHEMA_VERSION:
        raise BadFile(f"must be {SCHEMA_VERSION}; this version of pm reads no other", field="schema_version")


def _list(name: str, events: Iterator[Event], bounded: _Bounded) -> Iterator[tuple[str, int, Row]]:
    for index, (event, _) in enumerate(events):  # each turn takes all events of a row
        if event == "end_array":
            return
        if event != "start_map":
            raise bad_row(name, index, None, None, "must be an object")
        yield name, index, _object(events, bounded)
        bounded.read_since = 0


def _object(events: Iterator[Event], bounded: _Bounded) -> Row:
    row: Row = {}
    for event, key in events:
        if event == "end_map":
            return row
        event, value = next(events)
        if event not in ("start_map", "start_array"):
            row[key] = value
        elif key in NESTED:
            row[key] = _nested(event, events)
        else:
            row[key] = ()  # of no kind that any field takes
            _skip(event, events, bounded)
    return row


def _nested(event: str, events: Iterator[Event]) -> Any:
    """Return the list or object that has begun; not by recursion, for its depth is the sender's choice."""
    top: Any = {} if event == "start_map" else []
    stack, key = [top], ""
    keys: list[str] = []
    for event, value in events:
        if event == "map_key":
            key = value
            continue
        if event in ("end_map", "end_array"):
            stack.pop()
            if not stack:
                break
            key = keys.pop()
            continue
        opens = event in ("start_map", "start_array")
        made: Any = ({} if event == "start_map" else []) if opens else value
        if isinstance(stack[-1], dict):
            stack[-1][key] = made
        else:
            stack[-1].append(made)
        if opens:
            stack.append(made)
            keys.append(key)
    return top


def _skip(event: str, events: Iterator[Event], bounded: _Bounded) -> None:
    depth = 1 if event in ("start_map", "start_array") else 0
    while depth:
        event, _ = next(events)
        bounded.read_since = 0  # it is not kept
        if event in ("start_map", "start_array"):
            depth += 1
        elif event in ("end_map", "end_array"):
            depth -= 1
