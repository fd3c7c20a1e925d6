"""`pm begin`: claim an item and show it, in one call."""

from __future__ import annotations

from projects.client.commands.work_item import LEASE
from projects.client.grammar import Verb, option
from projects.client.receipts import FULL, ITEMS
from projects.client.resource import LINES, PROJECT_FLAG, ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context


def begin(context: Context) -> None:
    """Claim an item, or the next one, and print what is needed to work on it."""
    options = context.options
    context.report_commits()
    item = take(context, options.id, project=options.project, lease=options.lease, force=options.force or None)
    if options.full:
        notes = {"notes": item["notes"]} if "notes" in item else {}
        item = {**notes, "work_item": context.api.get(f"{ITEMS.path_to(item['key'])}show/")}
    show(context, item)


def show(context: Context, answer: Json) -> None:
    """Print what was begun, then report to the server that the notes in it have arrived."""
    ids = [note.pop("id") for note in answer.get("notes", ())]
    context.show(answer)
    if ids:
        context.api.call("POST", f"{ROOT}news/seen/", {"notes": ids})


def take(context: Context, key: str | None = None, **given: object) -> Json:
    """Claim an item, or the next one, and return it in short."""
    body = {name: value for name, value in given.items() if value is not None and (name != "project" or not key)}
    path = ITEMS.path_to(key) if key else ITEMS.path
    return context.api.call("POST", f"{path}begin/", body, wanted=("key",))


VERB = Verb(
    "",
    "Claim an item and show it; without KEY your own in progress, else the first ready one. Again renews it.",
    begin,
    (
        option("id", nargs="?", metavar="KEY", help="the item"),
        PROJECT_FLAG,
        LEASE,
        option(
            "--force",
            action="store_true",
            help="claim it even if it is not ready or is someone else's",
        ),
        LINES,
        FULL,
    ),
    example="pm begin PONE-12",
)
