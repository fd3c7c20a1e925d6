"""`pm init`: create the config directory."""

from __future__ import annotations

import os

from projects import config_schema, workspace
from projects.client.errors import FileRefused
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

        path, changed = agents_file.point(workspace.repository_top(os.getcwd()) or workspace.root_of(directory))
        answer["agents"] = {"file": path, "changed": changed}
    context.show({"initialized": answer})


VERBS = (
    Verb(
        "",
        "Create the config directory, its .gitignore and a config.toml with all settings commented out.",
        init,
        (
            option(
                "--agents", action="store_true", help="also add a pointer to `pm prime` to the repository's AGENTS.md"
            ),
        ),
    ),
)
