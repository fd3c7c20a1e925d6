"""`pm sync`: the board as a file that git can merge."""

from __future__ import annotations

from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def export(context: Context) -> None:
    """Export the board."""
    from projects.client import transfer

    options = context.options
    if options.path is None or options.path == "-":
        transfer.export_to_output(context, options.project)
        return
    counts = transfer.export(context, options.path, options.project)
    context.show({"exported": {**counts, "path": options.path}})


def import_file(context: Context) -> None:
    """Import a file."""
    from projects.client import transfer

    options = context.options
    context.show(transfer.import_file(context, options.path, dry_run=options.dry_run))


def hooks(context: Context) -> None:
    """Install, remove, show or run the git hooks."""
    from projects.client import hooks, hooks_run

    options = context.options
    if options.action == "run":
        hooks_run.run(context, options.hook)
    else:
        context.show({"hooks": getattr(hooks, options.action)(context)})


VERBS = (
    Verb(
        "export",
        "Write the board to a deterministic JSON file, one row per line.",
        export,
        (
            option("--project", metavar="P", help="only this project, by UUID or key"),
            option("-o", dest="path", metavar="FILE", help="write to this file instead of standard output"),
        ),
    ),
    Verb(
        "import",
        "Merge an export into the board, all or nothing; the newer version of a row wins.",
        import_file,
        (
            option(
                "-f", "--file", dest="path", required=True, metavar="FILE", help="the export file; - for standard input"
            ),
            option("--dry-run", action="store_true", help="print the report without writing anything"),
        ),
    ),
    Verb(
        "hooks",
        "Manage git hooks that export to .pm/data.json before a commit and import it after merge and checkout.",
        hooks,
        (
            option("action", choices=("install", "uninstall", "status", "run"), metavar="install|uninstall|status"),
            option("hook", nargs="*", metavar="HOOK", help="used by the hooks, which call run"),
        ),
    ),
)
