"""The short answers of verbs at the top level: flat objects, one a line, without empty members."""

from __future__ import annotations

from projects.client.grammar import option
from projects.client.resource import ROOT, EntityResource
from projects.entities import spec, work_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.argv import Option
    from projects.client.context import Context

ITEMS = EntityResource(work_item.WORK_ITEM)
KEY = option("id", metavar="KEY", help="the item's key or UUID")
EACH = option("id", nargs="+", each=True, metavar="KEY", help="keys or UUIDs of items, done one after the other")
HELD = "keys or UUIDs of items; by default the one that this session holds"
EACH_HELD = option("id", nargs="*", each=True, metavar="KEY", help=HELD)
HELD_KEYS = option("ids", nargs="*", metavar="KEY", help=HELD)
KEYS = option("ids", nargs="+", metavar="KEY", help="keys or UUIDs of items")
PROJECT_FLAG = option("--project", metavar="PROJECT", help="UUID or key; by default all projects")
FULL = option("--full", action="store_true", help="answer whole objects")
FORCE = option("--force", action="store_true", help="despite open children or blockers, or another's claim")
ACCEPT = option("--accept", action="append", metavar="TEXT", help="acceptance criterion; repeat for several")
# The fields of a row, by their names in short answers: those of the flags.
ROW = {
    "key": "display_key",
    "type": "item_type",
    "title": "title",
    "status": "status",
    "priority": "priority",
    "parent": "parent",
    "assignee": "assignee",
    "points": "story_points",
    "due": "due_date",
    "labels": "labels",
    "criteria": "criteria",
    "closing": "closing",
    "version": "version",
}
FIELDS = ",".join(ROW.values())


def edit(context: Context, keys: list[str], changes: dict[str, Json], **more: Json) -> list[Json]:
    """Make the same changes to items, all or none, print a receipt for each, and return them.

    `more` are other members of the request.
    """
    for key in keys:
        ITEMS.path_to(key)  # refuses what is not an ID
    body = {"items": keys, "changes": changes, **more}
    answer = context.api.call("POST", f"{ITEMS.path}edit/", body, wanted=("receipts",))
    receipts: list[Json] = answer["receipts"]
    show(context, receipts)
    return receipts


def show(context: Context, receipts: list[Json]) -> None:
    """Print one receipt a line; with --full the items."""
    for receipt in receipts:
        if context.options.full:
            context.show({"work_item": context.api.get(ITEMS.path_to(receipt["key"]))})
        else:
            context.show(receipt)


def plan(context: Context, body: dict[str, Json]) -> Json:
    """Create the items of a plan, all or none, and return the answer."""
    return context.api.call("POST", f"{ROOT}plan/", body, wanted=("items",))


def short_row(row: Json) -> Json:
    """Return a row of a list with the names of short answers, without empty members."""
    short = {name: row[field] for name, field in ROW.items()}
    return {name: value for name, value in short.items() if value or value == 0}


def without_files(options: tuple[Option, ...]) -> tuple[Option, ...]:
    """Return the options but for those that read a file: a text of a short verb is `-` instead."""
    return tuple(each for each in options if not each[0][-1].endswith("-file"))


def texts_from_input(given: dict[str, Json]) -> dict[str, Json]:
    """Return the fields of a call; a text that is `-` is read from standard input."""
    texts = {field.name for field in ITEMS.entity.fields if field.kind == spec.TEXT}
    return {name: text_or_input(value, name) if name in texts and value else value for name, value in given.items()}


def text_or_input(text: str, name: str) -> str:
    """Return the text; `-` reads standard input."""
    if text != "-":
        return text
    from projects.client.text_input import read_file

    return read_file("-", name).rstrip("\n")
