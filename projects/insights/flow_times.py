"""Flow times of items: how long each took, and what that time was spent on.

The lead time runs from the creation to the completion, the cycle time from the first start. Each moment is one of:

agent_working       in progress in an agent's session, which gave a sign of life
waiting_for_person  with an open question, in review or blocked
other_work          in progress otherwise: by a person, or in another tool before an import
queue               anything else

The times of leases stay in the clone that made them, and times must be equal on all clones. So the sign of life is what
the history has: between two changes of the item by one session it worked; after its last one for at most a lease.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

PARTS = ("agent_working", "waiting_for_person", "other_work", "queue")
LEASE = dt.timedelta(hours=1)  # of a claim, unless the agent asks for another
WAITING = ("review", "blocked")

Moment = dt.datetime
Interval = tuple[Moment, Moment]


class Step(NamedTuple):
    """A change of an item: its status from this moment on, and the agent's session that made it, or ""."""

    moment: Moment
    status: str
    session: str = ""


@dataclass
class Story:
    """What happened to an item: its steps, oldest first, and when questions about it were open (None: still)."""

    created_at: Moment
    started_at: Moment | None = None
    completed_at: Moment | None = None
    steps: list[Step] = field(default_factory=list)
    questions: list[tuple[Moment, Moment | None]] = field(default_factory=list)


class Times(NamedTuple):
    """The length of a time in seconds, and of its parts."""

    seconds: float
    parts: dict[str, float]


def lead_time(story: Story, end: Moment) -> Times:
    """Return the time from the creation to `end`, the completion or now."""
    return _times(story, story.created_at, end)


def cycle_time(story: Story, end: Moment) -> Times | None:
    """Return the time from the first start to `end`; None if the item was never in progress."""
    return None if story.started_at is None else _times(story, story.started_at, end)


def _times(story: Story, start: Moment, end: Moment) -> Times:
    start = min(start, end)
    waits = _united([*_waits(story, end), *_spells(story, end, WAITING)])
    agents = _without(_united(_agent_spans(story, end)), waits)
    others = _without(_united(_spells(story, end, ("in_progress",))), _united([*waits, *agents]))
    lengths = {
        "agent_working": _length(agents, start, end),
        "waiting_for_person": _length(waits, start, end),
        "other_work": _length(others, start, end),
    }
    total = (end - start).total_seconds()
    return Times(total, {**lengths, "queue": max(0.0, total - sum(lengths.values()))})


def _waits(story: Story, end: Moment) -> list[Interval]:
    return [(asked, answered or end) for asked, answered in story.questions]


def _spells(story: Story, end: Moment, statuses: Sequence[str]) -> list[Interval]:
    """Return when the item was in one of these statuses."""
    ends = [step.moment for step in story.steps[1:]] + [end]
    return [(step.moment, until) for step, until in zip(story.steps, ends, strict=True) if step.status in statuses]


def _agent_spans(story: Story, end: Moment) -> list[Interval]:
    """Return when a session worked on the item."""
    found: list[Interval] = []
    session, since = "", story.created_at
    for step in story.steps:
        if session and (step.session or step.status != "in_progress"):
            until = step.moment if step.session == session else min(step.moment, since + LEASE)
            found.append((since, until))
            session = ""
        if step.status == "in_progress" and step.session:
            session, since = step.session, step.moment
    if session:
        found.append((since, min(end, since + LEASE)))
    return found


def _united(intervals: Sequence[Interval]) -> list[Interval]:
    """Return the intervals without their overlaps, in order."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def _without(intervals: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """Return the intervals but for what the `others` cover; both without overlaps and in order."""
    found: list[Interval] = []
    for start, end in intervals:
        for other_start, other_end in others:
            if other_end <= start or other_start >= end:
                continue
            if start < other_start:
                found.append((start, other_start))
            start = max(start, other_end)
        if start < end:
            found.append((start, end))
    return found


def _length(intervals: Sequence[Interval], start: Moment, end: Moment) -> float:
    spans = ((max(start, first), min(end, last)) for first, last in intervals)
    return sum((last - first).total_seconds() for first, last in spans if first < last)
