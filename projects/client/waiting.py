"""Wait for answers: ask the server now and then, so that a wait holds no thread of it.

A server of a team may hold the request until the board changes (see discovery.parking). A server that restarts or dies
meanwhile is looked up again.
"""

from __future__ import annotations

import time

from projects.client.api import SILENCE, quote
from projects.client.errors import ApiError, BadAnswer, ClientError, NoServer, NotAnswered, Unresponsive, UsageError
from projects.client.grammar import refused
from projects.client.resource import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

QUESTIONS = f"{ROOT}questions/"
FIRST_PAUSE, LAST_PAUSE, GROWTH = 0.2, 0.8, 1.2  # seconds between two looks
HELD = 20  # seconds that a server may hold a request
MARGIN = 2.0  # seconds before the client gives a silent server up
ABSENCE = 60.0  # seconds without a server before a wait gives up
AGAIN = 1.0  # seconds between looks for a server
LONGEST = 86400  # seconds of a wait
UNAVAILABLE = 503


def period(text: str) -> int:
    """Parse the time of a wait: a duration such as 10m, at most a day."""
    from projects.client import times

    found = times.duration(text)
    if found is None or not 0 < found <= LONGEST:
        raise refused(f"{text!r} is not a time from 1s to 1d, such as 10m")
    return found


def await_answer(context: Context, key: str, seconds: float) -> Json:
    """Return the answer to a question. Raises NotAnswered when the time is over or the question is closed."""
    end = time.monotonic() + seconds
    pause, seen, cursor = FIRST_PAUSE, time.monotonic(), 0
    while True:
        asked = time.monotonic()
        try:
            found = outcome(context, key, cursor, end - asked)
        except (NoServer, Unresponsive, BadAnswer, ApiError) as error:
            if isinstance(error, ApiError) and error.http_status != UNAVAILABLE:
                raise
            if time.monotonic() - seen > ABSENCE or time.monotonic() > end:
                raise _go_on(error, key) from None
            context.forget_server()
            time.sleep(AGAIN)
            continue
        seen = time.monotonic()
        if found["status"] != "open":
            return answered(found)
        if seen >= end:
            raise not_answered(found)
        cursor = found.get("cursor", 0)
        time.sleep(max(0.0, min(pause - (seen - asked), end - seen)))
        pause = min(pause * GROWTH, LAST_PAUSE)


def outcome(context: Context, key: str, cursor: int = 0, patience: float = 0.0) -> Json:
    """Return what became of a question so far; the server may wait `patience` seconds for news after `cursor`."""
    api = context.api
    held = int(min(HELD, patience, (SILENCE if api.timeout is None else api.timeout) - MARGIN))
    headers = {"X-Wait": f"{cursor}; {max(0, held)}"}
    return api.call("GET", f"{QUESTIONS}{quote(key)}/outcome/", headers=headers, wanted=("question", "status"))


def answered(found: Json) -> Json:
    """Return the answer in short. Raises NotAnswered if the question was closed without one."""
    if "answer" not in found:
        raise NotAnswered(found["message"], question=found["question"])
    names = ("question", "answer", "by", "default")
    return {name: found[name] for name in names if name in found}


def not_answered(found: Json) -> NotAnswered:
    """Return the error that says how to go on."""
    key = found["question"]
    default = f"; its default is taken at {found['default_at']}" if "default_at" in found else ""
    return NotAnswered(
        f"{key} has no answer yet; it stays open{default}",
        **{"question": key, "try": f"pm wait {key} --for 10m"},
    )


def named(context: Context, name: str) -> list[str]:
    """Return the keys of the questions that a key means: the question's own, or those of an item, the oldest first.

    Of an item these are its open questions, else its latest one. Raises UsageError if it has none, and NoServer: a
    wait outlasts the absence of a server only once it has begun.
    """
    api = context.api
    if ".q" in name.lower():
        return [name]
    query = {"work_item": name, "fields": "display_key,status", "ordering": "-created_at", "limit": 50}
    rows = api.get(QUESTIONS, query, wanted=("results",))["results"]
    if not rows:
        raise UsageError(f"there is no question about {name}; ask one with: pm ask {name} TEXT", field="id")
    return [row["display_key"] for row in reversed(rows) if row["status"] == "open"] or [rows[0]["display_key"]]


def _go_on(error: ClientError, key: str) -> ClientError:
    """Add how to go on to an error."""
    error.error["try"] = f"pm server start && pm wait {key}" if isinstance(error, NoServer) else f"pm wait {key}"
    return error
