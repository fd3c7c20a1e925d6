"""`pm setup`: write what an agent program needs to work with the board into the repository."""

from __future__ import annotations

import os

from projects import workspace
from projects.client.agent_programs import PROGRAMS, detect
from projects.client.errors import FileRefused, Unhealthy, UsageError
from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from projects.client.context import Context
    from projects.client.setup.commit_hook import CommitHook
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
    hook = _commit_hook(context)
    if hook and (name is None or (options.remove and not options.program)):
        _run(context, None, top, hook)
    elif name is None:
        context.show({"programs": actions.overview(top), "try": "pm setup claude"})
    else:
        _run(context, SETUPS[name], top, hook)


def _run(context: Context, chosen: Setup | None, top: str, hook: CommitHook | None) -> None:
    """Do what the flags say, with the program, the commit hook or both."""
    from projects.client.setup import actions

    options = context.options
    report: dict[str, Any] = {"program": chosen.name} if chosen else {}  # Any: JSON
    hooks: list[dict[str, Any]] = []  # Any: JSON
    if options.print:
        report |= actions.preview(top, chosen, sandbox=options.sandbox) if chosen else {}
        hooks = [hook.shown()] if hook else []
    elif options.remove:
        report |= actions.remove(top, chosen, overwrite=options.overwrite) if chosen else {}
        hooks = [hook.remove()] if hook and not (chosen and actions.is_set_up(top)) else []
    elif options.check:
        report |= actions.check(top, chosen, sandbox=options.sandbox) if chosen else {"missing": []}
        report["missing"] += hook.missing() if hook else []
        context.show({"setup": report})
        if report["missing"]:
            words = " ".join(("pm setup", *((chosen.name,) if chosen else ()), *(("--commit-hook",) if hook else ())))
            raise Unhealthy(f"{len(report['missing'])} parts are missing; write them with: {words}")
        return
    else:
        if options.sandbox and chosen:
            context.warn(actions.sandbox_warning(chosen))
        if hook:
            hook.refuse()
        report |= actions.apply(top, chosen, sandbox=options.sandbox, overwrite=options.overwrite) if chosen else {}
        hooks = [hook.install()] if hook else []
    context.show({"setup": {**report, "files": [*report.get("files", ()), *hooks]}})


def _commit_hook(context: Context) -> CommitHook | None:
    """Return the hook if it was asked for, or if it may have to be removed."""
    from projects.client.setup.commit_hook import OURS_ALSO_OLD, CommitHook

    options = context.options
    if options.commit_hook:
        return CommitHook(context.environ)
    if not options.remove:
        return None
    try:
        hook = CommitHook(context.environ)
        return hook if hook.state() in OURS_ALSO_OLD else None
    except FileRefused:  # not in a git repository
        return None


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
        option("--overwrite", action="store_true", help="also replace, or remove, what you changed in its parts"),
        option("--commit-hook", action="store_true", help="also let git add `Refs: KEY` to the commits of a session"),
        option("--sandbox", action="store_true", help="also let single harmless commands leave its sandbox"),
    ),
)
