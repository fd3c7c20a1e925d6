"""What rows of activity did, in a few words: for the story of a session and the blocks of the activity page.

Deeds of one kind are grouped: "ticked 2 criteria", "created PONE-15 and PONE-16".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import Json
from projects.models import Activity
from projects.models.activity import IMPORTED, Action
from projects.models.work_items.choices import Status
from projects.models.work_items.queries import DISPLAY_KEY
from projects.web.field_labels import label

LONGEST = 80  # characters of a quotation
MAX_KEYS = 4  # items named in one deed
MAX_FIELDS = 4  # named in one deed
ARROW = " → "  # between the two keys in a dependency's display key
BY_STATUS: dict[str, str] = {
    Status.DONE: "finished",
    Status.REVIEW: "handed in",
    Status.CANCELLED: "cancelled",
    Status.IN_PROGRESS: "started",
}
BY_KIND = {"decision": "decided", "handover": "left a handover", "comment": "noted"}
PLURALS = {"decided": "decisions", "left a handover": "handovers", "noted": "notes"}
VERBS = {Action.CREATED: "created", Action.DELETED: "deleted", Action.RESTORED: "restored", Action.UPDATED: "changed"}
WITH_OF = ("ended the claim", "withdrew the review", "changed the review")
NOUNS = {
    "work_item": "",
    "time_entry": "time",
    "check_run": "a check",
    "swim_lane": "a column",
    "saved_view": "a view",
    "dependency": "a link",
}
IRREGULAR = {"time": "time entries", "criterion": "criteria"}  # plurals


class Shape(NamedTuple):
    """What a row did: rows of the same `verb` and `kind` are grouped."""

    verb: str
    kind: str = "item"  # item: its key follows; text: a quotation; count: how many; else what follows the verb
    text: str = ""


TICKED, UNTICKED = Shape("ticked", "ticks"), Shape("unticked", "ticks")


@dataclass
class Deed:
    """Something that was done, once or several times; the template writes the keys as links."""

    verb: str
    kind: str
    at: datetime  # the first time
    keys: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    about: set[str] = field(default_factory=set)  # the keys of all items, named or not
    progress: str = ""  # of the criteria of its only item, such as "2 of 3"
    number: int = 0

    @property
    def words(self) -> str:
        """All but the keys."""
        if self.kind == "text":
            last = f" “{self.texts[-1]}”" if self.texts and self.texts[-1] else ""
            if self.number == 1:
                return self.verb + (":" if self.verb.startswith("left") and last else "") + last
            return (
                f"wrote {self.number} {PLURALS[self.verb]}, the last:{last}"
                if self.verb in PLURALS
                else (f"{self.verb} {self.number} times, the last:{last}")
            )
        if self.kind == "ticks":
            some = "criterion" if self.number == 1 else "criteria"
            return f"{self.verb} {self.progress} criteria" if self.progress else f"{self.verb} {self.number} {some}"
        if self.kind == "fields":
            named = list(dict.fromkeys(self.texts))
            more = f" and {len(named) - MAX_FIELDS} more" if len(named) > MAX_FIELDS else ""
            return f"{self.verb} {', '.join(named[:MAX_FIELDS])}{more}"
        if self.kind == "other":
            return f"{self.verb} {self.texts[-1] if self.number == 1 else self._several()}"
        return self.verb

    def _several(self) -> str:
        """Return the last text in the plural: "12 links" for "a link", "2 checks, the last passed"."""
        noun, comma, rest = self.texts[-1].removeprefix("a ").partition(", ")
        return f"{self.number} {IRREGULAR.get(noun, f'{noun}s')}" + (f", the last {rest}" if comma else "")

    @property
    def joint(self) -> str:
        """The word between these words and the keys."""
        return "of" if self.kind == "fields" or self.verb in WITH_OF else ""

    @property
    def tail(self) -> str:
        """The words after the keys."""
        return self.texts[-1] if self.kind == "item" else ""

    @property
    def shown_keys(self) -> list[str]:
        return self.keys[:MAX_KEYS]

    @property
    def more_keys(self) -> int:
        return max(0, len(self.keys) - MAX_KEYS)


def deeds(rows: Iterable[Activity], *, about: str = "", progress: Mapping[str, str] | None = None) -> list[Deed]:
    """Return what the rows, the oldest first, did.

    `about` is the key of the item that the reader knows them to be about; others are named. `progress` says how many
    criteria of an item are ticked, such as "2 of 3", by key.
    """
    found: dict[tuple[str, str, str], Deed] = {}
    for row in rows:
        shape, key = _shape(row), key_of(row)
        # The fields of each item are listed separately, and so is each status.
        apart = {"fields": key, "item": shape.text}.get(shape.kind, "")
        deed = found.setdefault((shape.verb, shape.kind, apart), Deed(shape.verb, shape.kind, row.created_at))
        deed.number += 1
        deed.texts.append(shape.text)
        deed.about.add(key)
        if shape.kind in ("item", "fields") and key != about and key not in deed.keys and DISPLAY_KEY.fullmatch(key):
            deed.keys.append(key)
        if shape == TICKED:
            deed.progress = (progress or {}).get(key, "") if len(deed.about) == 1 else ""
    return list(found.values())


def key_of(row: Activity) -> str:
    """Return the key of the item that the row is about, or of what it changed; of a column the name of its status."""
    if row.entity_type == "swim_lane":
        project, _, status = row.display_key.partition("/")
        return f"{project}, {STATUS_NAMES.get(status, status)}"
    return row.display_key.partition(ARROW)[0].partition(".")[0]


def _shape(row: Activity) -> Shape:
    values = {change["field"]: change["new"] for change in row.changes}
    describe = {"work_item": _item, "comment": _comment, "criterion": _criterion, "question": _question}.get(
        row.entity_type
    )
    found = describe(row, values) if describe else None
    if found is not None:
        return found
    if row.entity_type == "review":
        return _review(row, values)
    if row.entity_type == "check_run" and row.action == Action.CREATED:
        return Shape("ran", "other", "a check" + (", passed" if values.get("outcome") == "passed" else ""))
    noun = NOUNS.get(row.entity_type, f"a {row.entity_type.replace('_', ' ')}")
    return Shape(_verb(row), "other", noun) if noun else Shape(_verb(row))


def _verb(row: Activity) -> str:
    is_import = row.source == IMPORTED and row.action == Action.CREATED
    return "imported" if is_import else VERBS[Action(row.action)]


def _item(row: Activity, values: dict[str, Json]) -> Shape:
    if row.action != Action.UPDATED:
        return Shape(_verb(row))
    if not values or values.get("claimed_by_id"):
        is_own = not values or values["claimed_by_id"] == str(row.actor_id)
        return Shape("began" if is_own and row.actor.is_agent else "handed over")
    status = values.get("status")
    if status and "claimed_by_id" in values and status in (Status.TODO, Status.BACKLOG):
        return Shape("gave back" if row.actor.is_agent else "ended the claim")
    if status:
        verb = BY_STATUS.get(status)
        return Shape(verb) if verb else Shape("moved", "item", f"to {STATUS_NAMES.get(status, status)}")
    if "claimed_by_id" in values:
        return Shape("ended the claim")
    if set(values) == {"position"}:
        return Shape("moved")
    names = [label(name) for name in values if name != "position"]
    return Shape("changed", "fields", ", ".join(names))


def _comment(row: Activity, values: dict[str, Json]) -> Shape:
    if row.action == Action.CREATED and row.source != IMPORTED:
        return Shape(BY_KIND.get(values.get("kind") or "comment", "noted"), "text", quoted(values.get("content") or ""))
    return Shape(_verb(row), "other", "a comment")


def _criterion(row: Activity, values: dict[str, Json]) -> Shape | None:
    if row.action == Action.UPDATED and "ticked_by_id" in values:
        return TICKED if values["ticked_by_id"] else UNTICKED
    return Shape("added" if _verb(row) == "created" else _verb(row), "other", "a criterion")


def _question(row: Activity, values: dict[str, Json]) -> Shape:
    if row.action == Action.CREATED:
        return Shape("asked", "text", quoted(values.get("text") or ""))
    if values.get("answer"):
        return Shape("answered", "text", quoted(values["answer"]))
    return Shape("withdrew" if values.get("status") == "withdrawn" else "changed", "other", "a question")


def _review(row: Activity, values: dict[str, Json]) -> Shape:
    if row.action == Action.CREATED:
        return Shape("handed in")
    verdicts = {"accepted": "accepted", "sent_back": "sent back", "withdrawn": "withdrew the review"}
    return Shape(verdicts.get(values.get("verdict") or "", "changed the review"))


def quoted(text: str) -> str:
    """Return the beginning of a text on one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1]}…"
