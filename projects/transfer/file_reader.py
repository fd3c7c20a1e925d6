"""Stream the rows of an export file in bounded memory, with the collections in any order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import ijson

from projects.entities.registry import ENTITIES
from projects.entities.spec import LABELS, LINES, SNAPSHOT
from projects.loose_types import Framework
from projects.trackers import file_faults
from projects.transfer.exceptions import Errors, refusal
from projects.transfer.tables import BY_COLLECTION, SCHEMA_VERSION

COLLECTIONS = (*BY_COLLECTION, "users", "deleted")
IGNORED_KEYS = ("exported_at", "exported_by")  # written by the agile-board tool
# Fields whose value is a list or an object.
NESTED = {field.name for entity in ENTITIES for field in entity.fields if field.kind in (LABELS, LINES, SNAPSHOT)}
MAX_ROW = 64 * 1024 * 1024  # bytes
PIECE = 64 * 1024
MAX_NAMED = 100  # characters of a name in a message
BOM = b"\xef\xbb\xbf"

FileRow = dict[str, Any]  # JSON values by field name
Event = tuple[str, Any]  # an event of ijson and its value: a key or a scalar


class _Bounded:
    """A file wrapper that raises BadFile after reading `MAX_ROW` bytes without completing a row."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.read_since = 0
        self.started = False

    def read(self, size: int = PIECE) -> bytes:
        data = self.file.read(size)
        if not self.started and size:
            self.started = bool(data)
            data = data.removeprefix(BOM) or self.file.read(size)
        self.read_since += len(data)
        if self.read_since > MAX_ROW:
            raise refusal(f"a row or a value exceeds {MAX_ROW >> 20} MiB")
        return data


def rows(file: IO[bytes], errors: Errors) -> Iterator[tuple[str, int, FileRow]]:
    """Yield (collection, index, row) for all known collections; add unknown collections and invalid rows to `errors`.

    Raises BadFile if the file can't be read to its end.
    """
    bounded = _Bounded(file)
    events = ijson.basic_parse(bounded, use_float=True, buf_size=PIECE)
    try:
        yield from _top(events, bounded, errors)
    except (ijson.JSONError, UnicodeDecodeError, OverflowError) as error:
        raise refusal(file_faults.of_streamed_json(error) if bounded.started else "the file is empty") from None


def _top(events: Iterator[Event], bounded: _Bounded, errors: Errors) -> Iterator[tuple[str, int, FileRow]]:
    event, _ = next(events)
    if event != "start_map":
        raise refusal("the file is not an export: expected a JSON object")
    version: object = None
    seen: set[str] = set()
    for event, name in events:
        if event == "end_map":
            break
        event, value = next(events)
        if name == "schema_version":
            version = value
            _check_version(version)
        elif name in COLLECTIONS and name not in seen and event == "start_array":
            seen.add(name)
            yield from _list(name, events, bounded, errors)
        else:
            if name in COLLECTIONS:
                errors.add("appears twice in the file" if name in seen else "must be a list", name)
            elif name not in IGNORED_KEYS:
                errors.add(f"unknown collection; allowed: {', '.join(COLLECTIONS)}", name)
            _skip(event, events, bounded)
        bounded.read_since = 0
    for _ in events:  # read to the end so that the parser reports trailing data
        pass
    if version is None:
        _check_version(version)


def _check_version(version: object) -> None:
    if isinstance(version, bool) or version != SCHEMA_VERSION:
        raise refusal(f"must be {SCHEMA_VERSION}, the only one this version of pm reads", "schema_version")


def _list(name: str, events: Iterator[Event], bounded: _Bounded, errors: Errors) -> Iterator[tuple[str, int, FileRow]]:
    for index, (event, _) in enumerate(events):  # each iteration consumes all events of one row
        if event == "end_array":
            return
        if event == "start_map":
            yield name, index, _object(events, bounded)
        else:
            errors.add_row(name, index, None, None, "must be an object")
            _skip(event, events, bounded)
        bounded.read_since = 0


def _object(events: Iterator[Event], bounded: _Bounded) -> FileRow:
    row: FileRow = {}
    for event, key in events:
        if event == "end_map":
            return row
        if key in row:
            raise _twice(key)
        event, value = next(events)
        if event not in ("start_map", "start_array"):
            row[key] = value
        elif key in NESTED:
            row[key] = _nested(event, events)
        else:
            row[key] = ()  # a tuple, which every check refuses
            _skip(event, events, bounded)
    return row


def _twice(key: str) -> Exception:
    return refusal(f"a row has {key[:MAX_NAMED]!r} twice")


def _nested(event: str, events: Iterator[Event]) -> object:
    """Return the list or object that just began. Iterative, because the sender controls the depth."""
    top: Framework = {} if event == "start_map" else []
    stack, key = [top], ""
    keys: list[str] = []
    for event, value in events:
        if event == "map_key":
            if value in stack[-1]:
                raise _twice(value)
            key = value
            continue
        if event in ("end_map", "end_array"):
            stack.pop()
            if not stack:
                break
            key = keys.pop()
            continue
        opens = event in ("start_map", "start_array")
        node: Framework = ({} if event == "start_map" else []) if opens else value
        if isinstance(stack[-1], dict):
            stack[-1][key] = node
        else:
            stack[-1].append(node)
        if opens:
            stack.append(node)
            keys.append(key)
    return top


def _skip(event: str, events: Iterator[Event], bounded: _Bounded) -> None:
    depth = 1 if event in ("start_map", "start_array") else 0
    while depth:
        event, _ = next(events)
        bounded.read_since = 0  # skipped data uses no memory
        if event in ("start_map", "start_array"):
            depth += 1
        elif event in ("end_map", "end_array"):
            depth -= 1
