"""A work item with everything related to it, by a constant number of queries, each compiled once."""

from __future__ import annotations

import functools
from collections.abc import Container, Sequence

from projects.api.activity import ActivitySerializer
from projects.api.derivation import serializer_of
from projects.api.json_format import JSONObject
from projects.api.row_rendering import Rows, dashed, key_of
from projects.api.time_entries import TimeEntrySerializer
from projects.api.work_items.serializers import WorkItemRowSerializer
from projects.api.work_items.truncation import shorten
from projects.entities.dependency import ENDS, RELATIONS
from projects.loose_types import AnyRow
from projects.models import Activity, Comment, Dependency, TimeEntry, WorkItem
from projects.models.prepared_queries import Bound, Statement

ACTIVITY_SHOWN = 20
COMMENT = ("id", "kind", "content", "version", "created_at", "updated_at", "created_by", "confirmed_by")
TIME_ENTRY = ("id", "user", "started_at", "ended_at", "duration_seconds", "is_running", "description")
ACTIVITY = ("id", "action", "changes", "actor", "created_at")
OTHER = ("item_type", "title", "status", "priority")  # fields of the item at the other end of a dependency
# The lists of dependencies; `blocking` has the items that this one blocks, the others are named after the relation.
LINKS = ("blocking", *(relation for relation in RELATIONS if relation != "blocks"))
PARTS = ("ancestors", "children", "comments", "time_entries", "activity")
ENDS_OF_LINKS = (
    ("blocking_item", "blocked_item"),
    ("blocked_item", "blocking_item"),
)  # an item's own end and the other
ENVELOPE = len('{"work_item":}\n')  # added by the command line


def page_of(item: JSONObject, item_id: str, max_bytes: int | None) -> JSONObject:
    """Return an item with everything related to it, in at most `max_bytes` bytes of JSON.

    `item` has the fields of the item itself, `item_id` is its ID as the database stores it. `truncated` lists what was
    cut.
    """
    rows = related(item_id, PARTS)
    for row in rows["activity"]:
        row["changes"] = [_without_text(change) for change in row["changes"]]
    page = {**item, **rows, "truncated": []}
    return page if max_bytes is None else shorten(page, max_bytes - ENVELOPE)


def related(item_id: str, names: Sequence[str], present: Container[str] | None = None) -> dict[str, list[JSONObject]]:
    """Return the lists of related rows that `names` names, and those of dependencies before the comments.

    Only those of `present` are looked up, if it is given; see `statements`.
    """
    rows: dict[str, list[JSONObject]] = {}
    for name in names:
        if name == "comments":
            rows |= _dependencies(item_id, present)
        part, statement = _parts()[name]
        rows[name] = part.shown(statement.rows(item=item_id)) if present is None or name in present else []
    return rows


def statements(names: Sequence[str]) -> dict[str, Statement]:
    """Return the statements that `related` runs for these names."""
    found = {name: _parts()[name][1] for name in names}
    return found | {near: _links(near, far) for near, far in ENDS_OF_LINKS} if "comments" in names else found


def _without_text(change: JSONObject) -> JSONObject:
    """Return a change of the description with the lengths of the texts: the item itself has the text."""
    if change["field"] != "description":
        return change
    sides = {side: change[side] and f"{len(change[side])} characters" for side in ("old", "new")}
    return {"field": change["field"], **sides}


@functools.cache
def _parts() -> dict[str, tuple[Rows, Statement]]:
    """Return the lists of related rows, by name."""
    item = Bound("item", WorkItem._meta.pk)
    slim = WorkItemRowSerializer(pick=WorkItem.spec.slim)
    above = WorkItem.objects.ancestors_of(item).living().order_by("item_type")  # an epic before a story
    comments = Comment.objects.living().filter(work_item=item).order_by("created_at", "pk")
    entries = TimeEntry.objects.living().filter(work_item=item).order_by("started_at", "pk")
    activity = Activity.objects.filter(entity_id=item).order_by("-id")[:ACTIVITY_SHOWN]
    lists: dict[str, tuple[AnyRow, AnyRow]] = {
        "ancestors": (above, slim),
        "children": (WorkItem.objects.living().filter(parent=item).in_order(), slim),
        "comments": (comments, serializer_of(Comment)(pick=COMMENT)),
        "time_entries": (entries, TimeEntrySerializer(pick=TIME_ENTRY)),
        "activity": (activity, ActivitySerializer(pick=ACTIVITY)),
    }
    parts = {}
    for name, (queryset, serializer) in lists.items():
        rows = Rows(queryset.model, serializer)
        parts[name] = rows, Statement(queryset.values_list(*rows.columns))
    return parts


def _dependencies(item_id: str, present: Container[str] | None) -> dict[str, list[JSONObject]]:
    found: dict[str, list[JSONObject]] = {name: [] for name in LINKS}
    links = [
        (*row, end)
        for end, (near, far) in enumerate(ENDS_OF_LINKS)
        if present is None or near in present
        for row in _links(near, far).rows(item=item_id)
    ]
    for _, dependency_id, dependency_type, number, project_key, *values, end in sorted(links):
        other = dict(zip(OTHER, values, strict=True))
        row = {"dependency_id": dashed(dependency_id), "display_key": key_of(number, project_key), **other}
        relation = ENDS[dependency_type][end]
        found["blocking" if relation == "blocks" else relation].append(row)
    return found


@functools.cache
def _links(near: str, far: str) -> Statement:
    """Return the query for the dependencies that have an item at the end `near`, with the item at the end `far`."""
    links = Dependency.objects.living().filter(**{near: Bound("item", WorkItem._meta.pk)})
    other = (f"{far}__{name}" for name in ("item_number", "project__key", *OTHER))
    return Statement(links.order_by("created_at", "pk").values_list("created_at", "pk", "dependency_type", *other))
