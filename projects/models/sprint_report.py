"""What came of a sprint, from the snapshots of its start and its end and the activity between them.

Pure functions over rows; only `report` asks the database. A row is {"id", "display_key", "story_points", "status"},
as in the sprint's snapshots; an item without points counts 0. What happens to an item after the sprint's end
changes no number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from projects.models.sprint import Sprint
from projects.models.sprint_history import Row, Standing, histories


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
        "burndown": burndown(sprint, histories([sprint]).get(sprint.pk, [])),
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


def ideal(amount: int, start: dt.date, end: dt.date, day: dt.date) -> float:
    """Return what is left of `amount` on `day` where it falls evenly from all at `start` to 0 at `end`."""
    return round(amount * (end - day).days / (end - start).days, 2)


def burndown(sprint: Sprint, history: Sequence[Standing]) -> list[Day]:
    """Return what was left on each of these days beside what should have been."""
    open_rows = [row for row in sprint.committed or () if row["status"] != "done"]
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
