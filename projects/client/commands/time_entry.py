"""`pm time-entry`: timers, and time spent."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import DELETED, EXPECTED_VERSION, ID, LIST, WORK_ITEM, Resource, clear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from projects.client.context import Context

ENTRIES = Resource("time-entries", "time_entry", "time_entries")
CLEARING = {"description": ("description", "")}


def list_entries(context: Context) -> None:
    """List time entries."""
    options = context.options
    ENTRIES.list(
        context,
        work_item=options.work_item,
        user=options.user,
        project=options.project,
        running="true" if options.running else None,
        deleted="true" if options.deleted else None,
    )


def start(context: Context) -> None:
    """Start a timer."""
    body = {"work_item": context.options.work_item}
    if context.options.description is not None:
        body["description"] = context.options.description
    context.show(context.api.call("POST", f"{ENTRIES.path}start/", body))


def stop(context: Context) -> None:
    """Stop a timer."""
    named = context.options.id is not None
    answer = ENTRIES.act(context, "stop") if named else context.api.call("POST", f"{ENTRIES.path}stop/")
    context.show({"time_entry": answer})


def create(context: Context) -> None:
    """Write down time that was spent."""
    options = context.options
    ENTRIES.create(
        context,
        work_item_id=options.work_item,
        started_at=options.started_at,
        ended_at=options.ended_at,
        description=options.description,
    )


def update(context: Context) -> None:
    """Change a time entry."""
    options = context.options
    ENTRIES.update(
        context,
        CLEARING,
        started_at=options.started_at,
        ended_at=options.ended_at,
        description=options.description,
    )


def _span(*, required: bool) -> tuple[Any, ...]:
    return (
        option("--started-at", required=required, type=_moment, metavar="TIME", help="as 2026-01-31T09:00:00Z"),
        option("--ended-at", required=required, type=_moment, metavar="TIME", help="24 hours later at most"),
    )


def _moment(text: str) -> str | int:
    """Return a time as the API takes it: ISO 8601, or whole seconds since 1970."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


DESCRIPTION = option("--description", metavar="TEXT", help="what was done, 1000 characters at most")
VERBS = (
    Verb(
        "list",
        "List time entries.",
        list_entries,
        (
            option("--work-item", metavar="ITEM", help="only on this item"),
            option("--project", metavar="PROJECT", help="only in this project"),
            option("--user", metavar="NAME", help="only this user's"),
            option("--running", action="store_true", help="only timers that run"),
            DELETED,
            *LIST,
        ),
    ),
    Verb("get", "Show one time entry.", ENTRIES.get, (ID,)),
    Verb("start", "Start your timer on an item; one that runs is stopped and shown.", start, (WORK_ITEM, DESCRIPTION)),
    Verb(
        "stop",
        "Stop your timer.",
        stop,
        (option("id", nargs="?", metavar="ID", help="this entry's; else the one that runs"),),
    ),
    Verb("create", "Write down time that was spent.", create, (WORK_ITEM, *_span(required=True), DESCRIPTION)),
    Verb(
        "update",
        "Change a time entry of yours.",
        update,
        (ID, *_span(required=False), DESCRIPTION, clear(*CLEARING), EXPECTED_VERSION),
    ),
    Verb("delete", "Delete a time entry; restore brings it back.", ENTRIES.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Bring a deleted time entry back.", ENTRIES.restore, (ID,)),
)
