"""`pm sync`: share the board through a git remote, or as a file."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MIN_INTERVAL, MAX_INTERVAL = 10, 7 * 86400  # seconds


def sync(context: Context) -> None:
    """Synchronise the board with other clones."""
    from projects.client import board_sync

    if context.options.watch:
        board_sync.watch(context, context.options.interval)
    else:
        context.show(board_sync.sync(context))


def status(context: Context) -> None:
    """Show what this clone is joined to."""
    from projects.client import board_sync

    context.show({"sync": board_sync.status(context)})


def enable(context: Context) -> None:
    """Join a board in git."""
    from projects.client import board_joining

    place = board_joining.Place.of(context.options)
    join = board_joining.preview if context.options.dry_run else board_joining.enable
    context.show({"sync": join(context, place)})


def migrate(context: Context) -> None:
    """Move a board from .pm/data.json to a ref of the remote."""
    from projects.client import board_migration

    context.show({"migrated": board_migration.migrate(context)})


def disable(context: Context) -> None:
    """Leave the board in git."""
    context.show({"sync": context.api.call("POST", "/api/v1/sync/disable/")})


def verify(context: Context) -> None:
    """Compare the board with its log."""
    from projects.client import board_repair

    context.show({"verified": board_repair.verify(context)})


def skip(context: Context) -> None:
    """Make a segment of the log void in this clone."""
    from projects.client import board_repair

    context.show(board_repair.skip(context))


def upgrade(context: Context) -> None:
    """Change the log to the newest format."""
    from projects.client import board_repair

    context.show({"upgraded": board_repair.upgrade(context)})


def repair(context: Context) -> None:
    """Publish again what the remote lost."""
    from projects.client import board_repair

    context.show(board_repair.repair(context))


def export(context: Context) -> None:
    """Export the board."""
    from projects.client import transfer

    options = context.options
    if options.with_history:
        if options.project or options.unpublished:
            raise UsageError("--with-history is about the whole board: use it alone", field="with_history")
        found = transfer.export_history(context, options.path)
        if found is not None:
            context.show({"exported": found})
        return
    if options.unpublished:
        if options.project:
            raise UsageError("--unpublished and --project can't be used together", field="project")
        counts = transfer.export_unpublished(context, options.path)
        if counts is not None:
            context.show({"exported": counts})
        return
    if options.path is None or options.path == "-":
        transfer.export_to_output(context, options.project)
        return
    counts = transfer.export(context, options.path, options.project)
    context.show({"exported": {**counts, "path": options.path}})


def import_file(context: Context) -> None:
    """Import a file."""
    from projects.client import transfer

    options = context.options
    if options.unpublished:
        if options.dry_run:
            raise UsageError("--unpublished and --dry-run can't be used together", field="dry_run")
        context.show({"imported": transfer.import_unpublished(context, options.path)})
        return
    context.show(transfer.import_file(context, options.path, dry_run=options.dry_run))


def hooks(context: Context) -> None:
    """Remove the git hooks of earlier versions."""
    from projects.client import hooks

    context.show({"hooks": hooks.uninstall(context.environ)})


def hooks_action(text: str) -> str:
    """Accept `uninstall`; answer an installed hook, which calls `run`, that hooks are retired."""
    if text != "uninstall":
        raise refused(
            "the git hooks are retired; to remove them: pm sync hooks uninstall; to share the board: pm sync migrate"
        )
    return text


def interval(text: str) -> int:
    """Parse the time between two syncs in the background, such as 90, 90s, 5m, 2h or 1d, or 0; return seconds."""
    return 0 if text == "0" else _seconds(text, MIN_INTERVAL)


def pause(text: str) -> int:
    """Parse the time between two syncs that a person watches; return seconds."""
    return _seconds(text, 1)


def _seconds(text: str, least: int) -> int:
    number, unit = (text[:-1], UNITS[text[-1:]]) if text[-1:] in UNITS else (text, 1)
    seconds = int(number) * unit
    if not least <= seconds <= MAX_INTERVAL:
        raise refused(f"{text!r} is not between {least} {'second' if least == 1 else 'seconds'} and 7 days")
    return seconds


JOIN_FLAGS = (
    option("--remote", metavar="NAME", help="a remote of the repository (origin, or the only one)"),
    option(
        "--ref",
        metavar="REF",
        help="refs/pm/NAME, or refs/heads/NAME where a host refuses others (refs/pm/board)",
    ),
    option("--interval", type=interval, metavar="TIME", help="sync in the background, such as every 5m; 0: don't"),
    option("--person", metavar="NAME", help="your name on the board; asked for if not given"),
    option("--new", action="store_true", help="found a board although config.toml names another one"),
)
VERBS = (
    Verb(
        "status",
        "Show what this clone shares the board through, and what is unpublished.",
        status,
    ),
    Verb(
        "enable",
        "Join the board of a git remote, or found it there; asks a person on the terminal.",
        enable,
        (
            *JOIN_FLAGS,
            option("--dry-run", action="store_true", help="show what would be united, and write nothing"),
        ),
    ),
    Verb(
        "migrate",
        "Move a board that git tracks as .pm/data.json: import it, share it through a remote, remove the git hooks.",
        migrate,
        (
            *JOIN_FLAGS,
            option("--write-hint", action="store_true", help="name the board in .pm/config.toml, for other clones"),
            option("--dry-run", action="store_true", help="show what would be imported and united, and write nothing"),
        ),
    ),
    Verb("disable", "Stop sharing the board from this clone; it stays as it is, here and there.", disable),
    Verb(
        "verify",
        "Compare the board with its log from the beginning, and name the first difference.",
        verify,
        (option("--rebuild", action="store_true", help="rewrite the board from the log"),),
    ),
    Verb(
        "skip",
        "Ignore a segment of the log that can't be read; asks a person on the terminal.",
        skip,
        (option("segment", type=int, metavar="SEGMENT", help="the number that the error of pm sync names"),),
    ),
    Verb(
        "repair",
        "Publish again what a rewound, replaced or deleted ref lacks; asks a person on the terminal.",
        repair,
    ),
    Verb(
        "upgrade",
        "Change the log to the newest format, which an older pm can't follow; asks a person on the terminal.",
        upgrade,
    ),
    Verb(
        "export",
        "Write the board to a deterministic JSON file, one row per line.",
        export,
        (
            option("--project", metavar="P", help="only this project, by UUID or key"),
            option("-o", dest="path", metavar="FILE", help="write to this file instead of standard output"),
            option(
                "--unpublished",
                action="store_true",
                help="only unpublished changes, to be imported by a clone that may push",
            ),
            option(
                "--with-history",
                action="store_true",
                help="the whole board with activity, users and files, as JSON lines: pm-manage board_history reads it",
            ),
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
            option(
                "--unpublished",
                action="store_true",
                help="the file is of pm sync export --unpublished; the next sync publishes it",
            ),
        ),
    ),
    Verb(
        "hooks",
        "Remove the git hooks that earlier versions installed; they are retired.",
        hooks,
        (
            option("action", type=hooks_action, choices=("uninstall",), metavar="uninstall"),
            option("hook", nargs="*", metavar="HOOK", help="ignored; hooks that are still installed pass it"),
        ),
    ),
    Verb(
        "",
        "Synchronise the board with other clones: fetch their changes, publish the ones made here.",
        sync,
        (
            option("--watch", action="store_true", help="repeat at the interval of the clone (5m) until interrupted"),
            option("--interval", type=pause, metavar="TIME", help="with --watch: repeat at this interval"),
        ),
    ),
)
