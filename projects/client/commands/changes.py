"""`pm changes`: what changed since the last call."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import LIMIT, ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def changes(context: Context) -> None:
    """Print the changes after a cursor, and the cursor for the next call."""
    options = context.options
    query = {"since": options.since, "project": options.project, "not_by": options.not_by, "limit": options.limit}
    answer = context.api.get(f"{ROOT}changes/", query, wanted=("changes", "next"))
    context.show({"changes": answer["changes"], "next": answer["next"]})


VERB = Verb(
    "",
    'List changes after a cursor, oldest first; pass "next" as --since to the next call.',
    changes,
    (
        option("--since", type=int, required=True, metavar="CURSOR", help='"next" of the previous call; 0 at first'),
        option("--project", metavar="PROJECT", help="only in this project"),
        option("--not-by", metavar="NAME", help="exclude changes by this user"),
        LIMIT,
    ),
)
