"""`pm time-entry`: timers and time spent on work items."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import EXPECTED_VERSION, ID, EntityResource, options_of
from projects.entities import time_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

ENTRIES = EntityResource(time_entry.TIME_ENTRY)


def list_entries(context: Context) -> None:
    """List time entries."""
    ENTRIES.list(context, **ENTRIES.filters(context.options))


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


WORK_ITEM, DESCRIPTION = (
    options_of(time_entry.TIME_ENTRY.field(name), required=name == "work_item")[0]
    for name in ("work_item", "description")
)
VERBS = (
    Verb("list", "List time entries.", list_entries, ENTRIES.list_options()),
    Verb("get", "Show one time entry.", ENTRIES.get, (ID,)),
    Verb(
        "start",
        "Start your timer on an item; a running one is stopped and shown.",
        start,
        (WORK_ITEM, DESCRIPTION),
        places=("--work-item",),
    ),
    Verb(
        "stop",
        "Stop your timer.",
        stop,
        (option("id", nargs="?", metavar="ID", help="time entry (your running timer)"),),
    ),
    Verb("create", "Log time spent.", ENTRIES.create, ENTRIES.create_options(), places=("--work-item",)),
    Verb("update", "Change one of your time entries.", ENTRIES.update, ENTRIES.update_options()),
    Verb("delete", "Delete a time entry; restore undoes this.", ENTRIES.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Restore a deleted time entry.", ENTRIES.restore, (ID,)),
)
