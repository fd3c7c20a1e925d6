"""The events that agent programs report to `pm hook`. It never fails, never waits long, and never says much."""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from discovery import quickjson
from projects.client import prime, render
from projects.client.agent_programs import PROGRAMS
from projects.client.errors import ClientError
from projects.client.identity import AgentIdentity
from projects.client.resource import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from projects.client.context import Context

LIMIT = 1.9  # seconds for all of it
PATIENCE = 0.5  # seconds for the program's own words on standard input
MAX_INPUT = 1 << 20  # bytes
MAX_OUTPUT = 2048  # bytes
# The program's names of the events, and how its answer carries a text for the agent.
EVENTS = {
    "claude": ("SessionStart", "SessionEnd"),  # https://code.claude.com/docs/en/hooks
    "codex": ("SessionStart", "SessionEnd"),  # https://developers.openai.com/codex/hooks
    "gemini": ("SessionStart", "SessionEnd"),  # https://geminicli.com/docs/hooks/reference
    "cursor": ("sessionStart", "sessionEnd"),  # https://cursor.com/docs/hooks
    "copilot": ("sessionStart", "sessionEnd"),  # https://docs.github.com/en/copilot/reference/hooks-reference
    "opencode": ("session.created", "session.deleted"),  # from the plugin that `pm setup` writes
}
SESSION_KEYS = ("session_id", "sessionId", "conversation_id")


def handle(context: Context, program: str, event: str) -> None:
    """Handle one event; print the answer of at most MAX_OUTPUT bytes, or nothing."""
    before = signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    context.autostart = False  # it takes longer than a hook may
    context.warn = lambda message: None  # type: ignore[method-assign] # a hook is silent
    try:
        start, end = EVENTS.get(program, ("", ""))
        if event not in (start, end) or not prime.has_board(context):
            return
        event_data = _input()
        if program != "cursor" and "cursor_version" in event_data:
            return  # Cursor runs the hooks of other programs, too: https://cursor.com/docs/reference/third-party-hooks
        context.act_as(_identity(context, program, event_data))
        if event == start:
            render.write(_answer(program, event, context), context.stdout)
        else:
            context.api.call("POST", f"{ROOT}sessions/end/")
    except (ClientError, OSError):
        return
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _identity(context: Context, program: str, event_data: dict[str, Any]) -> AgentIdentity:  # Any: JSON
    known = next(each for each in PROGRAMS if each.name == program)
    session = next((event_data[key] for key in SESSION_KEYS if isinstance(event_data.get(key), str)), "")
    return AgentIdentity(context.environ, known, session=session, source="program")


def _answer(program: str, event: str, context: Context) -> str:
    """Return the start of a session as the program wants it, cut to MAX_OUTPUT bytes."""
    shown = prime.lines(context)
    while True:
        answer = quickjson.dumps(_envelope(program, event, "\n".join(shown)), ascii_only=False) + "\n"
        if len(answer.encode("utf-8", "replace")) <= MAX_OUTPUT or not shown:
            return answer
        shown.pop(-2 if len(shown) > 1 else -1)  # the last line closes the board's data


def _envelope(program: str, event: str, text: str) -> dict[str, Any]:  # Any: JSON
    if program == "cursor":
        return {"additional_context": text}
    if program in ("copilot", "opencode"):
        return {"additionalContext": text}
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}


def _input() -> dict[str, Any]:  # Any: JSON
    """Return the JSON object on standard input, {} if there is none within PATIENCE seconds."""
    if sys.stdin is None or sys.stdin.isatty():
        return {}
    deadline = time.monotonic() + PATIENCE
    data = b""
    while len(data) <= MAX_INPUT:
        wait = deadline - time.monotonic()
        if wait <= 0 or not select.select([0], [], [], wait)[0]:
            break
        piece = os.read(0, 65536)
        data += piece
        if not piece:
            break
    try:
        found = quickjson.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
