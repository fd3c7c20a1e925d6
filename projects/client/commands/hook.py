"""`pm hook`: what an agent program calls when its session starts and ends, and git before a commit."""

from __future__ import annotations

from projects.client.agent_programs import PROGRAMS
from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def hook(context: Context) -> None:
    """Print the text for the program to pass to its agent; print nothing if there is no board."""
    options = context.options
    if options.program == "git":
        from projects.client import commit_message

        if options.event == commit_message.EVENT:
            commit_message.prepare(context, options.arguments or ())
        return
    from projects.client.hook_events import handle

    handle(context, options.program, options.event)


VERB = Verb(
    "",
    "Handle an event of an agent program, whose session starts or ends, or of git. `pm setup` registers it.",
    hook,
    (
        option("program", choices=(*(program.name for program in PROGRAMS), "git"), help="the agent program, or git"),
        option("event", metavar="EVENT", help="the event, by the program's name for it"),
        option("arguments", nargs="*", metavar="ARGUMENT", help="the arguments of git's hook"),
    ),
)
