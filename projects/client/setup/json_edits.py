"""Add members to a JSON file and remove them again, without touching a byte of what else is in it.

Comments and trailing commas are accepted, as many programs write them. What is wanted is a tree: objects are merged,
elements of lists appended, and a `Whole` object or any other value is set where there is none.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Tree = dict[str, Any]  # JSON: objects, lists, Whole objects and plain values

BYTE_ORDER_MARK = "\ufeff"
BLANK = " \t\r\n"


class JsonProblem(Exception):
    """The text can't be edited; the message says why."""


class Whole(dict[str, "Any"]):
    """An object that is added and removed as one, and compared as one."""


class Node:
    """A value and where it stands in the text; `entries` are the members or elements of a container."""

    def __init__(self, value: Any, start: int, end: int, entries: list[Entry] | None = None) -> None:  # Any: JSON
        self.value = value
        self.start, self.end = start, end
        self.entries = entries or []


class Entry:
    """A member or element; `start` is that of its key."""

    def __init__(self, key: str | None, start: int, node: Node) -> None:
        self.key, self.start, self.node = key, start, node


def new(wanted: Tree) -> str:
    """Return the text of a file that has only what is wanted."""
    return json.dumps(wanted, indent=2, ensure_ascii=False) + "\n"


def add(text: str, wanted: Tree) -> str:
    """Return the text with what is wanted. Raises JsonProblem."""
    while True:
        edited = _add(text, parse(text), wanted)
        if edited is None:
            return text
        text = edited


def remove(text: str, wanted: Tree) -> str:
    """Return the text without what `add` added. Raises JsonProblem."""
    while True:
        edited = _remove(text, parse(text), wanted)
        if edited is None:
            return text
        text = edited


def missing(text: str, wanted: Tree) -> list[str]:
    """Return what is wanted and not there, as paths. Raises JsonProblem."""
    return [*_missing(parse(text).value, wanted, "")]


def conflicts(text: str, wanted: Tree) -> list[str]:
    """Return the paths at which the text has another value than the wanted one. Raises JsonProblem."""
    return [*_conflicts(parse(text).value, wanted, "")]


def _missing(value: Any, wanted: Any, path: str) -> list[str]:  # Any: JSON
    found = []
    for key, want in wanted.items():
        at = f"{path}.{key}".lstrip(".")
        if key not in value:
            found.append(at)
        elif isinstance(want, dict) and not isinstance(want, Whole) and isinstance(value[key], dict):
            found += _missing(value[key], want, at)
        elif isinstance(want, list) and isinstance(value[key], list):
            found += [f"{at}: {json.dumps(each)}" for each in want if each not in value[key]]
        elif value[key] != want:
            found.append(at)
    return found


def _conflicts(value: Any, wanted: Any, path: str) -> list[str]:  # Any: JSON
    found = []
    for key, want in wanted.items():
        at = f"{path}.{key}".lstrip(".")
        if key not in value:
            continue
        if isinstance(want, dict) and not isinstance(want, Whole):
            found += _conflicts(value[key], want, at) if isinstance(value[key], dict) else [at]
        elif isinstance(want, list):
            found += [] if isinstance(value[key], list) else [at]
        elif value[key] != want:
            found.append(at)
    return found


def _add(text: str, node: Node, wanted: Tree) -> str | None:
    """Return the text with the first thing that is missing, or None."""
    for key, want in wanted.items():
        entry = next((entry for entry in node.entries if entry.key == key), None)
        if entry is None:
            return _insert(text, node, f"{json.dumps(key)}: ", want)
        if isinstance(want, dict) and not isinstance(want, Whole) and isinstance(entry.node.value, dict):
            edited = _add(text, entry.node, want)
            if edited is not None:
                return edited
        if isinstance(want, list) and isinstance(entry.node.value, list):
            for each in want:
                if each not in entry.node.value:
                    return _insert(text, entry.node, "", each)
    return None


def _remove(text: str, node: Node, wanted: Tree) -> str | None:
    """Return the text without the first thing of ours, or None."""
    for key, want in wanted.items():
        entry = next((entry for entry in node.entries if entry.key == key), None)
        if entry is None:
            continue
        inside = entry.node
        if inside.value == want and (not _is_merged(want) or _is_own(text[inside.start : inside.end], want)):
            return _cut(text, node, entry)
        if isinstance(want, dict) and _is_merged(want) and isinstance(inside.value, dict):
            edited = _remove(text, inside, want)
            if edited is not None:
                return edited
        if isinstance(want, list):
            for element in inside.entries:
                if element.node.value in want:
                    return _cut(text, inside, element)
    return None


def _is_merged(want: Any) -> bool:  # Any: JSON
    return isinstance(want, dict | list) and not isinstance(want, Whole)


def _insert(text: str, node: Node, label: str, value: Any) -> str:  # Any: JSON
    """Return the text with one more entry at the end of a container."""
    if not node.entries:
        at = node.start + 1
        return f"{text[:at]} {label}{_shown(value, text, _indent(text, node.start))}{text[at:]}"
    last = node.entries[-1].node.end
    comma = _skip(text, last)
    at = len(text[: node.end - 1].rstrip(BLANK))
    first = node.entries[0].start
    line = text.rfind("\n", 0, first) + 1
    if line > node.start and not text[line:first].strip(BLANK):
        indent = text[line:first]
        lead = _newline(text) + indent
    else:
        indent = _indent(text, node.start)
        lead = " "
        if text[last:at].strip(BLANK + ","):  # a comment, which may go on to the end of the line
            indent += _unit(text)
            lead = _newline(text) + indent
    entry = f"{lead}{label}{_shown(value, text, indent)}"
    if text[comma] == ",":
        return f"{text[:at]}{entry},{text[at:]}"
    return f"{text[:last]},{text[last:at]}{entry}{text[at:]}"


def _cut(text: str, node: Node, entry: Entry) -> str:
    """Return the text without an entry of a container, as it was before `_insert`."""
    end = entry.node.end
    comma = _skip(text, end)
    before = len(text[: entry.start].rstrip(BLANK))
    if text[comma] == ",":
        rest = text[comma + 1 :]
        following = rest[: len(rest) - len(rest.lstrip(BLANK))]
        if "\n" in text[before : entry.start] and "\n" not in following:
            return text[: entry.start] + rest.lstrip(" \t")  # a comment may end the line before
        return text[:before] + rest
    if len(node.entries) == 1:
        return text[:before] + text[end:]
    comma = _skip(text, node.entries[node.entries.index(entry) - 1].node.end)
    return text[:comma] + text[comma + 1 : before] + text[end:]


def _is_own(raw: str, value: Any) -> bool:  # Any: JSON
    """Return True if a container is written as `_insert` writes a new one, so that it was not there before."""
    lines = raw.split("\n")
    indent, inner = _indent(lines[-1], len(lines[-1])), _indent(lines[1], len(lines[1])) if lines[1:] else ""
    return raw == _dumped(value, inner.removeprefix(indent), _newline(raw) + indent)


def _shown(value: Any, text: str, indent: str) -> str:  # Any: JSON
    return _dumped(value, _unit(text), _newline(text) + indent)


def _dumped(value: Any, unit: str, newline: str) -> str:  # Any: JSON
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", newline)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent(text: str, at: int) -> str:
    """Return the blanks that the line of `at` begins with."""
    line = text[text.rfind("\n", 0, at) + 1 : at].removeprefix(BYTE_ORDER_MARK)
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """Return what one level is indented by: the indent of the first indented line, else two spaces."""
    for line in text.splitlines():
        inner = line.lstrip(" \t")
        if inner and inner != line and not inner.startswith(("*", "/")):
            return line[: len(line) - len(inner)]
    return "  "


def parse(text: str) -> Node:
    """Return the object that the text is. Raises JsonProblem."""
    start = _skip(text, len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0)
    try:
        node = _value(text, start)
    except RecursionError:
        raise JsonProblem("it is nested too deeply") from None
    if _skip(text, node.end) < len(text):
        raise _problem(text, _skip(text, node.end))
    if not isinstance(node.value, dict):
        raise JsonProblem("it is not a JSON object")
    return node


def _value(text: str, at: int) -> Node:
    if text[at : at + 1] in ("{", "["):
        return _container(text, at)
    try:
        value, end = json.JSONDecoder().raw_decode(text, at)
    except ValueError:
        raise _problem(text, at) from None
    return Node(value, at, end)


def _container(text: str, start: int) -> Node:
    is_object = text[start] == "{"
    closing = "}" if is_object else "]"
    entries: list[Entry] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != closing:
        key, first = None, at
        if is_object:
            name = _value(text, at) if text[at : at + 1] == '"' else None
            if name is None:
                raise _problem(text, at)
            key, at = name.value, _skip(text, name.end)
            if text[at : at + 1] != ":":
                raise _problem(text, at)
            if any(entry.key == key for entry in entries):
                raise JsonProblem(f"it has {json.dumps(key)} twice in one object")
            at = _skip(text, at + 1)
        node = _value(text, at)
        entries.append(Entry(key, first, node))
        at = _skip(text, node.end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != closing:
            raise _problem(text, at)
    value = {entry.key: entry.node.value for entry in entries} if is_object else [entry.node.value for entry in entries]
    return Node(value, start, at + 1, entries)


def _skip(text: str, at: int) -> int:
    """Return the index of the next character that is neither blank nor in a comment."""
    while at < len(text):
        if text[at] in BLANK:
            at += 1
        elif text.startswith("//", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            if end < 0:
                raise _problem(text, at)
            at = end + 2
        else:
            break
    return at


def _problem(text: str, at: int) -> JsonProblem:
    return JsonProblem(f"line {text.count(chr(10), 0, at) + 1} is not JSON")
