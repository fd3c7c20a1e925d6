"""`pm create`: create an item."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option
from projects.client.receipts import ACCEPT, FULL, ITEMS, plan, show, texts_from_input, without_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

LINKS = {
    "needs": "keys of the items to finish first, with commas",
    "blocks": "keys of the items that wait for it, with commas",
    "from": "key of the item during whose work it was found",
}


def create(context: Context) -> None:
    """Create an item."""
    options = context.options
    given = texts_from_input(ITEMS.given(options))
    if "title" not in given:
        raise UsageError('the title is missing: pm create "TITLE"', field="title")
    item = {name.removesuffix("_id"): value for name, value in given.items()}
    for name in LINKS:
        if keys := getattr(options, f"link_{name}"):
            item[name] = ",".join(keys)
    if options.accept:
        item["accept"] = options.accept
    body: dict[str, Json] = {"items": [item]}
    if options.project:
        body["project"] = options.project
    show(context, plan(context, body)["items"])


VERB = Verb(
    "",
    "Create an item: a task, unless --type names another type. Texts can be - for standard input.",
    create,
    (
        *without_files(ITEMS.create_options("title", "item_type")),
        ACCEPT,
        *(
            option(f"--{name}", dest=f"link_{name}", action="append", metavar="KEY", help=text)
            for name, text in LINKS.items()
        ),
        FULL,
    ),
    example='pm create "Fix the parser" -t bug -p high --parent PONE-3',
    places=("--title",),
)
