"""`pm stats`: how items flow through the board."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import LINES, PROJECT_FLAG, ZONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

SHOWN = 10  # items in work
NARROWING = (
    option("--sprint", metavar="SPRINT", help="only this sprint: a name, a UUID, or active"),
    option("--type", metavar="A,B", help="only these types"),
    option("--priority", metavar="A,B", help="only these priorities"),
    option("--label", metavar="A,B", help="only items with all of these labels"),
    option("--assignee", metavar="NAME", help="only items of this user; @me is you, none means unassigned"),
)
NAMES = ("item", "sprint", "type", "priority", "label", "assignee")


def query_of(context: Context) -> dict[str, object]:
    """Return the query that both commands send."""
    options = context.options
    return {"project": options.project, "zone": options.zone, **{name: getattr(options, name) for name in NAMES}}


def stats(context: Context) -> None:
    """Print cycle and lead times, throughput and the oldest items in work."""
    wanted = ("cycle_time", "lead_time", "throughput", "in_work")
    answer = context.api.get("/api/v1/stats/", {**query_of(context), "days": context.options.days}, wanted=wanted)
    rows = answer["in_work"]
    document = {
        **{name: answer[name] for name in ("project", "scope", "zone", "since", "done") if answer[name] != ""},
        **{name: _times(answer[name]) for name in ("cycle_time", "lead_time")},
        "weeks": {row["week"]: row["done"] for row in answer["throughput"]},
        "in_work": rows[:SHOWN],
    }
    if len(rows) > SHOWN:
        document["more"] = len(rows) - SHOWN
    context.show({"insights": {name: value for name, value in document.items() if value not in ({}, [])}})


def _times(times: Json) -> Json:
    """Return percentiles and parts in hours, without what has no value."""
    found = {**times["hours"], **times["mean_parts"]}
    return {name: value for name, value in found.items() if value}


VERB = Verb(
    "",
    "Show how long items took and on what the time was spent, what was done by week, and the oldest items in work.",
    stats,
    (
        option("item", nargs="?", metavar="ITEM", help="only what is below this epic or story"),
        PROJECT_FLAG,
        *NARROWING,
        option("--days", type=int, metavar="N", help="look back this many days, at most 364; default 90"),
        ZONE,
        LINES,
    ),
    example="pm stats --days 30 --lines",
)
