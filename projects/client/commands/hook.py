"""`pm hook`: what an agent program calls when its session starts and ends."""

from __future__ import annotations

from projects.client.agent_programs import PROGRAMS
from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def hook(context: Context) -> None:
    """Print the text for the program to pass to its agent; print nothing if there is no board."""
    from projects.client.hook_events import handle

    handle(context, context.options.program, context.options.event)


VERB = Verb(
    "",
    "Handle an event of an agent program: its session starts or ends. `pm setup` registers it.",
    hook,
    (
        option("program", choices=tuple(program.name for program in PROGRAMS), help="the agent program"),
        option("event", metavar="EVENT", help="the event, by the program's name for it"),
    ),
)
