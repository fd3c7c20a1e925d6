"""`pm plan`: create many items at once."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.receipts import plan
from projects.client.resource import PROJECT_FLAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def create_plan(context: Context) -> None:
    """Create the items of a file, all or none."""
    from projects.client.plan_file import read_plan

    options = context.options
    body = read_plan(options.file)
    for name in ("project", "sprint"):
        if (value := getattr(options, name)) is not None:
            body[name] = value
    answer = plan(context, body)
    if options.full:
        context.show(answer)
        return
    for item in answer["items"]:
        ref = {"ref": item["ref"]} if "ref" in item else {}
        context.show({**ref, "key": item["key"]})
    if "sprint" in answer:
        context.show({"sprint": answer["sprint"]})


VERB = Verb(
    "",
    "Create the items of a file with their links, all or none.",
    create_plan,
    (
        option("file", metavar="FILE", help="JSON, or a title a line, indented below its parent; - for stdin"),
        PROJECT_FLAG,
        option("--sprint", metavar="NAME", help="the sprint that takes the items; active for the active one"),
        option("--full", action="store_true", help="answer status, version and parent, too"),
    ),
    example="pm plan plan.txt",
)
