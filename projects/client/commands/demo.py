"""`pm demo`: fill an empty board with an example."""

from __future__ import annotations

from projects.client.errors import NotEmpty
from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def demo(context: Context) -> None:
    """Fill the empty board with an example, and open it."""
    import time

    from projects import demo_board
    from projects.client import browser

    if context.api.get("/api/v1/projects/", {"limit": 1}, wanted=("results",))["results"]:
        raise NotEmpty("the board already has projects; run pm demo in another repository, or with --config-dir")
    board = demo_board.document(time.time())
    context.api.call("POST", "/api/v1/import/", board)
    # An agent at work: export files don't contain claims.
    context.api.call("POST", f"/api/v1/work-items/{demo_board.CLAIMED}/claim/", {})
    url = browser.login_url(context)
    counts = {name: len(rows) for name, rows in board.items() if isinstance(rows, list) and rows}
    context.show({"demo": {"project": demo_board.KEY, **counts, "login_url": url}})
    if not context.options.no_browser and not browser.visit(url):
        context.warn("no browser could be opened; open login_url yourself")


VERB = Verb(
    "",
    "Fill an empty board with an example project, and open it in the browser.",
    demo,
    (option("--no-browser", action="store_true", help="only print the login link"),),
)
