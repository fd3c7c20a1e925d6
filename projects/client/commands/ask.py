"""`pm ask`: ask the people of the board about an item."""

from __future__ import annotations

import time

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option
from projects.client.receipts import FULL, KEY, text_or_input
from projects.client.resource import ROOT
from projects.client.waiting import QUESTIONS, await_answer, period

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def ask(context: Context) -> None:
    """Ask a question, and wait for its answer with --wait."""
    options = context.options
    fields: dict[str, object] = {"work_item": options.id, "text": text_or_input(options.text, "text")}
    if options.choice:
        fields["choices"] = options.choice
    if options.details is not None and options.details_file is not None:
        raise UsageError("--details and --details-file can't be used together", field="details")
    if options.details_file is not None:
        from projects.client.text_input import read_file

        fields["details"] = read_file(options.details_file, "details")
    elif options.details is not None:
        fields["details"] = options.details
    if (options.default is None) is not (options.after is None):
        raise UsageError("--default TEXT and --after TIME go together", field="default")
    if options.default is not None:
        fields["default"] = options.default
        fields["default_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + options.after))
    found = context.api.call("POST", QUESTIONS, fields, wanted=("display_key", "status", "default_at"))
    if options.wait is not None:
        context.show(await_answer(context, found["display_key"], options.wait))
    elif options.full:
        context.show({"question": context.api.get(f"{ROOT}questions/{found['id']}/")})
    else:
        short = {"question": found["display_key"], "status": found["status"]}
        context.show(short | ({"default_at": found["default_at"]} if found["default_at"] else {}))


VERB = Verb(
    "",
    "Ask people about an item; it is not ready and its claim stands until the answer.",
    ask,
    (
        KEY,
        option("text", metavar="TEXT", help="the question: one sentence, at most 300 characters"),
        option("--choice", action="append", metavar="TEXT", help="an answer to choose; repeat, at most 6"),
        option("--details", metavar="TEXT", help="what people need to know, in Markdown"),
        option("--details-file", metavar="FILE", help="read them; - standard input"),
        option("--default", metavar="TEXT", help="the answer if none is given …"),
        option("--after", type=period, metavar="TIME", help="… in this time, at least 10m"),
        option("--wait", type=period, metavar="TIME", help="wait for the answer; exit 4: none yet"),
        FULL,
    ),
    example='pm ask PONE-12 "Which database?" --choice SQLite --choice Postgres --wait 10m',
)
