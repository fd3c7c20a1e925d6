"""`pm setup`: write what an agent program needs to work with the board into the repository."""

from __future__ import annotations

import os

from projects import workspace
from projects.client.agent_programs import PROGRAMS, detect
from projects.client.errors import Unhealthy, UsageError
from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context
    from projects.client.setup.programs import Setup


def setup(context: Context) -> None:
    """Set the program up, check it, remove what was set up, or show what would be written."""
    from projects.client import ancestry
    from projects.client.setup import actions
    from projects.client.setup.programs import SETUPS

    options = context.options
    if sum((options.check, options.remove, options.print)) > 1:
        raise UsageError("--check, --remove and --print exclude each other")
    found = detect(context.environ) or ancestry.nearest(PROGRAMS)
    name = options.program or (found.name if found else None)
    top = workspace.repository_top(os.getcwd()) or workspace.root_of(context.directory)
    if name is None:
        context.show({"programs": actions.overview(top), "try": "pm setup claude"})
        return
    chosen: Setup = SETUPS[name]
    if options.print:
        context.show({"setup": actions.preview(top, chosen, sandbox=options.sandbox)})
    elif options.remove:
        context.show({"setup": actions.remove(top, chosen)})
    elif options.check:
        report = actions.check(top, chosen, sandbox=options.sandbox)
        context.show({"setup": report})
        if report["missing"]:
            raise Unhealthy(f"{len(report['missing'])} parts are missing; write them with: pm setup {name}")
    else:
        if options.sandbox:
            context.warn(actions.sandbox_warning(chosen))
        context.show({"setup": actions.apply(top, chosen, sandbox=options.sandbox)})


VERB = Verb(
    "",
    "Write the context, skill, MCP server, hooks and permissions that an agent program needs into the repository.",
    setup,
    (
        option(
            "program",
            nargs="?",
            choices=("claude", "codex", "gemini", "cursor", "opencode", "copilot"),
            help="the agent program (the one that runs this command)",
        ),
        option("--check", action="store_true", help="only say what is missing; fail if anything is"),
        option("--remove", action="store_true", help="remove what was written"),
        option("--print", action="store_true", help="only show what would be written"),
        option("--sandbox", action="store_true", help="also let single harmless commands leave its sandbox"),
    ),
)
