"""`pm init`: create the config directory."""

from __future__ import annotations

import os
import sys

from projects import config_schema, workspace
from projects.client.errors import FileRefused, NeedsPerson, UsageError
from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def init(context: Context) -> None:
    """Create the missing parts of the config directory; print what was created and what existed."""
    directory = context.directory
    files = [os.path.join(directory, name) for name in (".gitignore", "config.toml")]
    existing = [path for path in (directory, *files) if os.path.lexists(path)]
    try:
        warning = workspace.create(directory, force=True)
        workspace.write_new(files[1], config_schema.template())
    except workspace.WorkspaceError as error:
        raise FileRefused(str(error)) from None
    except OSError as error:
        raise FileRefused(f"{files[1]} can't be written: {error.strerror}") from None
    from projects import board_record

    for remark in filter(None, (warning, board_record.remark(directory))):
        context.warn(remark)
    created = [path for path in (directory, *files) if path not in existing]
    answer: dict[str, object] = {"directory": directory, "created": created, "existing": existing}
    if context.options.agents:
        from projects.client import agents_file

        top = workspace.repository_top(os.getcwd()) or workspace.root_of(directory)
        pointers: list[dict[str, object]] = [
            {"file": path, "changed": changed} for path, changed in agents_file.point(top)
        ]
        answer["agents"] = pointers[0] | ({"also": pointers[1:]} if pointers[1:] else {})
    answer.update(_board(context))
    context.show({"initialized": answer})


def _board(context: Context) -> dict[str, object]:
    """Join the published board if the user wants to; return what to print about it."""
    from projects.client import board_hint

    options = context.options
    if options.join and options.new:
        raise UsageError("--join and --new exclude each other")
    published = board_hint.unjoined(context.directory)
    context.autostart = False  # only to ask
    if options.new or not (options.join or published or board_hint.left(context)):
        return {}
    from projects.client import board_joining, board_sync, consent

    place = board_joining.Place(options.remote, options.ref, person=options.person)
    # An agent may have the terminal of its user: without --join only a person at the keyboard is asked.
    is_person = consent.has_terminal() if options.join else sys.stdin is not None and sys.stdin.isatty()
    if not options.join and not is_person:
        return {"board": {"published": published, "joined": False, "try": "pm init --join"}}
    context.autostart = True
    try:
        joined = board_joining.enable(context, place) if is_person else board_joining.join_published(context, place)
    except NeedsPerson as error:
        if options.join:
            raise
        context.warn(str(error))
        return {"board": {"published": published, "joined": False, "try": "pm init --join"}}
    return {"sync": joined, "synchronized": board_sync.sync(context)}


VERB = Verb(
    "",
    "Create the config directory, its .gitignore and a config.toml with all settings commented out.",
    init,
    (
        option(
            "--agents", action="store_true", help="also add a pointer to `pm prime` to AGENTS.md, CLAUDE.md, GEMINI.md"
        ),
        option("--join", action="store_true", help="join the board of the remote; asks a person on a terminal"),
        option("--new", action="store_true", help="keep a board of this clone's own, although one is published"),
        option("--remote", metavar="NAME", help="with --join: the remote (origin, or the only one)"),
        option("--ref", default="refs/pm/board", metavar="REF", help="with --join: the ref (refs/pm/board)"),
        option("--person", metavar="NAME", help="with --join: your name on the board"),
    ),
)
