"""Make a document short enough for a reader who pays for every byte: cut the longest texts, then leave rows out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from projects.api.json_format import render

ELLIPSIS = "…"
SHORTEST_TEXT = 40  # characters that are left of a text before rows go
KEPT_TO_THE_END = ("display_key", "item_type", "title", "status", "priority", "version", "truncated")
# Which end of a list is the oldest, or else the least important.
FIRST_GOES = ("comments", "time_entries")

Place = tuple[Any, Any, str]  # container, its key, the name in `truncated`


def shorten(document: dict[str, Any], max_bytes: int) -> dict[str, Any]:
    """Return `document` in at most `max_bytes` bytes of JSON; its `truncated` names what was cut.

    `max_bytes` is enough for the fields of KEPT_TO_THE_END with a shortened title.
    """
    if size(document) <= max_bytes:
        return document
    longest = max((len(container[key]) for container, key, _ in _texts(document)), default=0)
    low, high = SHORTEST_TEXT, longest  # at `high` it is too long
    while low < high:
        middle = (low + high + 1) // 2
        if size(_cut(document, middle)) <= max_bytes:
            low = middle
        else:
            high = middle - 1
    short = _cut(document, low)
    if size(short) > max_bytes:
        _leave_rows_out(short, max_bytes)
    for name in reversed(list(short)):
        if size(short) <= max_bytes:
            break
        if name not in KEPT_TO_THE_END:
            del short[name]
            short["truncated"] = [*(text for text in short["truncated"] if text.partition(" ")[0] != name), name]
    return short


def size(document: Any) -> int:
    """Return how many bytes `document` has as an answer."""
    return len(render(document))


def _cut(document: dict[str, Any], limit: int) -> dict[str, Any]:
    """Return a copy whose texts have at most `limit` characters, the sign of the cut included."""
    short = copy.deepcopy(document)
    names: dict[str, None] = {}
    for container, key, name in _texts(short):
        if len(container[key]) > limit:
            container[key] = container[key][: limit - 1] + ELLIPSIS
            names[name] = None
    short["truncated"] = [*short["truncated"], *names]
    return short


def _leave_rows_out(document: dict[str, Any], max_bytes: int) -> None:
    """Leave out rows of the list that is the longest in bytes, one after the other."""
    lists = {name: rows for name, rows in document.items() if isinstance(rows, list) and name != "truncated"}
    sizes = {name: [size(row) + 1 for row in rows] for name, rows in lists.items()}
    totals = {name: sum(own) for name, own in sizes.items()}
    left_out = dict.fromkeys(lists, 0)
    others = list(document["truncated"])
    excess = size(document) - max_bytes
    while any(lists.values()):
        while excess > 0 and any(lists.values()):
            name = max(totals, key=lambda name: totals[name])
            end = 0 if name in FIRST_GOES else -1
            lists[name].pop(end)
            gone = sizes[name].pop(end)
            totals[name] -= gone
            left_out[name] += 1
            excess -= gone
        notes = [f"{name} ({count} left out)" for name, count in left_out.items() if count]
        document["truncated"] = [*others, *notes]
        excess = size(document) - max_bytes
        if excess <= 0:
            return


def _texts(document: dict[str, Any]) -> Iterator[Place]:
    """Yield where the texts are that may be cut."""
    for name in ("title", "description"):
        yield document, name, name
    for name, key in (("comments", "content"), ("time_entries", "description")):
        for row in document[name]:
            yield row, key, f"{name}.{key}"
    for name in ("ancestors", "children", "blocking", "blocked_by", "relates_to"):
        for row in document[name]:
            yield row, "title", f"{name}.title"
    for row in document["activity"]:
        for change in row["changes"]:
            for key in ("old", "new"):
                if isinstance(change[key], str):
                    yield change, key, "activity.changes"
