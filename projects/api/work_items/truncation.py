"""Truncate a document to a number of bytes: cut the longest texts first, then drop rows."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from projects.api.json_format import JSONObject, render
from projects.loose_types import Framework

ELLIPSIS = "…"
SHORTEST_TEXT = 40  # characters; rows are dropped before texts get shorter
ALWAYS_KEPT = ("display_key", "item_type", "title", "status", "priority", "version", "truncated")
# Lists whose first row is the oldest; of all others the last row is the least important.
OLDEST_FIRST = ("comments", "time_entries")
# The lists of other things than items.
NOT_ITEMS = ("labels", "comments", "time_entries", "activity", "truncated")

Place = tuple[Any, Any, str]  # container, its key, the name in `truncated`


def shorten(document: JSONObject, max_bytes: int) -> JSONObject:
    """Return `document` in at most `max_bytes` bytes of JSON; `truncated` lists what was cut.

    `max_bytes` must suffice for the fields in ALWAYS_KEPT with a shortened title.
    """
    if size(document) <= max_bytes:
        return document
    longest = max((len(container[key]) for container, key, _ in _texts(document)), default=0)
    # Binary search for the longest text length that fits.
    low, high = SHORTEST_TEXT, longest
    while low < high:
        middle = (low + high + 1) // 2
        if size(_cut(document, middle)) <= max_bytes:
            low = middle
        else:
            high = middle - 1
    short = _cut(document, low)
    if size(short) > max_bytes:
        _drop_rows(short, max_bytes)
    for name in reversed(list(short)):
        if size(short) <= max_bytes:
            break
        if name not in ALWAYS_KEPT:
            del short[name]
            short["truncated"] = [*(text for text in short["truncated"] if text.partition(" ")[0] != name), name]
    return short


def size(document: Framework) -> int:
    """Return the size of the response in bytes."""
    return len(render(document))


def _cut(document: JSONObject, limit: int) -> JSONObject:
    """Return a copy whose texts have at most `limit` characters, including the ellipsis."""
    short = copy.deepcopy(document)
    names: dict[str, None] = {}
    for container, key, name in _texts(short):
        if len(container[key]) > limit:
            container[key] = container[key][: limit - 1] + ELLIPSIS
            names[name] = None
    short["truncated"] = [*short["truncated"], *names]
    return short


def _drop_rows(document: JSONObject, max_bytes: int) -> None:
    """Drop rows one by one, each from the list that has the most bytes."""
    lists = {name: rows for name, rows in document.items() if isinstance(rows, list) and name != "truncated"}
    sizes = {name: [size(row) + 1 for row in rows] for name, rows in lists.items()}
    totals = {name: sum(own) for name, own in sizes.items()}
    dropped = dict.fromkeys(lists, 0)
    others = list(document["truncated"])
    excess = size(document) - max_bytes
    while any(lists.values()):
        while excess > 0 and any(lists.values()):
            name = max(totals, key=lambda name: totals[name])
            end = 0 if name in OLDEST_FIRST else -1
            lists[name].pop(end)
            gone = sizes[name].pop(end)
            totals[name] -= gone
            dropped[name] += 1
            excess -= gone
        notes = [f"{name} ({count} left out)" for name, count in dropped.items() if count]
        document["truncated"] = [*others, *notes]
        excess = size(document) - max_bytes
        if excess <= 0:
            return


def _texts(document: JSONObject) -> Iterator[Place]:
    """Yield the places of texts that may be cut."""
    for name in ("title", "description", "close_reason"):
        yield document, name, name
    for name, key in (("comments", "content"), ("time_entries", "description")):
        for row in document[name]:
            yield row, key, f"{name}.{key}"
    for name, rows in document.items():
        if name not in NOT_ITEMS and isinstance(rows, list):
            for row in rows:
                yield row, "title", f"{name}.title"
    for row in document["activity"]:
        for change in row["changes"]:
            for key in ("old", "new"):
                if isinstance(change[key], str):
                    yield change, key, "activity.changes"
