"""`pm import`: bring the work of another tracker."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import PROJECT_FLAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

SOURCES = ("beads", "backlog", "taskmaster", "taskwarrior", "github", "jira", "csv", "jsonl")


def import_items(context: Context) -> None:
    """Import the files of another tracker."""
    from projects.client import tracker_files

    options = context.options
    report = tracker_files.import_from(
        context,
        options.source,
        options.path,
        map_file=options.map,
        people=options.map_user or (),
        project=options.project,
        title=options.new_project,
        dry_run=options.dry_run,
        overwrite_older=options.overwrite_older,
    )
    context.show({"imported": report})


VERB = Verb(
    "",
    "Import the issues of another tracker; again, it brings only what changed there and not here.",
    import_items,
    (
        option("source", metavar="SOURCE", choices=SOURCES, help=", ".join(SOURCES)),
        option("path", metavar="PATH", help="the tracker's file, for backlog its folder; - for stdin"),
        PROJECT_FLAG,
        option("--new-project", metavar="TITLE", help="create the project if there is none; --project is its key"),
        option("--map", metavar="FILE", help="JSON or TOML: words, columns and people, where they differ"),
        option("--map-user", metavar="OLD=NEW", action="append", help="a person's name here; repeat for several"),
        option("--overwrite-older", action="store_true", help="also take issues older than their last import"),
        option("--dry-run", action="store_true", help="print the same report, and write nothing"),
    ),
    example="pm import beads .beads/issues.jsonl --dry-run",
)
