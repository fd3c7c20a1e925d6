"""The flow of items: how long the completed ones took, and how old those in work are."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from projects.insights.days import start_of
from projects.insights.flow_times import PARTS, Times, cycle_time, lead_time
from projects.insights.percentiles import percentiles, rank
from projects.models.insights.stories import stories
from projects.models.work_items.choices import Status
from projects.models.work_items.history import Stamps
from projects.models.work_items.queries import WorkItemQuerySet

MOST_DONE = 1000  # completed items, the latest
MOST_AGING = 100  # items in work, the oldest


class Done(NamedTuple):
    """A completed item and its times; no cycle time if it was never in progress."""

    key: str
    title: str
    item_type: str
    completed_at: dt.datetime
    lead: Times
    cycle: Times | None


class Aging(NamedTuple):
    """An item in work, its age since the start, and how many percent of the completed items took less."""

    key: str
    title: str
    status: str
    times: Times
    older_than: int


class Flow(NamedTuple):
    """The latest completed items, the latest first, and those in work, the oldest first; `is_cut` if more were done."""

    done: list[Done]
    aging: list[Aging]
    is_cut: bool

    def spread(self, kind: str) -> dict[int, float]:
        """Return the percentiles, in seconds, of the "cycle" or "lead" times."""
        return percentiles([times.seconds for one in self.done if (times := getattr(one, kind)) is not None])

    def mean_parts(self, kind: str) -> dict[str, float]:
        """Return what the mean "cycle" or "lead" time was spent on, in seconds; empty without items."""
        found = [times for one in self.done if (times := getattr(one, kind)) is not None]
        return {part: sum(times.parts[part] for times in found) / len(found) for part in PARTS} if found else {}


def flow(items: WorkItemQuerySet, first: dt.date, zone: dt.tzinfo, now: dt.datetime) -> Flow:
    """Return the flow of `items`: completed since `first`, or in work; runs four queries."""
    leaves = items.leaves()
    done = leaves.filter(status=Status.DONE, completed_at__gte=start_of(first, zone)).order_by("-completed_at", "-id")
    open_ones = leaves.unfinished().exclude(status=Status.BACKLOG).filter(started_at__isnull=False)
    names = ("pk", "project__key", "item_number", "title", "item_type", "status", *Stamps._fields)
    done_rows = list(done.values_list(*names)[: MOST_DONE + 1])
    open_rows = list(open_ones.order_by("started_at", "id").values_list(*names)[:MOST_AGING])
    history = stories({row[0]: Stamps(*row[6:]) for row in [*done_rows[:MOST_DONE], *open_rows]})
    found = [
        Done(f"{key}-{number}", title, kind, end, lead_time(history[pk], end), cycle_time(history[pk], end))
        for pk, key, number, title, kind, _, *_, end in done_rows[:MOST_DONE]
    ]
    known = sorted(one.cycle.seconds for one in found if one.cycle is not None)
    aging = [
        Aging(f"{key}-{number}", title, status, times, rank(known, times.seconds))
        for pk, key, number, title, _, status, *_ in open_rows
        if (times := cycle_time(history[pk], now)) is not None
    ]
    return Flow(found, aging, len(done_rows) > MOST_DONE)
