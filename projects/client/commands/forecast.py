"""`pm forecast`: by when open items will be done."""

from __future__ import annotations

from projects.client.commands.stats import NARROWING, query_of
from projects.client.grammar import Verb, option
from projects.client.resource import LINES, PROJECT_FLAG, ZONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

NAMES = ("project", "scope", "zone", "open", "done")


def forecast(context: Context) -> None:
    """Print the days by whose end the items will be done with 50, 85 and 95 percent, and what that assumes."""
    answer = context.api.get("/api/v1/forecast/", query_of(context), wanted=("open", "dates", "lacks", "advice"))
    document = {name: answer[name] for name in NAMES if answer[name] != ""}
    if answer["dates"]:
        document |= {name: date or "in more than 5 years" for name, date in answer["dates"].items()}
        document["history"] = f"{answer['history_done']} items in {answer['history_days']} days"
        if answer["share"] is not None:
            document["share_percent"] = answer["share"]
        if answer["growth"]:
            document["added_per_week"] = answer["growth"]
        if answer["dates_without_growth"]:
            document["p85_if_nothing_is_added"] = answer["dates_without_growth"]["p85"]
    elif answer["lacks"]:
        is_idle = answer["lacks"].startswith("nothing")
        document["lacks"] = f"{'no forecast' if is_idle else 'not enough history'}: {answer['lacks']}"
        document["advice"] = answer["advice"]
    context.show({"forecast": document})


VERB = Verb(
    "",
    "Forecast by when the open items of an epic, a sprint or the project will be done.",
    forecast,
    (
        option("item", nargs="?", metavar="EPIC", help="what is below this epic or story; default: the whole project"),
        PROJECT_FLAG,
        *NARROWING,
        ZONE,
        LINES,
    ),
    example="pm forecast PONE-3 --zone Europe/Berlin",
)
