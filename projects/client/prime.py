"""The text of `pm prime`: how to work with the board, and its current state, in less than MAX_BYTES."""

from __future__ import annotations

from projects.client import board_hint
from projects.client.errors import ClientError, NoServer
from projects.client.resource import ROOT
from projects.client.terminal import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

MAX_BYTES = 3 * 1024
MAX_PROJECTS, MAX_ITEMS, MAX_TITLE = 4, 5, 60  # projects shown, items per list, characters per title

HOW = """\
# pm: this repository tracks its work on a board; read and change it with `pm`, never by editing .pm/

stdout is one JSON document; errors are JSON on the last line of stderr: {"error": {"code", "message", "field"?}}.
Exit: 0 done, 1 refused or failed, 2 usage, 3 no server. An ID is PONE-12 (any case) or a UUID. Help: pm NOUN VERB -h
Identify yourself with --as NAME or PM_ACTOR. PROJECT is optional if there is only one.

Begin    pm work-item claim --next PROJECT      an item and its lease_id; keep it. NOTHING_READY: no free item
         pm work-item show ID --max-bytes 8000  parents, children, dependencies, comments, time, latest changes
Work     pm work-item renew ID --lease-id L     before the 60 minutes expire (claim --lease MINUTES for more)
         pm comment create --work-item ID --content TEXT
         pm work-item create --project PROJECT --type task --title TEXT --parent ID --description-file PATH
         pm dependency create --blocking ID --blocked ID
End      pm work-item update ID --status done   or review; or return it: pm work-item release ID --lease-id L
Look     pm work-item list PROJECT --status todo --assignee NAME --limit 20   (slim; --full, --fields A,B)
         pm work-item ready PROJECT;  pm search TEXT;  pm changes --since CURSOR  (first 0, then its "next")

epic > story > task, bug, chore. Status: backlog todo in_progress review done blocked cancelled.
HAS_CHILDREN, HAS_BLOCKERS: finish those first. CLAIMED: take another item. CONFLICT (--expected-version N is stale):
the error contains the current object; read it, then retry. UNRESPONSIVE: check whether it was done before you retry.
"""
NO_SERVER = "\nNo server is running. Start one: pm server start   (then: pm prime)\n"
NO_PROJECT = "\nThe board is empty. Start: pm project create --key KEY --title TEXT\n"


def text(context: Context) -> str:
    """Return the text; if the board can't be read, it says what to do. Raises no ClientError."""
    try:
        lines = _state(context)
        absent = _absence(context, is_empty=not lines)
    except NoServer:
        return HOW + NO_SERVER
    except ClientError as error:
        return HOW + f"\nThe board can't be read: {_line(str(error), 300)}\n"
    if not lines:
        return HOW + (f"\n{_sentence(absent)}\n" if absent else NO_PROJECT)
    if absent:
        lines.insert(0, _sentence(absent))
    found = HOW + "\n## Now\n"
    room = MAX_BYTES - 1 - len(found.encode())
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        found += line + "\n"
    return found


def _state(context: Context) -> list[str]:
    """Return the lines about the board's state, the most important first. Raises ClientError."""
    query = {"status": "active", "fields": "key,title", "ordering": "key", "limit": MAX_PROJECTS + 1}
    projects = _rows(context, "projects/", query)
    if not projects:
        return []
    lines = []
    for project in projects[:MAX_PROJECTS]:
        stats = context.api.get(f"{ROOT}projects/{project['key']}/stats/", wanted=("by_status", "blocked"))
        counts = ", ".join(f"{count} {status}" for status, count in stats["by_status"].items() if count)
        lines.append(f"{project['key']} {_line(project['title'])}: {counts or 'no items'}; {stats['blocked']} blocked")
    if len(projects) > MAX_PROJECTS:
        lines.append("more projects: pm project list")
    fields = "display_key,title,assignee"
    query = {"status": "in_progress", "fields": fields, "ordering": "-updated_at", "limit": MAX_ITEMS + 1}
    in_progress = _rows(context, "work-items/", query)
    lines += _items("in progress", in_progress)
    for project in projects[:MAX_PROJECTS]:
        ready = _rows(context, "work-items/ready/", {"project": project["key"], "limit": MAX_ITEMS})
        lines += _items(f"ready next in {project['key']}", ready)
    return lines


def _absence(context: Context, *, is_empty: bool) -> str:
    """Return why a published board may not be here, else ""."""
    if context.given_url:  # another directory's server
        return ""
    return board_hint.absence(context) if is_empty else board_hint.remark(context.directory)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _items(heading: str, rows: list[dict[str, Json]]) -> list[str]:
    lines = []
    for row in rows[:MAX_ITEMS]:
        holder = f" ({_line(row['assignee'], 30)})" if row.get("assignee") else ""
        lines.append(f"  {row['display_key']} {_line(row['title'])}{holder}")
    if len(rows) > MAX_ITEMS:
        lines.append("  …")
    return [f"{heading}:", *lines] if lines else [f"{heading}: nothing"]


def _rows(context: Context, path: str, query: dict[str, object]) -> list[dict[str, Json]]:
    rows: list[dict[str, Json]] = context.api.get(ROOT + path, query, wanted=("results",))["results"]
    return rows


def _line(text: str, most: int = MAX_TITLE) -> str:
    """Return a text on one line, truncated to `most` characters."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
