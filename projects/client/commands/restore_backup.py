"""`pm restore-backup`: put a backup in the database's place."""

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


VERBS = (
    Verb(
        "",
        "Put a backup in the database's place, with the server stopped; the old data is kept beside it.",
        restore,
        (option("path", metavar="FILE", help="what pm backup wrote"),),
    ),
)
