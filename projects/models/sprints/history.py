"""Daily sprint history, replayed from the snapshots at start and end and the activity in between."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import models
from django.db.models.functions import Cast, StrIndex
from django.utils import timezone

from projects.insights.days import day_of
from projects.models.activity import Action, Activity, counting
from projects.models.sprints.sprint import Row, Sprint
from projects.models.work_items.choices import Status
from projects.models.work_items.history import Event, Stamps, State, absent, advance, dated, rewind
from projects.models.work_items.item import WorkItem

Present = Mapping[str, tuple[State, Stamps]]  # current items, by ID
COUNTED = tuple(status for status in Status.values if status != Status.CANCELLED)
MAX_DAYS = 400  # keep only the latest days of a history


class Standing(NamedTuple):
    """The totals of a sprint at the end of a day, or now: open work, all work, and item counts by status."""

    date: dt.date
    points: int
    items: int
    all_points: int
    all_items: int
    statuses: dict[str, int]


def histories(sprints: Sequence[Sprint], zone: dt.tzinfo = dt.UTC) -> dict[uuid.UUID, list[Standing]]:
    """Return the totals of each started sprint by day of `zone`; runs three queries for any number of sprints.

    A history runs from start_date to end_date, or to the actual end or today if that is earlier.
    """
    sprints = [sprint for sprint in sprints if sprint.started_at]
    if not sprints:
        return {}
    now = timezone.now()
    named = _named(sprints, now)
    for sprint in sprints:
        named[sprint.pk] |= {row["id"] for row in [*(sprint.committed or ()), *(sprint.outcome or ())]}
    present = _present(sprints, set().union(*named.values()))
    events = _events(present, set().union(*named.values()), min(filter(None, (s.started_at for s in sprints))))
    return {sprint.pk: _history(sprint, named[sprint.pk], present, events, now, zone) for sprint in sprints}


def days(start: dt.date, end: dt.date, last: dt.date) -> list[dt.date]:
    """Return the days from `start` to the earlier of `end` and `last`; at most the latest MAX_DAYS."""
    final = min(end, last)
    first = max(start, final - dt.timedelta(days=MAX_DAYS - 1)) if final > start else start
    return [first + dt.timedelta(days=number) for number in range((final - first).days + 1)]


def replay(
    sprint: Sprint,
    states: Mapping[str, State],
    events: Sequence[Event],
    last: dt.date,
    final: Iterable[State],
    zone: dt.tzinfo = dt.UTC,
) -> list[Standing]:
    """Replay `events` (oldest first) over the `states` at the start; the day `last` always uses `final`."""
    states = {item_id: dict(state) for item_id, state in states.items()}
    waiting = list(reversed(events))
    found: list[Standing] = []
    for day in days(sprint.start_date, sprint.end_date, last):
        while waiting and day_of(waiting[-1].moment, zone) <= day:
            event = waiting.pop()
            advance(states.setdefault(event.item_id, absent()), event)
        found.append(standing(day, sprint, final if day == last else states.values()))
    return found


def standing(day: dt.date, sprint: Sprint, states: Iterable[State]) -> Standing:
    """Return the totals of the items that are in the sprint; a cancelled item is out of its scope."""
    own = str(sprint.pk)
    inside = [
        state
        for state in states
        if state["living"] and state["sprint_id"] == own and state["status"] != Status.CANCELLED
    ]
    left = [state for state in inside if state["status"] != Status.DONE]
    statuses = dict.fromkeys(COUNTED, 0)
    for state in inside:
        statuses[state["status"]] += 1
    points = (sum(state["story_points"] or 0 for state in some) for some in (left, inside))
    left_points, all_points = points
    return Standing(day, left_points, len(left), all_points, len(inside), statuses)


def _history(
    sprint: Sprint,
    named: set[str],
    present: Present,
    events: Mapping[str, Sequence[Event]],
    now: dt.datetime,
    zone: dt.tzinfo,
) -> list[Standing]:
    assert sprint.started_at is not None
    start, end = sprint.started_at, sprint.completed_at or now
    committed = {row["id"]: _inside(sprint, row) for row in sprint.committed or ()}
    if sprint.outcome is None:
        final = {pk: state for pk, (state, _) in present.items() if state["sprint_id"] == str(sprint.pk)}
    else:
        final = {row["id"]: _inside(sprint, row) for row in sprint.outcome}
    states, during = dict(committed), []
    for item_id in named | set(final):
        since = [event for event in events.get(item_id, ()) if event.moment >= start]
        during += [event for event in since if event.moment <= end]
        if item_id in committed:
            continue
        # Not in the snapshot: rewind the current state to the start.
        state = states[item_id] = rewind(present[item_id][0], since) if item_id in present else absent()
        if state["sprint_id"] == str(sprint.pk):
            if not state["living"]:
                continue  # deleted at the start, restored since
            state["sprint_id"] = None
        # An imported item has no event that says when it entered the sprint; add one.
        if item_id in final and not any(_enters(sprint, event) for event in since):
            made = present[item_id][1].created_at if item_id in present else start
            came = {"sprint_id": str(sprint.pk), "story_points": final[item_id]["story_points"]}
            changes = [{"field": name, "old": None, "new": value} for name, value in came.items()]
            during.append(Event(min(max(start, made), end), item_id, Action.UPDATED, changes))
    during.sort(key=lambda event: event.moment)
    return replay(sprint, states, during, day_of(end, zone), final.values(), zone)


def _inside(sprint: Sprint, row: Row) -> State:
    return {
        "status": row["status"],
        "story_points": row["story_points"],
        "sprint_id": str(sprint.pk),
        "living": True,
    }


def _enters(sprint: Sprint, event: Event) -> bool:
    return any(change["field"] == "sprint_id" and change["new"] == str(sprint.pk) for change in event.changes)


def _named(sprints: Sequence[Sprint], now: dt.datetime) -> dict[uuid.UUID, set[str]]:
    """Return the IDs of items whose activity mentions a sprint while it was active."""
    first = min(sprint.started_at for sprint in sprints if sprint.started_at)
    rows = Activity.objects.counting().filter(
        created_at__gte=first, created_at__lte=now, entity_type=WorkItem.entity_type
    )
    mentions = models.Q()
    for number, sprint in enumerate(sprints):
        place = StrIndex(Cast("changes", models.TextField()), models.Value(str(sprint.pk)))
        rows = rows.alias(**{f"place{number}": place})
        mentions |= models.Q(**{f"place{number}__gt": 0})
    found: dict[uuid.UUID, set[str]] = {sprint.pk: set() for sprint in sprints}
    for moment, item_id, changes in rows.filter(mentions).values_list("created_at", "entity_id", "changes"):
        values = {value for change in changes for value in (change["old"], change["new"]) if isinstance(value, str)}
        for sprint in sprints:
            assert sprint.started_at is not None
            if str(sprint.pk) in values and sprint.started_at <= moment <= (sprint.completed_at or now):
                found[sprint.pk].add(str(item_id))
    return found


def _present(sprints: Sequence[Sprint], ids: Iterable[str]) -> dict[str, tuple[State, Stamps]]:
    """Return the current state of the items with these IDs and of the items in the sprints."""
    rows = WorkItem.objects.filter(
        models.Q(pk__in=[uuid.UUID(text) for text in ids]) | models.Q(sprint__in=[sprint.pk for sprint in sprints])
    )
    values = rows.values_list("pk", "status", "story_points", "sprint_id", "deleted_at", *Stamps._fields)
    return {
        str(pk): (
            {
                "status": status,
                "story_points": points,
                "sprint_id": str(sprint_id) if sprint_id else None,
                "living": deleted_at is None,
            },
            Stamps(*stamps),
        )
        for pk, status, points, sprint_id, deleted_at, *stamps in values.order_by()
    }


def _events(present: Present, ids: Iterable[str], start: dt.datetime) -> dict[str, list[Event]]:
    """Return the events of these items since `start` by item ID, oldest first."""
    wanted = [uuid.UUID(text) for text in {*ids, *present}]
    rows = Activity.objects.counting().filter(entity_id__in=wanted, created_at__gte=start).in_log_order()
    found: dict[str, list[Event]] = {}
    for moment, pk, action, changes in rows.values_list("created_at", "entity_id", "action", "changes"):
        found.setdefault(str(pk), []).append(Event(moment, str(pk), action, counting(changes)))
    return {
        item_id: dated(events, present[item_id][1]) if item_id in present else events
        for item_id, events in found.items()
    }
