"""What a person decides on a terminal about an item: it is shown first, and the person has to agree."""

from __future__ import annotations

from projects.client.consent import Person
from projects.client.errors import ApiError
from projects.client.receipts import ITEMS, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

OF_REVIEWS = ("accept", "send-back")


def decide(context: Context, command: str, question: str, **body: object) -> None:
    """Show what was handed in, ask, and do what the command says; print the receipt. Raises NeedsPerson."""
    found = evidence(context, context.options.id)
    if command in OF_REVIEWS and found["status"] != "review":  # as the server would, after the person agreed
        raise ApiError({"code": "CONFLICT", "message": f"{found['key']} is {found['status']}, not in review"}, 409)
    with Person(f"pm {command} {found['key']}") as person:
        person.agree("\n".join([*lines_of(found), question.format(found["key"])]))
    given = {name: value for name, value in body.items() if value is not None}
    show(context, [context.api.call("POST", f"{ITEMS.path_of(context)}{command}/", given, wanted=("key",))])


def offer_acceptance(context: Context, receipts: list[Json]) -> None:
    """Ask the person on the terminal whether to accept what became a review although it was to be done."""
    from projects.client.errors import NeedsPerson

    for receipt in receipts:
        if receipt["status"] != "review":
            continue
        try:
            with Person(f"pm accept {receipt['key']}") as person:
                question = "\n".join([*lines_of(evidence(context, receipt["key"])), f"Accept {receipt['key']}?"])
                person.agree(question)
        except NeedsPerson:
            continue  # it stays in review
        show(context, [context.api.call("POST", f"{ITEMS.path_to(receipt['key'])}accept/", {}, wanted=("key",))])


def evidence(context: Context, key: str) -> Json:
    """Return what the item lacks before it is done, and its latest review."""
    return context.api.get(f"{ITEMS.path_to(key)}evidence/", wanted=("key", "status", "missing"))


def lines_of(found: Json) -> list[str]:
    """Return the evidence of an item as lines for a person."""
    lines = [f"{found['key']} {found['title']}"]
    review = found.get("review")
    if review is not None and review["verdict"] == "waiting":
        lines.append(f"handed in by {review['by']}: {review.get('text') or 'without a text'}")
    return lines + [f"lacks: {each['what']} ({each['get']})" for each in found["missing"]]
