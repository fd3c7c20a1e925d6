"""`pm search`: search titles, descriptions and comments."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import LINES, PAGES, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

SEARCH = Resource("search", "result", "results")
LARGEST_PAGE = 100


def search(context: Context) -> None:
    """Print a page of the matches, best first, or all pages with `--all`."""
    options = context.options
    query = {
        "q": " ".join(options.text),
        "project": options.project,
        "limit": LARGEST_PAGE if options.all and options.limit is None else options.limit,
        "cursor": options.cursor,
    }
    rows, following, page = SEARCH.pages(context, query, every=options.all, wanted=("total", "total_is_exact"))
    context.show({"results": rows, "total": page["total"], "total_is_exact": page["total_is_exact"], "next": following})


VERB = Verb(
    "",
    "Search titles, descriptions and comments, best match first.",
    search,
    (
        option("text", nargs="+", metavar="TEXT", help="words to search for, without operators"),
        option("--project", metavar="PROJECT", help="only in this project"),
        *PAGES,
        LINES,
    ),
    example="pm search nested lists",
)
