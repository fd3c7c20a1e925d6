"""`pm answer`: answer a question, as a person at a terminal."""

from __future__ import annotations

from projects.client.api import quote
from projects.client.errors import NeedsPerson, UsageError
from projects.client.grammar import Verb, option
from projects.client.receipts import FULL
from projects.client.waiting import QUESTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context


def answer(context: Context) -> None:
    """Show the question to the person at the terminal, and send the answer that they confirm or type."""
    from projects.client.consent import Person

    options = context.options
    if options.text is not None and options.choice is not None:
        raise UsageError("a text and --choice can't be used together", field="choice")
    program = context.identity.program
    if program is not None:
        raise NeedsPerson(
            f"only a person can answer, and {program.name} runs this command ({program.variable})",
            **{"try": f"pm wait {options.id}"},
        )
    path = f"{QUESTIONS}{quote(options.id)}/"
    question = context.api.get(path, wanted=("display_key", "text", "choices", "details", "created_by"))
    with Person(f"pm answer {options.id}") as person:
        text = _shown(question)
        if options.text is None and options.choice is None:
            body = _body(person.ask(f"{text}\nAnswer: "), question)
        else:
            body = {"answer": options.text} if options.choice is None else {"choice": options.choice}
            person.agree(f"{text}\nAnswer: {options.text or options.choice}\nSend it?")
    found = context.api.call("POST", f"{path}answer/", body, wanted=("display_key", "answer"))
    context.show({"question": found if options.full else found["display_key"], "answer": found["answer"]})


def _shown(question: Json) -> str:
    """Return the question as a person reads it; the terminal shows no control characters of it."""
    lines = [f"{question['display_key']}, {question['created_by']} asks: {question['text']}"]
    lines += [question["details"]] if question["details"] else []
    return "\n".join((*lines, *(f"  {number} {text}" for number, text in enumerate(question["choices"], 1))))


def _body(typed: str, question: Json) -> dict[str, object]:
    """Return what a person typed as an answer: the number of a choice, or a text. Raises NeedsPerson for nothing."""
    if not typed:
        raise NeedsPerson("nothing was done: the person at the terminal typed no answer")
    is_number = typed.isascii() and typed.isdigit() and 1 <= int(typed[:3]) <= len(question["choices"])
    return {"choice": int(typed)} if is_number else {"answer": typed}


VERB = Verb(
    "",
    "Answer a question as a person at a terminal; without TEXT it asks for the answer.",
    answer,
    (
        option("id", metavar="QUESTION", help="the question, such as PONE-12.q1"),
        option("text", nargs="?", metavar="TEXT", help="the answer; the text of a choice picks it"),
        option("--choice", type=int, metavar="N", help="pick this choice; the first is 1"),
        FULL,
    ),
    example="pm answer PONE-12.q1 --choice 2",
)
