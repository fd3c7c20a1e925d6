"""`pm search`: find words in titles, descriptions and comments."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import LIMIT, ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def search(context: Context) -> None:
    """Print what holds the words, the best first."""
    options = context.options
    query = {"q": options.text, "project": options.project, "limit": options.limit}
    answer = context.api.get(f"{ROOT}search/", query, wanted=("results",))
    context.show({"results": answer["results"]})


VERBS = (
    Verb(
        "",
        "Find words in titles, descriptions and comments, the best match first.",
        search,
        (
            option("text", metavar="TEXT", help="words; no sign in them has a meaning"),
            option("--project", metavar="PROJECT", help="only in this project"),
            LIMIT,
        ),
    ),
)
