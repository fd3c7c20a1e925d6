"""`pm work-item`: epics, stories and tasks."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option
from projects.client.resource import EXPECTED_VERSION, ID, LIMIT, LIST, PROJECT, PROJECT_FLAG, Resource, clear
from projects.client.work_item_options import (
    CLEARING,
    FIELDS,
    FILTERS,
    LEASE,
    LEASE_ID,
    MOVE,
    NEW_TITLE,
    TITLE,
    TYPE,
    fields_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

ITEMS = Resource("work-items", "work_item", "work_items")
REPEATABLE = ("type", "status", "priority", "label")
# What is below an item or in a sprint is in one project anyway.
LOCATING = ("parent", "sprint", "descendants_of", "ancestors_of")


def list_items(context: Context) -> None:
    """List the items of a project."""
    options = context.options
    project = options.project
    if not project and not any(getattr(options, name) for name in LOCATING):
        from projects.client.board import project_of

        project = project_of(context, None)
    ITEMS.list(
        context,
        project=project,
        assignee=options.assignee,
        sprint=options.sprint,
        parent=options.parent,
        descendants_of=options.descendants_of,
        ancestors_of=options.ancestors_of,
        updated_since=options.updated_since,
        search=options.search,
        **{name: ",".join(getattr(options, name)) for name in REPEATABLE if getattr(options, name)},
        **{name: "true" for name in ("orphaned", "blocked", "include_done", "deleted") if getattr(options, name)},
    )


def ready(context: Context) -> None:
    """List what can be begun."""
    from projects.client.board import project_of

    query = {"project": project_of(context, context.options.project), "limit": context.options.limit}
    page = context.api.get(f"{ITEMS.path}ready/", query, wanted=("results",))
    context.show({"work_items": page["results"]})


def claim(context: Context) -> None:
    """Claim an item, or the first that is ready."""
    options = context.options
    if not options.next:
        if not options.id:
            raise UsageError("which item? name it, or take the next one by --next", field="id")
        context.show(ITEMS.act(context, "claim", lease=options.lease))
        return
    from projects.client.board import project_of

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
    if bool(options.lease_id) == options.force:
        raise UsageError("name your claim by --lease-id, or end somebody's by --force", field="lease_id")
    answer = ITEMS.act(context, "release", lease_id=options.lease_id, force=options.force or None)
    context.show({"work_item": answer})


def show(context: Context) -> None:
    """Print an item and all around it."""
    query = {"max_bytes": context.options.max_bytes}
    context.show({"work_item": context.api.get(f"{ITEMS.path_of(context)}show/", query)})


def create(context: Context) -> None:
    """Create an item."""
    from projects.client.board import project_of

    fields = fields_of(context.options)
    project = project_of(context, context.options.project)
    ITEMS.create(context, project=project, item_type=context.options.type, **fields)


def update(context: Context) -> None:
    """Update an item."""
    ITEMS.update(context, CLEARING, force=context.options.force, **fields_of(context.options))


def delete(context: Context) -> None:
    """Delete an item."""
    ITEMS.delete(context, {"recursive": True} if context.options.recursive else None)


def move(context: Context) -> None:
    """Move an item before or after another."""
    options = context.options
    if bool(options.before) == bool(options.after):
        raise UsageError("say where to: --before ID or --after ID", field="before")
    context.show({"work_item": ITEMS.act(context, "move", before=options.before, after=options.after)})


def bulk_update(context: Context) -> None:
    """Update many items in one step."""
    from projects.client import batch

    updates = batch.read(context.options.from_file)
    context.show(context.api.call("POST", f"{ITEMS.path}bulk-update/", {"updates": updates}))


VERBS = (
    Verb("list", "List the items of a project, all that are not done.", list_items, (PROJECT, *FILTERS, *LIST)),
    Verb("ready", "List what can be begun, the most urgent first.", ready, (PROJECT, LIMIT)),
    Verb(
        "claim",
        "Take an item, or by --next the first that is ready: in progress, yours until the lease runs out.",
        claim,
        (
            option("id", nargs="?", metavar="ID|PROJECT", help="the item; with --next the project"),
            option("--next", action="store_true", help="take the first item that is ready"),
            LEASE,
        ),
    ),
    Verb("renew", "Let your claim run on.", renew, (ID, LEASE_ID, LEASE)),
    Verb(
        "release",
        "Give an item back, ready for others.",
        release,
        (
            ID,
            option("--lease-id", metavar="L", help="your claim, as it was answered"),
            option("--force", action="store_true", help="end the claim, whoever holds it"),
        ),
    ),
    Verb("get", "Show one item, all its fields.", ITEMS.get, (ID,)),
    Verb(
        "show",
        "Show an item with its parents, children, dependencies, comments, time and latest changes.",
        show,
        (ID, option("--max-bytes", type=int, metavar="N", help="shorten texts until the answer fits")),
    ),
    Verb("create", "Create an item.", create, (PROJECT_FLAG, TYPE, NEW_TITLE, *FIELDS)),
    Verb(
        "update",
        "Change an item.",
        update,
        (
            ID,
            TITLE,
            *FIELDS,
            clear(*CLEARING),
            EXPECTED_VERSION,
            option("--force", action="store_true", help="done in spite of open children or blockers"),
        ),
    ),
    Verb(
        "delete",
        "Delete an item; restore brings it back.",
        delete,
        (ID, option("--recursive", action="store_true", help="with all that is below it"), EXPECTED_VERSION),
    ),
    Verb("restore", "Bring a deleted item back, with what was deleted along with it.", ITEMS.restore, (ID,)),
    Verb("move", "Put an item before or after another.", move, (ID, *MOVE)),
    Verb(
        "bulk-update",
        "Change many items at once: all of them or none.",
        bulk_update,
        (option("--from-file", required=True, metavar="PATH", help="a JSON object a line, with its id; - for stdin"),),
    ),
)
