"""Groups of operations: what one command changed, as one line of JSON. The log of a board is a sequence of groups.

    {"id": "5e…", "base": 41, "after": "90…", "by": "anna", "source": "terminal", "ops": [
        {"at": "2026-01-31T12:00:00.000000Z", "type": "work_item", "id": "…", "action": "updated",
         "set": {"title": ["Old", "New"]}}]}

`base` is the log position that the author had seen, `after` the author's previous group. `docs/sync.md` describes the
format. Everything that is read is validated: a malformed group raises Malformed and is never applied.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import cast

from projects.entities.registry import BY_NAME
from projects.entities.spec import Entity, Field
from projects.loose_types import Json
from projects.sync import field_values
from projects.sync.exceptions import Malformed, Newer
from projects.sync.git_tree import FORMAT, UNITING

MAX_GROUP = 8 << 20  # bytes of a line; also the limit of a segment
MAX_OPERATIONS = 20_000  # of a group
MAX_OPERATION = 1 << 20  # bytes of one
RENUMBERED = "renumbered"
ACTIONS = ("created", "updated", "deleted", "restored", "reserved", RENUMBERED)
BOOKKEEPING = ("reserved", RENUMBERED)  # actions that change no entity and are in no history
MAX_COMMITS = 500  # of an operation
MAX_SECONDS = 253402300799  # the end of the year 9999
MAX_RESERVED = 1000  # item numbers of one reservation
SOURCES = ("as", "env", "program", "terminal", "mcp", "default", "import")
DELETED_AT = Field("deleted_at", "moment", null=True)

_ID = re.compile("[0-9a-f]{32}")
_GROUP_KEYS = {
    *("id", "base", "after", "by", "ops", "source", "session", "program", "rows", "quiet", "history", "format"),
}
_SHA = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
_FORMER_KEY = re.compile(r"[A-Z][A-Z0-9_]{0,19}-[1-9][0-9]{0,8}")
_STAMP_KEYS = {"version", "created_at", "created_by", "updated_at", "updated_by"}
_OPERATION_KEYS = {
    *("at", "type", "id", "action", "set", "stamps", "claim", "key", "version", "project", "count", "by"),
    *("commits", "unclear"),
}

_USUAL_KEYS = {"at", "type", "id", "action", "set"}

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False).encode


@dataclass(slots=True)
class Operation:
    """A change of one entity by its group's author.

    `changes` are (old, new) by field, in the form of an export file, but people by name. `stamps` replace the author
    and the time of the group in an imported row. A `claim` begins work: of two claims that did not see each other, the
    first in the log holds. `key`, `version`, `project` and `by` are what the author's clone showed; only a history
    uses them. A project is `reserved` to take the next `count` item numbers for the author's clone. An item is
    `renumbered` if it had the `key` there: `commits`, with their author and time, in seconds since 1970, meant it by
    this key, and nobody can say what those that are `unclear` meant.
    """

    at: str
    type: str
    id: str
    action: str
    changes: dict[str, tuple[Json, Json]]
    stamps: dict[str, Json] = dataclasses.field(default_factory=dict)
    claim: bool = False
    key: str = ""
    version: int = 0
    project: str = ""
    count: int = 0
    by: str = ""
    commits: dict[str, tuple[int, str]] = dataclasses.field(default_factory=dict)
    unclear: list[str] = dataclasses.field(default_factory=list)

    @property
    def entity(self) -> Entity:
        return BY_NAME[self.type]

    def document(self) -> dict[str, Json]:
        found: dict[str, Json] = {"at": self.at, "type": self.type, "id": self.id, "action": self.action}
        if self.changes:
            found["set"] = {name: list(pair) for name, pair in self.changes.items()}
        for name in ("stamps", "claim", "key", "version", "project", "count", "by", "commits", "unclear"):
            if value := getattr(self, name):
                found[name] = value
        return found


@dataclass(slots=True)
class Group:
    """The operations of one command, applied all or none.

    A group of `rows` comes from an import or from a board that joins: each of its operations stands alone, so one that
    can't hold does not void the others. A `history` only records what happened before and changes no state; a `quiet`
    group changes state, but its history is recorded elsewhere. A group with a `format` has no operations: from there on
    the log has this format.
    """

    id: str
    base: int
    after: str | None
    by: str
    operations: list[Operation]
    source: str = ""
    session: str = ""
    program: str = ""
    rows: bool = False
    quiet: bool = False
    history: bool = False
    format: int = 0

    def line(self) -> str:
        """Return the group as a line of a segment, without the line feed. Raises Malformed if it is too large."""
        found: dict[str, Json] = {"id": self.id, "base": self.base, "after": self.after, "by": self.by}
        for name in ("source", "session", "program", "rows", "quiet", "history", "format"):
            if value := getattr(self, name):
                found[name] = value
        found["ops"] = [operation.document() for operation in self.operations]
        text = encode(found)
        if len(text.encode("utf-8", "surrogatepass")) > MAX_GROUP:
            raise Malformed(f"one command changed more than {MAX_GROUP >> 20} MiB")
        return text


def parse(line: str, format: int = FORMAT) -> Group:
    """Return the group of a line of a log in this format. Raises Malformed."""
    if len(line) > MAX_GROUP:
        raise Malformed(f"a group is larger than {MAX_GROUP >> 20} MiB")
    try:
        document = _decode(line)
    except (ValueError, RecursionError):
        raise Malformed("a group is not valid JSON, or has a key twice") from None
    group = group_of(document, format)
    if len(line) > MAX_OPERATION // 4:  # a character takes up to four bytes
        for one in document["ops"]:
            if len(encode(one).encode("utf-8", "surrogatepass")) > MAX_OPERATION:
                raise Malformed(f"an operation is larger than {MAX_OPERATION >> 20} MiB")
    return group


def group_of(document: object, format: int = FORMAT) -> Group:
    """Validate a decoded group. Raises Malformed."""
    found = _object(document, "a group", _GROUP_KEYS)
    operations, new_format = found.get("ops"), _format(found)
    if not isinstance(operations, list) or not (new_format == 0) <= len(operations) <= MAX_OPERATIONS:
        raise Malformed(f"a group has 1 to {MAX_OPERATIONS:,} operations")
    if new_format and operations:
        raise Malformed("a group that changes the format has no operations")
    after = found.get("after")
    history = _flag(found, "history")
    return Group(
        id=_identifier(found.get("id")),
        base=_count(found.get("base"), "base"),
        after=None if after is None else _identifier(after),
        by=field_values.person(found.get("by"), "by"),
        operations=[_operation(one, history, format) for one in operations],
        source=_word(found, "source", SOURCES),
        session=_label(found, "session"),
        program=_label(found, "program"),
        rows=_flag(found, "rows"),
        quiet=_flag(found, "quiet"),
        history=history,
        format=new_format,
    )


def _format(found: dict[str, Json]) -> int:
    number = _count(found.get("format", 0), "format")
    if number > FORMAT:
        raise Newer(f"a newer version of pm wrote the log (format {number}): upgrade pm")
    return number


def _operation(document: object, history: bool, format: int) -> Operation:
    found = _object(document, "an operation", _OPERATION_KEYS)
    kind = found.get("type")
    entity = BY_NAME.get(kind) if isinstance(kind, str) else None
    if entity is None:
        raise Malformed(f"unknown entity {field_values.shown(kind)}; a newer version of pm may know it")
    if entity.since > format:
        raise Malformed(f"there is no {kind} in format {format} of the log")
    action = found.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise Malformed(f"unknown action {field_values.shown(action)}")
    changes = found.get("set", {})
    if not isinstance(changes, dict):
        raise Malformed("set must be an object")
    return Operation(
        at=field_values.moment(found.get("at"), "at"),
        type=entity.name,
        id=field_values.reference(found.get("id"), "id"),
        action=action,
        changes=_changes(entity, changes, history, format),
        **(_also(found, action, format) if found.keys() - _USUAL_KEYS or action in BOOKKEEPING else {}),
    )


def _also(found: dict[str, Json], action: str, format: int) -> dict[str, Json]:
    """Return what few operations have."""
    return {
        "stamps": _stamps(found["stamps"]) if "stamps" in found else {},
        "claim": _flag(found, "claim"),
        "key": _label(found, "key"),
        "version": _count(found["version"], "version") if "version" in found else 0,
        "project": field_values.reference(found["project"], "project") if "project" in found else "",
        "count": _reserved(found, action),
        "by": field_values.person(found["by"], "by") if "by" in found else "",
        **_renumbered(found, action, format),
    }


def _renumbered(found: dict[str, Json], action: str, format: int) -> dict[str, Json]:
    """Return the commits of a renumbered item; {} for other actions."""
    commits, unclear = found.get("commits", {}), found.get("unclear", [])
    if action != RENUMBERED:
        if "commits" in found or "unclear" in found:
            raise Malformed("only a renumbered item has commits")
        return {}
    if format < UNITING or found["type"] != "work_item" or "set" in found:
        raise Malformed(f"only an item is renumbered, from format {UNITING} on, and nothing else of it changes")
    if not isinstance(found.get("key"), str) or not _FORMER_KEY.fullmatch(found["key"]):
        raise Malformed("a renumbered item has the key that it had")
    if not isinstance(commits, dict) or not isinstance(unclear, list) or len(commits) + len(unclear) > MAX_COMMITS:
        raise Malformed(f"a renumbered item has at most {MAX_COMMITS:,} commits")
    if not all(isinstance(sha, str) and _SHA.fullmatch(sha) for sha in (*commits, *unclear)):
        raise Malformed("commits must be object IDs")
    return {"commits": {sha: _authored(pair) for sha, pair in commits.items()}, "unclear": unclear}


def _authored(pair: object) -> tuple[int, str]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise Malformed("a commit has a time and an author")
    return min(_count(pair[0], "the time of a commit"), MAX_SECONDS), _label({"author": pair[1]}, "author")


def _reserved(found: dict[str, Json], action: str) -> int:
    if action != "reserved" and "count" not in found:
        return 0
    count = _count(found.get("count", 0), "count")
    if (action == "reserved") is not (1 <= count <= MAX_RESERVED) or (count and found["type"] != "project"):
        raise Malformed(f"a project reserves 1 to {MAX_RESERVED:,} numbers")
    return count


def _changes(entity: Entity, changes: dict[str, Json], history: bool, format: int) -> dict[str, tuple[Json, Json]]:
    cleaned: dict[str, tuple[Json, Json]] = {}
    fields = _fields(entity, format)
    for name, pair in changes.items():
        if not isinstance(pair, list) or len(pair) != 2:
            raise Malformed(f"{entity.name}.{name} must be [old, new]")
        field = fields.get(name)
        if field is None:
            raise Malformed(f"{entity.name} has no field {name} in format {format}; a newer version of pm may know it")
        old, new = pair
        before = None if old is None else field_values.recorded(field, old)
        # In a history there are values of any version: they are shown, never applied.
        cleaned[name] = (before, field_values.recorded(field, new) if history else field_values.clean(field, new))
    return cleaned


@cache
def _fields(entity: Entity, format: int) -> dict[str, Field]:
    """Return the fields that an operation can set, by name."""
    return {field.name: field for field in (*entity.travelling_in(format), DELETED_AT)}


def _stamps(document: object) -> dict[str, Json]:
    found = _object(document, "stamps", _STAMP_KEYS)
    return {name: _STAMP_CHECKS[name](value, name) for name, value in found.items()}


def _object(document: object, what: str, known: set[str]) -> dict[str, Json]:
    if not isinstance(document, dict):
        raise Malformed(f"{what} must be an object")
    if not document.keys() <= known:
        unknown = min(document.keys() - known)
        raise Malformed(f"{what} has an unknown key {field_values.shown(unknown)}; a newer version of pm may know it")
    return document


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Malformed(f"invalid group ID {field_values.shown(value)}")
    return value


def _count(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise Malformed(f"{name} must be a whole number, not {field_values.shown(value)}")
    return value


def _flag(found: dict[str, Json], name: str) -> bool:
    if name not in found:
        return False
    value = found[name]
    if not isinstance(value, bool):
        raise Malformed(f"{name} must be true or false")
    return value


def _word(found: dict[str, Json], name: str, known: tuple[str, ...]) -> str:
    value = found.get(name, "")
    if value and value not in known:
        raise Malformed(f"unknown {name} {field_values.shown(value)}")
    return cast("str", value)


def _label(found: dict[str, Json], name: str) -> str:
    if name not in found:
        return ""
    value = found[name]
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise Malformed(f"invalid {name} {field_values.shown(value)}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Return an object of JSON. Two values of one key would be read differently by different programs."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


_STAMP_CHECKS: dict[str, Callable[[object, str], Json]] = {
    "version": _count,
    "created_at": field_values.moment,
    "created_by": field_values.person,
    "updated_at": field_values.moment,
    "updated_by": field_values.person,
}
_decode = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique).decode
