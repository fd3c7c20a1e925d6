"""Split a Markdown file into its YAML front matter and its text, without YAML's dangerous parts."""

from __future__ import annotations

import re

import yaml

from projects.trackers.report import Unreadable

MAX_FRONT = 256 << 10  # characters
MAX_DEPTH = 8
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # faster, where libyaml is there
# Early versions of Backlog.md wrote `assignee: @anna`, which is not YAML.
_BARE_NAME = re.compile(r"^(?P<start>[ \t]*(?:[\w-]+:|-)[ \t]+)(?P<name>@[\w.-]+)[ \t]*$", re.MULTILINE)
_FRONT = re.compile(r"\A---[ \t]*\r?\n(?P<front>.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)


def split(text: str) -> tuple[dict[str, object], str] | None:
    """Return the fields of the front matter, all values as text, and the rest; None without front matter.

    Raises Unreadable for YAML that can't be read, or that has tags, anchors, aliases or deep nesting.
    """
    match = _FRONT.match(text)
    if match is None:
        return None
    front = _BARE_NAME.sub(r'\g<start>"\g<name>"', match["front"])
    if len(front) > MAX_FRONT:
        raise Unreadable(f"the front matter is larger than {MAX_FRONT >> 10} KiB")
    try:
        _check(front)
        # The base loader makes nothing but texts, lists and dicts.
        found = yaml.load(front, Loader=LOADER)  # noqa: S506
    except yaml.YAMLError as error:
        raise Unreadable(f"the front matter can't be read: {_fault(error)}") from None
    if not isinstance(found, dict):
        raise Unreadable("the front matter is not a list of fields")
    return {str(name): value for name, value in found.items()}, text[match.end() :]


def _check(front: str) -> None:
    depth = 0
    for event in yaml.parse(front, Loader=LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable("the front matter has YAML anchors, which are not read")
        if getattr(event, "tag", None) not in (None, "!"):
            raise Unreadable("the front matter has YAML tags, which are not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable(f"the front matter is nested more than {MAX_DEPTH} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _fault(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"it is not valid YAML in line {mark.line + 1}" if mark else "it is not valid YAML"
