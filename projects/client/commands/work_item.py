"""`pm work-item`: epics, stories and tasks."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option
from projects.client.resource import EXPECTED_VERSION, ID, LIMIT, PROJECT, EntityResource, minutes
from projects.entities import work_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.argv import Options
    from projects.client.context import Context

ITEMS = EntityResource(work_item.WORK_ITEM)
# These filters imply a project.
LOCATING = ("parent", "sprint", "descendants_of", "ancestors_of", "view")
LEASE = option(
    "--lease", type=minutes, metavar="TIME", help="minutes, or 2h, until the claim expires unless renewed (60)"
)
LEASE_ID = option("--lease-id", metavar="L", help="lease_id of the claim, from another session than its own")
MOVE = (
    option("--before", metavar="ITEM", help="move it directly before this item"),
    option("--after", metavar="ITEM", help="move it directly after this item"),
)
UPDATE = ITEMS.update_options(
    option("--add-label", action="append", metavar="NAME", help="add this label; repeat for several"),
    option("--remove-label", action="append", metavar="NAME", help="remove this label; repeat for several"),
    LEASE_ID,
    option("--force", action="store_true", help="despite open children or blockers, or another's claim"),
)


def list_items(context: Context) -> None:
    """List the items of a project."""
    options = context.options
    project = options.project
    if not project and not any(getattr(options, name) for name in LOCATING):
        from projects.client.default_project import project_of

        project = project_of(context, None)
    ITEMS.list(context, project=project, **ITEMS.filters(options))


def ready(context: Context) -> None:
    """List the items that are ready to start."""
    from projects.client.default_project import project_of

    query = {"project": project_of(context, context.options.project), "limit": context.options.limit}
    page = context.api.get(f"{ITEMS.path}ready/", query, wanted=("results",))
    context.show({"work_items": page["results"]})


def claim(context: Context) -> None:
    """Claim an item, or the next ready one."""
    options = context.options
    if not options.next:
        if not options.id:
            raise UsageError("the item is missing: give its ID, or use --next PROJECT", field="id")
        context.show(ITEMS.act(context, "claim", lease=options.lease, force=options.force or None))
        return
    from projects.client.default_project import project_of

    body = {"project": project_of(context, options.id)}
    if options.lease is not None:
        body["lease"] = options.lease
    context.show(context.api.call("POST", f"{ITEMS.path}claim-next/", body))


def renew(context: Context) -> None:
    """Renew a claim."""
    context.show(ITEMS.act(context, "renew", lease_id=context.options.lease_id, lease=context.options.lease))


def release(context: Context) -> None:
    """Release a claim."""
    options = context.options
    if options.lease_id and options.force:
        raise UsageError("--lease-id and --force can't be used together", field="lease_id")
    answer = ITEMS.act(context, "release", lease_id=options.lease_id, force=options.force or None)
    context.show({"work_item": answer})


def show(context: Context) -> None:
    """Print an item with its context."""
    query = {"max_bytes": context.options.max_bytes}
    context.show({"work_item": context.api.get(f"{ITEMS.path_of(context)}show/", query)})


def create(context: Context) -> None:
    """Create an item."""
    ITEMS.create(context, item_type="task")


def update(context: Context) -> None:
    """Update an item."""
    ITEMS.update(context, force=context.options.force, more=claim_and_labels(context.options))


def claim_and_labels(options: Options) -> dict[str, object]:
    """Return the labels to add and to remove, and the proof of a claim."""
    labels = {"add_labels": options.add_label, "remove_labels": options.remove_label}
    found: dict[str, object] = {name: value for name, value in labels.items() if value}
    if options.lease_id:
        found["lease_id"] = options.lease_id
    return found


def delete(context: Context) -> None:
    """Delete an item."""
    given = {name: True for name in ("recursive", "force") if getattr(context.options, name)}
    ITEMS.delete(context, given or None)


def move(context: Context) -> None:
    """Move an item before or after another."""
    options = context.options
    if bool(options.before) == bool(options.after):
        raise UsageError("give either --before ID or --after ID", field="before")
    context.show({"work_item": ITEMS.act(context, "move", before=options.before, after=options.after)})


def bulk_update(context: Context) -> None:
    """Update many items in one transaction."""
    from projects.client import text_input

    updates = text_input.read_changes(context.options.from_file)
    context.show(context.api.call("POST", f"{ITEMS.path}bulk-update/", {"updates": updates}))


VERBS = (
    Verb("list", "List the unfinished items of a project.", list_items, (PROJECT, *ITEMS.list_options())),
    Verb("ready", "List the items that are ready to start, most urgent first.", ready, (PROJECT, LIMIT)),
    Verb(
        "claim",
        "Claim an item, or the next ready one with --next: in progress, and yours until the lease expires.",
        claim,
        (
            option("id", nargs="?", metavar="ID|PROJECT", help="the item, or the project with --next"),
            option("--next", action="store_true", help="claim the first ready item"),
            LEASE,
            option(
                "--force",
                action="store_true",
                help="claim it even if it is not ready or is someone else's",
            ),
        ),
    ),
    Verb("renew", "Renew your claim.", renew, (ID, LEASE_ID, LEASE)),
    Verb(
        "release",
        "Release a claim, so that others can take the item.",
        release,
        (
            ID,
            LEASE_ID,
            option("--force", action="store_true", help="release the claim of any user"),
        ),
    ),
    Verb("get", "Show one item with all its fields.", ITEMS.get, (ID,)),
    Verb(
        "show",
        "Show an item with its parents, children, dependencies, comments, time entries and latest changes.",
        show,
        (ID, option("--max-bytes", type=int, metavar="N", help="truncate texts to fit the output into N bytes")),
    ),
    Verb(
        "create",
        "Create an item: a task, unless --type names another type.",
        create,
        ITEMS.create_options("item_type"),
        places=("--title",),
    ),
    Verb(
        "update",
        "Change an item.",
        update,
        UPDATE,
    ),
    Verb(
        "delete",
        "Delete an item; restore undoes this.",
        delete,
        (
            ID,
            option("--recursive", action="store_true", help="also delete everything below it"),
            option("--force", action="store_true", help="also delete what another session holds"),
            EXPECTED_VERSION,
        ),
    ),
    Verb("restore", "Restore a deleted item, with the items deleted along with it.", ITEMS.restore, (ID,)),
    Verb("move", "Move an item before or after another.", move, (ID, *MOVE)),
    Verb(
        "bulk-update",
        "Change many items at once, all or none.",
        bulk_update,
        (
            option(
                "--from-file",
                required=True,
                metavar="PATH",
                help="one JSON object with an id per line; - for standard input",
            ),
        ),
    ),
)
