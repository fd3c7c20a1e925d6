"""`pm commits`: the commits that name an item."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option, refused
from projects.client.resource import LINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

SHORT = 12  # characters of an object ID


def object_id(text: str) -> str:
    """Parse the ID of a commit, or its first characters."""
    if not (7 <= len(text) <= 64 and set(text) <= set("0123456789abcdef")):
        raise refused(f"{text!r} is not the ID of a commit: at least 7 hexadecimal digits")
    return text


def commits(context: Context) -> None:
    """Print the newest commits that name the item; with `--diff` the changes of one of them; or report new ones."""
    options = context.options
    if options.send:
        from projects.client import commit_reports

        if options.key or options.diff:
            raise UsageError("--send is about all new commits: use it alone", field="send")
        context.show({"reported": commit_reports.send(context)})
        return
    if not options.key:
        raise UsageError("name an item: pm commits KEY", field="key")
    if options.diff:
        path = f"/api/v1/commits/{options.diff}/diff/"
        context.show(context.api.get(path, {"work_item": options.key}, wanted=("sha", "diff", "is_cut")))
        return
    query = {"work_item": options.key, "limit": options.limit}
    answer = context.api.get("/api/v1/commits/", query, wanted=("commits", "total", "is_complete"))
    rows = [
        {
            name: value[:SHORT] if name == "sha" else value
            for name, value in row.items()
            if name != "authored_at" and value
        }
        for row in answer["commits"]
    ]
    context.show({"commits": rows, "total": answer["total"], "is_complete": answer["is_complete"]})


VERB = Verb(
    "",
    "List the commits whose messages name an item, the newest first.",
    commits,
    (
        option("key", nargs="?", metavar="KEY", help="work item, by key, UUID or external reference"),
        option("--diff", type=object_id, metavar="COMMIT", help="the diff of this commit instead"),
        option("--send", action="store_true", help="report this branch's commits that name items to a team's server"),
        option("--limit", type=int, metavar="N", help="at most this many commits"),
        LINES,
    ),
    example="pm commits PONE-12",
)
