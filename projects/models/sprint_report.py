"""What came of a sprint, from the snapshots of its start and its end and the activity between them.

Pure functions over rows; only `report` asks the database. A row is {"id", "display_key", "story_points", "status"},
as in the sprint's snapshots; an item without points counts 0. What happens to an item after the sprint's end
changes no number.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import models
from django.db.models.functions import Cast, StrIndex
from django.utils import timezone

from projects.models.activity import Action, Activity
from projects.models.sprint import Sprint
from projects.models.work_item import WorkItem

Row = dict[str, Any]
State = dict[str, Any]  # {"status", "story_points", "sprint_id", "living"}
FOLLOWED = ("status", "story_points", "sprint_id")
MAX_DAYS = 400  # of a burndown: the latest


class Event(NamedTuple):
    """One activity of an item."""

    moment: dt.datetime
    item_id: str
    action: str
    changes: Sequence[Mapping[str, Any]]


class Day(NamedTuple):
    """What was left at the end of a day, or by now; `ideal_*` fall evenly from the commitment to 0."""

    date: dt.date
    points: int
    items: int
    ideal_points: float
    ideal_items: float


def report(sprint: Sprint) -> dict[str, Any]:
    """Return the report of a sprint, by a constant number of queries.

    `committed` is what was in it at its start (of a planned one: what is in it now), with the status of then;
    `done` and `carried_over` what was done and unfinished at its end, or is now; `added_after_start` what was in it
    at its end and not at its start; `removed` the reverse. `burndown` has a `Day` from start_date to end_date, or
    to the sprint's end or today where that is earlier; it is empty where the sprint was never started.
    """
    final = sprint.outcome if sprint.outcome is not None else sprint.snapshot()
    committed = sprint.committed if sprint.committed is not None else final
    return {
        "sprint": sprint,
        **{name: total(rows) for name, rows in compare(committed, final).items()},
        "burndown": _burndown(sprint, committed) if sprint.started_at else [],
    }


def compare(committed: Sequence[Row], final: Sequence[Row]) -> dict[str, list[Row]]:
    """Sort the rows of the start and of the end into what came of them."""
    before, after = ({row["id"] for row in rows} for rows in (committed, final))
    return {
        "committed": list(committed),
        "done": [row for row in final if row["status"] == "done"],
        "carried_over": [row for row in final if row["status"] != "done"],
        "added_after_start": [row for row in final if row["id"] not in before],
        "removed": [row for row in committed if row["id"] not in after],
    }


def total(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the rows with their number and the sum of their points."""
    return {"count": len(rows), "points": sum(row["story_points"] or 0 for row in rows), "items": list(rows)}


def days(start: dt.date, end: dt.date, last: dt.date) -> list[dt.date]:
    """Return the days from `start` to `end`, none after `last`, and of very many the latest."""
    final = min(end, last)
    first = max(start, final - dt.timedelta(days=MAX_DAYS - 1)) if final > start else start
    return [first + dt.timedelta(days=number) for number in range((final - first).days + 1)]


def ideal(amount: int, start: dt.date, end: dt.date, day: dt.date) -> float:
    """Return what is left of `amount` on `day` where it falls evenly from all at `start` to 0 at `end`."""
    return round(amount * (end - day).days / (end - start).days, 2)


def burndown(sprint: Sprint, states: Mapping[str, State], events: Sequence[Event], last: dt.date) -> list[Day]:
    """Replay `events`, oldest first, over the `states` at the start; return what was left at each day's end."""
    states = {item_id: dict(state) for item_id, state in states.items()}
    points, items = _left(sprint, states.values())
    waiting = list(reversed(events))
    found: list[Day] = []
    for day in days(sprint.start_date, sprint.end_date, last):
        while waiting and waiting[-1].moment.date() <= day:
            event = waiting.pop()
            advance(states.setdefault(event.item_id, absent()), event)
        left_points, left_items = _left(sprint, states.values())
        ideals = (ideal(amount, sprint.start_date, sprint.end_date, day) for amount in (points, items))
        found.append(Day(day, left_points, left_items, *ideals))
    return found


def absent() -> State:
    """Return the state of an item that is not there yet."""
    return {"status": "backlog", "story_points": None, "sprint_id": None, "living": False}


def advance(state: State, event: Event) -> None:
    """Make `state` what it was after `event`."""
    state["living"] = event.action != Action.DELETED
    for change in event.changes:
        if change["field"] in FOLLOWED:
            state[change["field"]] = change["new"]


def rewind(state: State, events: Sequence[Event]) -> State:
    """Return the state before `events`, oldest first, after which it is `state`."""
    state = dict(state)
    for event in reversed(events):
        state["living"] = event.action in (Action.UPDATED, Action.DELETED)
        for change in event.changes:
            if change["field"] in FOLLOWED:
                state[change["field"]] = change["old"]
    return state


def _left(sprint: Sprint, states: Iterable[State]) -> tuple[int, int]:
    """Return points and number of what is in the sprint and not done."""
    inside = [
        state["story_points"] or 0
        for state in states
        if state["living"] and state["status"] != "done" and state["sprint_id"] == str(sprint.pk)
    ]
    return sum(inside), len(inside)


def _burndown(sprint: Sprint, committed: Sequence[Row]) -> list[Day]:
    assert sprint.started_at is not None
    end = sprint.completed_at or timezone.now()
    ids = {row["id"] for row in committed} | _arrived(sprint, sprint.started_at, end)
    events = _events(ids, sprint.started_at)
    # What came later was not in the snapshot: its state at the start is today's, less all that happened since.
    by_item: dict[str, list[Event]] = {}
    for event in events:
        by_item.setdefault(event.item_id, []).append(event)
    states = {item_id: rewind(state, by_item.get(item_id, [])) for item_id, state in _present(ids).items()}
    for row in committed:
        seen = {"status": row["status"], "story_points": row["story_points"]}
        states[row["id"]] = {**seen, "sprint_id": str(sprint.pk), "living": True}
    during = [event for event in events if event.moment <= end]
    return burndown(sprint, states, during, end.date())


def _arrived(sprint: Sprint, start: dt.datetime, end: dt.datetime) -> set[str]:
    """Return the ids of the items whose activity in that time names the sprint."""
    rows = Activity.objects.filter(created_at__gte=start, created_at__lte=end, entity_type=WorkItem.entity_type)
    named = rows.annotate(place=StrIndex(Cast("changes", models.TextField()), models.Value(str(sprint.pk))))
    return {str(pk) for pk in named.filter(place__gt=0).values_list("entity_id", flat=True)}


def _events(ids: Iterable[str], start: dt.datetime) -> list[Event]:
    rows = Activity.objects.filter(entity_id__in=[uuid.UUID(text) for text in ids], created_at__gte=start)
    values = rows.order_by("id").values_list("created_at", "entity_id", "action", "changes")
    return [Event(moment, str(pk), action, changes) for moment, pk, action, changes in values]


def _present(ids: Iterable[str]) -> dict[str, State]:
    rows = WorkItem.objects.filter(pk__in=[uuid.UUID(text) for text in ids])
    return {
        str(pk): {
            "status": status,
            "story_points": points,
            "sprint_id": str(sprint_id) if sprint_id else None,
            "living": deleted_at is None,
        }
        for pk, status, points, sprint_id, deleted_at in rows.values_list(
            "pk", "status", "story_points", "sprint_id", "deleted_at"
        )
    }
