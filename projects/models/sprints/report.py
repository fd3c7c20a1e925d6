"""Sprint reports, computed from the snapshots at start and end and the activity in between.

Pure functions over rows; only `report` queries the database. A row is {"id", "display_key", "story_points", "status"},
as in the sprint's snapshots. An item without points counts as 0. Changes after the end of the sprint do not affect
the report.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from projects.entities.work_item import CLOSED
from projects.loose_types import Json
from projects.models.sprints.history import Standing, histories
from projects.models.sprints.sprint import Row, Sprint, in_scope
from projects.models.work_items.choices import Status


class Day(NamedTuple):
    """The work left at the end of a day, or now; `ideal_*` fall linearly from the commitment to 0."""

    date: dt.date
    points: int
    items: int
    ideal_points: float
    ideal_items: float


def report(sprint: Sprint, zone: dt.tzinfo = dt.UTC) -> dict[str, Json]:
    """Return the report of a sprint by day of `zone`; runs a constant number of queries.

    committed          items at the start, with their status at that time; for a planned sprint, the current items
    done               items that were done at the end (or are done now)
    carried_over       items that were unfinished at the end (or are unfinished now)
    added_after_start  items in the sprint at the end but not at the start
    removed            items in the sprint at the start but not at the end, or cancelled by then
    burndown           a `Day` for each day from start_date to end_date, or to the actual end or today if that is
                       earlier; empty if the sprint was never started
    """
    final = in_scope(sprint.outcome if sprint.outcome is not None else sprint.snapshot())
    committed = in_scope(sprint.committed) if sprint.committed is not None else final
    return {
        "sprint": sprint,
        **{name: total(rows) for name, rows in compare(committed, final).items()},
        "burndown": burndown(sprint, histories([sprint], zone).get(sprint.pk, [])),
    }


def compare(committed: Sequence[Row], final: Sequence[Row]) -> dict[str, list[Row]]:
    """Compare the rows at start and end; group them by outcome."""
    before, after = ({row["id"] for row in rows} for rows in (committed, final))
    return {
        "committed": list(committed),
        "done": [row for row in final if row["status"] == Status.DONE],
        "carried_over": [row for row in final if row["status"] not in CLOSED],
        "added_after_start": [row for row in final if row["id"] not in before],
        "removed": [row for row in committed if row["id"] not in after],
    }


def total(rows: Sequence[Row]) -> dict[str, Json]:
    """Return the rows with their count and total points."""
    return {"count": len(rows), "points": sum(row["story_points"] or 0 for row in rows), "items": list(rows)}


def ideal(amount: int, start: dt.date, end: dt.date, day: dt.date) -> float:
    """Return the ideal remainder on `day`: linear from `amount` at `start` to 0 at `end`."""
    return round(amount * (end - day).days / (end - start).days, 2)


def burndown(sprint: Sprint, history: Sequence[Standing]) -> list[Day]:
    """Return the actual and the ideal remaining work for each day."""
    open_rows = [row for row in sprint.committed or () if row["status"] not in CLOSED]
    amounts = sum(row["story_points"] or 0 for row in open_rows), len(open_rows)
    return [
        Day(
            then.date,
            then.points,
            then.items,
            *(ideal(amount, sprint.start_date, sprint.end_date, then.date) for amount in amounts),
        )
        for then in history
    ]
