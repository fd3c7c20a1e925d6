"""`pm backup`: copy the database while the server runs."""

from __future__ import annotations

import os

from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def backup(context: Context) -> None:
    """Make a backup."""
    from projects.client import backups

    options = context.options
    path = options.path or backups.default_path(context)
    backups.make(context, path, force=options.force)
    context.show({"backup": {"path": path, "bytes": os.path.getsize(path)}})


VERB = Verb(
    "",
    "Back up the database to a file while the server runs; restore-backup restores it.",
    backup,
    (
        option("path", nargs="?", metavar="FILE", help="output file (.pm/backups/<time>.db)"),
        option("--force", action="store_true", help="replace an existing file"),
    ),
)
