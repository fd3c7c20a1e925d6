"""`pm wait`: wait for the answer to a question."""

from __future__ import annotations

import time

from projects.client.grammar import Verb, option
from projects.client.waiting import await_answer, named, period

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

DEFAULT = 600  # seconds


def wait(context: Context) -> None:
    """Wait for answers, and print each when it comes."""
    end = time.monotonic() + getattr(context.options, "for")
    for key in named(context, context.options.id):
        context.show(await_answer(context, key, max(0, end - time.monotonic())))


VERB = Verb(
    "",
    "Wait for the answer to a question, or to all open questions of an item; exit 4: none yet.",
    wait,
    (
        option("id", metavar="KEY|QUESTION", help="the item, or a question such as PONE-12.q1"),
        option("--for", type=period, default=DEFAULT, metavar="TIME", help="how long, such as 30s or 2h (10m)"),
    ),
    example="pm wait PONE-12.q1 --for 5m",
)
