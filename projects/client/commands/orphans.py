"""`pm orphans`: items that the board and the commits disagree about."""

from __future__ import annotations

from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

MEMBERS = ("open_with_commits", "done_without_commits", "is_complete")


def orphans(context: Context) -> None:
    """Print open items that commits name, and done ones that no commit names."""
    query = {"project": context.options.project, "limit": context.options.limit}
    answer = context.api.get("/api/v1/commits/orphans/", query, wanted=MEMBERS)
    context.show({name: answer[name] for name in MEMBERS})


VERB = Verb(
    "",
    "List open items that commits name, and done tasks and bugs that no commit names.",
    orphans,
    (
        option("--project", metavar="PROJECT", help="only of this project"),
        option("--limit", type=int, metavar="N", help="at most this many of each kind"),
    ),
    example="pm orphans --project PONE",
)
