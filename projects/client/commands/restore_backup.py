"""`pm restore-backup`: replace the database with a backup."""

from __future__ import annotations

from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def restore(context: Context) -> None:
    """Restore a backup."""
    from projects.client import backups

    context.autostart = False
    kept = backups.restore(context, context.options.path)
    context.show({"restored": {"path": context.options.path, "kept": kept}})


VERB = Verb(
    "",
    "Replace the database with a backup; stop the server first. The old database is kept.",
    restore,
    (option("path", metavar="FILE", help="file written by pm backup"),),
)
