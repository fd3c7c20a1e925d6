"""The history of an item and its related objects in words, with IDs resolved to names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from projects.entities.dependency import ENDS, RELATIONS
from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import AnyQuerySet, Context, FieldValue
from projects.models import (
    Activity,
    Attachment,
    CheckRun,
    Comment,
    Criterion,
    Dependency,
    Question,
    Review,
    TimeEntry,
    Waiver,
    WorkItem,
)
from projects.models.activity import IMPORTED, Action, ActivityQuerySet
from projects.models.attachment import summary as attachment_summary
from projects.models.question import summary as question_summary
from projects.models.references import referenced_models, referenced_objects
from projects.models.review import summary as review_summary
from projects.web.field_labels import label

SHOWN = 30  # lines per page
TEXTS = ("description", "content")
LONG = 80  # characters; longer texts are shown as a diff
MAX_COMPARED = 2000  # lines of both texts, without their common start and end
GONE = "a deleted object"
MAX_LINES = 60  # of a diff
CREATED = {
    "work_item": "created it",
    "comment": "commented",
    "time_entry": "started the timer",
    "check_run": "ran a check",
    "review": "handed it in",
    "waiver": "waived missing evidence",
}
WHAT = {
    "work_item": "it",
    "comment": "a comment",
    "criterion": "a criterion",
    "dependency": "the dependency",
    "review": "the review",
    "time_entry": "a time entry",
    "waiver": "the waiver",
}


@dataclass
class Field:
    """A changed field; for long texts `difference` holds (sign, line) pairs."""

    name: str
    old: str
    new: str
    difference: list[tuple[str, str]] = field(default_factory=list)
    is_text: bool = False


@dataclass
class Line:
    """One line of the history, for one activity."""

    row: Activity
    text: str
    fields: list[Field]

    @property
    def can_be_undone(self) -> bool:
        """Whether undo is offered. It can still be refused if the field has changed since."""
        return self.row.action in (Action.UPDATED, Action.DELETED) and not self.row.standing

    @property
    def outcome(self) -> str:
        """Why the change does not count, in whole or in part, or empty; see docs/sync.md."""
        if not self.row.standing:
            return self.row.reason  # of a part of the change
        return f"{self.row.get_standing_display().lower()}: {self.row.reason}"


def history(item: WorkItem, before: int | None = None) -> tuple[list[Line], int | None]:
    """Return the newest lines older than activity `before`, and `before` for the next page."""
    rows = _activity_around(item).select_related("actor").order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: SHOWN + 1])
    shown = found[:SHOWN]
    names = _names(shown)
    return [_line(row, names, item) for row in shown], shown[-1].pk if len(found) > SHOWN else None


def lines_of(rows: Sequence[Activity]) -> list[Line]:
    """Return a line for each of these activities, of any entities."""
    names = _names(rows)
    return [_line(row, names) for row in rows]


def _activity_around(item: WorkItem) -> ActivityQuerySet:
    comments: AnyQuerySet = Comment.objects.filter(work_item=item).order_by().values("pk")
    questions = Question.objects.filter(work_item=item).order_by().values("pk")
    links = Dependency.objects.filter(Q(blocking_item=item) | Q(blocked_item=item)).order_by().values("pk")
    entries = TimeEntry.objects.filter(work_item=item).order_by().values("pk")
    evidence = [
        model._base_manager.filter(work_item=item).order_by().values("pk")
        for model in (Attachment, Criterion, Review, CheckRun, Waiver)
    ]
    itself = WorkItem.objects.filter(pk=item.pk).order_by().values("pk")
    return Activity.objects.filter(entity_id__in=itself.union(comments, questions, links, entries, *evidence, all=True))


def _names(rows: Sequence[Activity]) -> dict[str, str]:
    """Resolve the IDs in the changes to names."""
    objects = referenced_objects(rows).items()
    files = [row.entity_id for row in rows if row.entity_type == "attachment"]
    named = Attachment._base_manager.filter(pk__in=files).values_list("pk", "name") if files else ()
    return {
        **{pk: f"{one.display_key} {one.title}" if isinstance(one, WorkItem) else str(one) for pk, one in objects},
        **{str(pk): name for pk, name in named},
    }


def _line(row: Activity, names: dict[str, str], item: WorkItem | None = None) -> Line:
    values = {change["field"]: change["new"] for change in row.changes}
    if row.entity_type == "question":
        key = row.display_key.rpartition(".")[2]
        return Line(row, f"{question_summary(row.action, values)} ({key})", [])
    if row.entity_type == "attachment":
        name = names.get(str(row.entity_id)) or values.get("name") or ""
        return Line(row, attachment_summary(row.action, name), [])
    if row.entity_type in ("review", "waiver"):
        return Line(row, review_summary(row.entity_type, row.action, values), [])
    text = _verb(row, values) if row.source != IMPORTED else f"{_verb(row, values)}, by an import"
    if row.action == Action.UPDATED and row.entity_type != "time_entry":
        return Line(row, text, [_field(change, names) for change in row.changes if change["field"] != "position"])
    if row.entity_type == "dependency" and row.action == Action.CREATED:
        names = names | ({str(item.pk): "it"} if item else {})
        one, two = (names.get(values.get(end) or "", GONE) for end in ("blocking_item_id", "blocked_item_id"))
        verb = RELATIONS[ENDS.get(values.get("dependency_type") or "", ENDS["relates_to"])[0]]
        return Line(row, f"recorded that {one} {verb} {two}", [])
    return Line(row, text, [])


def _verb(row: Activity, values: Context) -> str:
    kind, what = row.entity_type, WHAT.get(row.entity_type, row.entity_type)
    if kind == "dependency":
        what = f"{what} {row.display_key}"
    if row.action == Action.CREATED:
        return "logged time" if kind == "time_entry" and values.get("ended_at") else CREATED.get(kind, f"added {what}")
    if row.action != Action.UPDATED:
        return f"{row.action} {what}"
    if kind == "time_entry":
        stopped = any(change["field"] == "ended_at" and change["old"] is None for change in row.changes)
        return "stopped the timer" if stopped else f"changed {what}"
    if set(values) == {"position"}:
        return "changed its position"
    return f"changed {what}" if kind != "work_item" else "changed"


def _field(change: Context, names: dict[str, str]) -> Field:
    name = change["field"]
    old, new = (_readable(name, change[side], names) for side in ("old", "new"))
    if name in TEXTS and (max(len(old), len(new)) > LONG or "\n" in old + new):
        return Field(label(name), f"{len(old)} characters", f"{len(new)}", list(difference(old, new)), is_text=True)
    return Field(label(name), old, new)


def _readable(name: str, value: FieldValue, names: dict[str, str]) -> str:
    if value is None or value in ("", []):
        return ""
    if name in referenced_models():
        return names.get(value, GONE)
    if name == "status":
        return STATUS_NAMES.get(value, str(value))
    return ", ".join(value) if isinstance(value, list) else str(value)


def difference(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield a diff as (sign, line) with signs "-", "+" and " " (context). Yield nothing for very long texts."""
    before, after = _without_ends(old.splitlines(), new.splitlines())
    if len(before) + len(after) > MAX_COMPARED:
        return
    lines = list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]
    for line in lines[:MAX_LINES]:
        yield ("…", "") if line.startswith("@@") else (line[0], line[1:])
    if len(lines) > MAX_LINES:
        yield "…", f"{len(lines) - MAX_LINES} more lines"


def _without_ends(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    begin, end = _alike(zip(before, after, strict=False)), 0
    before, after = before[begin:], after[begin:]
    end = _alike(zip(reversed(before), reversed(after), strict=False))
    return before[: len(before) - end], after[: len(after) - end]


def _alike(pairs: Iterable[tuple[str, str]]) -> int:
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count
