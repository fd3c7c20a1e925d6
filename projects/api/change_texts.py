"""Activity in a few words, with names for IDs: for `pm log` and `pm news`."""

from __future__ import annotations

from collections.abc import Iterable

from projects.entities.dependency import ENDS, RELATIONS
from projects.loose_types import Json
from projects.models import Activity, WorkItem
from projects.models.activity import Action
from projects.models.attachment import summary as attachment_summary
from projects.models.question import summary as question_summary
from projects.models.references import referenced_models, referenced_objects
from projects.models.review import summary as review_summary

ARROW = " → "  # between the two keys in a dependency's display key
LONGEST = 60  # characters of a value, or of a comment's beginning
LONGEST_QUESTION = 120
GONE = "a deleted object"
LONG = ("description", "goal", "content")  # described by their length
SHORT = {"item_type": "type", "story_points": "points", "due_date": "due", "status_value": "status"}
OMITTED = ("position",)  # a move says nothing of its own


class ChangeTexts:
    """The words for these activities; the objects that they refer to are looked up together."""

    def __init__(self, rows: Iterable[Activity]) -> None:
        self._names = {
            pk: one.display_key if isinstance(one, WorkItem) else str(one)
            for pk, one in referenced_objects(rows).items()
        }

    def of(self, row: Activity, *, old: bool, near: str = "") -> dict[str, str]:
        """Return what the activity did, by field; changed values with their `old` ones.

        `near` is the key of the item whose side of a link is described.
        """
        values = {change["field"]: change["new"] for change in row.changes}
        kind = row.entity_type
        if kind == "comment":
            return {f"comment {row.pk}": self._comment(row, values)}
        if kind == "dependency":
            return {f"link {row.pk}": self._link(row, values, near)}
        if kind == "question":
            return {f"question {row.pk}": _cut(question_summary(row.action, values), LONGEST_QUESTION)}
        if kind == "attachment":
            return {f"{kind} {row.pk}": _cut(attachment_summary(row.action, values.get("name") or ""))}
        if kind in ("review", "waiver"):
            return {f"{kind} {row.pk}": _cut(review_summary(kind, row.action, values), LONGEST_QUESTION)}
        if row.action != Action.UPDATED:
            return {"": row.action if kind in ("work_item", "project", "sprint") else f"{kind} {row.action}"}
        if kind == "time_entry":
            return {kind: "time"}
        # A claim sets status and assignee, too; one that another session of the same user had changes nothing else.
        if values.get("claimed_by_id") or not values:
            return {"status": "claimed"}
        shown = [change for change in row.changes if change["field"] not in (*OMITTED, "claimed_by_id")]
        found = {change["field"]: self._change(change, old=old) for change in shown}
        if not found and "claimed_by_id" in values:
            return {"claim": "claim ended"}
        return found or {"moved": "moved"}

    @staticmethod
    def _comment(row: Activity, values: dict[str, Json]) -> str:
        kind = values.get("kind") or "comment"
        if row.action == Action.CREATED:
            return f"{kind}: {_cut(values.get('content') or '')}"
        return "comment edited" if row.action == Action.UPDATED else f"comment {row.action}"

    @staticmethod
    def _link(row: Activity, values: dict[str, Json], near: str) -> str:
        blocking, _, blocked = row.display_key.partition(ARROW)
        is_blocked = blocked == near
        other = blocking if is_blocked else blocked
        if row.action != Action.CREATED:
            return f"link to {other} {row.action}"
        return f"{RELATIONS[ENDS[values.get('dependency_type') or 'blocks'][is_blocked]]} {other}"

    def _change(self, change: dict[str, Json], *, old: bool) -> str:
        column = change["field"]
        name = column.removesuffix("_id") if column in referenced_models() else column
        if name in LONG:
            return f"{name} ({len(change['new'] or '')} characters)" if old else name
        before, after = (self._shown(column, change[side]) for side in ("old", "new"))
        label = SHORT.get(name, name)
        return f"{label} {before}{ARROW}{after}" if old else f"{label} {after}"

    def _shown(self, column: str, value: Json) -> str:
        if value is None or value in ("", []):
            return "none"
        if column in referenced_models():
            return self._names.get(value, GONE)
        return _cut(", ".join(value) if isinstance(value, list) else str(value))


def _cut(text: str, longest: int = LONGEST) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"
