"""`pm orphans`: items that the board and the commits disagree about."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import LINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

MEMBERS = ("open_with_commits", "done_without_commits", "done_without_checks", "unassigned", "is_complete")
SHORT = 12  # characters of an object ID


def orphans(context: Context) -> None:
    """Print open items that commits name, done ones without a commit or check, and commits of unclear keys."""
    query = {"project": context.options.project, "limit": context.options.limit}
    answer = context.api.get("/api/v1/commits/orphans/", query, wanted=MEMBERS)
    unassigned = [
        {name: value[:SHORT] if name == "sha" else value for name, value in row.items() if value != ""}
        for row in answer["unassigned"]
    ]
    context.show({**{name: answer[name] for name in MEMBERS}, "unassigned": unassigned})


VERB = Verb(
    "",
    "List open items that commits name, done ones without a commit or check, and commits of unclear keys.",
    orphans,
    (
        option("--project", metavar="PROJECT", help="only of this project"),
        option("--limit", type=int, metavar="N", help="at most this many of each kind"),
        LINES,
    ),
    example="pm orphans --project PONE",
)
