"""`pm whoami`: who you act as, in which session, and why."""

from __future__ import annotations

from projects.client.commands.who import without_empty
from projects.client.grammar import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def whoami(context: Context) -> None:
    """Show the actor and the session."""
    found = without_empty(context.api.get("/api/v1/whoami/", wanted=("actor",)))
    if "session" in found:
        found["session"] = without_empty(found["session"])
    context.show({"whoami": found})


VERB = Verb(
    "",
    "Show who you act as, your kind, your session, and how they were found.",
    whoami,
    example="pm whoami --as agent-7",
)
