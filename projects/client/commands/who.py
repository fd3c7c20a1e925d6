"""`pm who`: which sessions are live, and what each holds."""

from __future__ import annotations

from projects.client.grammar import Verb
from projects.client.resource import LINES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context


def who(context: Context) -> None:
    """List the live sessions."""
    answer = context.api.get("/api/v1/sessions/", wanted=("sessions",))
    rows = [without_empty(row) for row in answer["sessions"]]
    if context.options.output == "table":
        rows = [{**row, "items": [item["key"] for item in row.get("items", ())]} for row in rows]
    context.show({"sessions": rows})


def without_empty(row: Json) -> Json:
    """Return a document without its empty members."""
    return {name: value for name, value in row.items() if value not in (None, "", [])}


VERB = Verb(
    "",
    "List the live sessions: where each works, what it holds, and its last sign of life.",
    who,
    (LINES,),
    example="pm who --lines",
)
