"""`pm news`: what others changed since your last look."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import LINES, ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

MANY_OWN = 200  # own changes, which are no news, after which it is worth a request to skip them


def news(context: Context) -> None:
    """Print what is new, then report to the server that it has arrived."""
    query = {"max_bytes": context.options.max_bytes}
    answer = context.api.get(f"{ROOT}news/", query, wanted=("news", "seen", "cursor"))
    more = {"more": answer["more"]} if "more" in answer else {}
    ids = [note.pop("id") for note in answer.get("notes", ())]
    notes = {"notes": answer["notes"]} if ids else {}
    context.show({**notes, "news": answer["news"], **more})
    seen = answer["seen"]
    if ids or answer["news"] or seen is None or answer["cursor"] - seen > MANY_OWN:
        read = {"notes": ids} if ids else {}
        context.api.call("POST", f"{ROOT}news/seen/", {"cursor": answer["cursor"], **read})


VERB = Verb(
    "",
    "Show what others changed since your session's last look, the oldest first; again for more.",
    news,
    (option("--max-bytes", type=int, metavar="N", help="bytes of a page (1400)"), LINES),
    example="pm news",
)
