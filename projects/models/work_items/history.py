"""The history of work items: activity as events that are replayed forward or backward over item states.

For imported rows, the activity timestamp is the time of the import, perhaps long after the change. Those events use
the item's own timestamps instead: created_at, started_at, completed_at, and updated_at for any other status.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from projects.models.activity import Action, Change
from projects.models.work_items.choices import Status

State = dict[str, Any]  # {"status", "story_points", "sprint_id", "living"}
FOLLOWED = ("status", "story_points", "sprint_id")


class Event(NamedTuple):
    """One activity of an item."""

    moment: dt.datetime
    item_id: str
    action: str
    changes: Sequence[Change]
    session: str = ""  # of the agent that made the change; unknown of what happened before an import


class Stamps(NamedTuple):
    """The timestamps of an item."""

    created_at: dt.datetime
    updated_at: dt.datetime
    started_at: dt.datetime | None
    completed_at: dt.datetime | None


def absent() -> State:
    """Return the state of an item before its creation."""
    return {"status": Status.BACKLOG.value, "story_points": None, "sprint_id": None, "living": False}


def advance(state: State, event: Event) -> None:
    """Apply `event` to `state` in place."""
    state["living"] = event.action != Action.DELETED
    for change in event.changes:
        if change["field"] in FOLLOWED:
            state[change["field"]] = change["new"]


def rewind(state: State, events: Sequence[Event]) -> State:
    """Return the state before `events` (oldest first), given the `state` after them."""
    state = dict(state)
    for event in reversed(events):
        state["living"] = event.action in (Action.UPDATED, Action.DELETED)
        for change in event.changes:
            if change["field"] in FOLLOWED:
                state[change["field"]] = change["old"]
    return state


def dated(events: Sequence[Event], stamps: Stamps) -> list[Event]:
    """Return the events of one item, oldest first, with the time of the change instead of the import."""
    found: list[Event] = []
    done = [number for number, event in enumerate(events) if _new_status(event) == Status.DONE]
    for number, event in enumerate(events):
        if event.action == Action.CREATED:
            found += _unfolded(event, stamps)
        elif done[-1:] == [number] and stamps.completed_at and stamps.completed_at < event.moment:
            earliest = found[-1].moment if found else stamps.completed_at
            found.append(event._replace(moment=min(event.moment, max(earliest, stamps.completed_at))))
        else:
            found.append(event)
    return found


def _unfolded(event: Event, stamps: Stamps) -> list[Event]:
    """Expand the creation of an item that was already started or done into the status changes that led there."""
    status = _new_status(event)
    begun = status not in (None, Status.BACKLOG, Status.TODO)
    steps = [(stamps.created_at, Status.TODO.value if begun else status)]
    if begun and stamps.started_at:
        steps.append((stamps.started_at, Status.IN_PROGRESS.value))
    if steps[-1][1] != status:
        moment = stamps.completed_at if status == Status.DONE else stamps.updated_at
        steps.append((moment or event.moment, status))
    others = [change for change in event.changes if change["field"] != "status"]
    first = [{"field": "status", "old": None, "new": steps[0][1]}] if status else []
    found = [event._replace(moment=min(event.moment, steps[0][0]), changes=[*others, *first])]
    for (_, old), (moment, new) in itertools.pairwise(steps):
        change = {"field": "status", "old": old, "new": new}
        found.append(Event(min(event.moment, moment), event.item_id, Action.UPDATED, [change]))
    return found


def _new_status(event: Event) -> str | None:
    return next((change["new"] for change in event.changes if change["field"] == "status"), None)
