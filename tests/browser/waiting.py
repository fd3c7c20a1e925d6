"""A board on which ten things wait for a person."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.browser.pages import make_item
from tests.processes import Server

AGENT = {
    "X-PM-Actor": "claude",
    "X-PM-Actor-Source": "program",
    "X-PM-Session": "program=claude&id=s1&branch=fix-parser",
}
KINDS = ("question", "question", "question", "review", "review", "stuck", "blocked", "decision", "decision", "user")


def post(server: Server, path: str, **body: object) -> dict[str, object]:
    """Send a request of an agent; return the answer."""
    answer = server.api("POST", path, json=body, headers=AGENT)
    assert answer.ok, answer.text
    found: dict[str, object] = answer.json()
    return found


def ask(server: Server, item: str, text: str, **values: object) -> None:
    post(server, "questions/", work_item=item, text=text, **values)


def hand_in(server: Server, item: str, text: str) -> None:
    post(server, f"work-items/{item}/begin/")
    post(server, "reviews/", work_item=item, content=text)


def stick(server: Server, item: str) -> None:
    """Let the lease that the item has be its third that ran out."""
    with closing(sqlite3.connect(server.directory / ".pm" / "data.db")) as board, board:
        board.execute(
            "UPDATE projects_workitem SET idle_leases = 3, lease_expires_at = '2026-01-01 12:00:00' "
            "WHERE item_number = ?",
            [item.rpartition("-")[2]],
        )


def forget_kind(server: Server, name: str) -> None:
    """Let the kind of a user be one that nobody has confirmed."""
    with closing(sqlite3.connect(server.directory / ".pm" / "data.db")) as board, board:
        assert board.execute("UPDATE projects_user SET is_kind_confirmed = 0 WHERE username = ?", [name]).rowcount == 1


def fill(server: Server) -> None:
    """Make ten things wait, as KINDS says, in project PONE."""
    reader = make_item(server, "Read files of the old editor", description="All encodings that the editor writes.")
    ask(
        server,
        reader,
        "Which encoding do files without a mark have?",
        choices=["UTF-8", "Latin-1", "Ask the user"],
        details="The samples of the customer have **both**.\n\n- 41 are UTF-8\n- 7 are Latin-1",
    )
    cache = make_item(server, "Cache thumbnails")
    ask(server, cache, "May the cache use 500 MB?", choices=["Yes", "No, 100 MB"])
    ask(server, make_item(server, "Import contacts"), "Which fields does the customer need?")
    for title, said in (
        ("Parse the header", "Reads all fields; 12 new tests pass. The old parser is gone."),
        ("Undo after a merge", "Works for one level, not for nested merges."),
    ):
        item = make_item(server, title, item_type="bug" if "Undo" in title else "task", priority="high")
        for text in ("Reads all fields", "Refuses other versions"):
            criterion = post(server, "criteria/", work_item=item, text=text)
        post(server, f"criteria/{criterion['id']}/tick/")
        hand_in(server, item, said)
    stuck = make_item(server, "Draw the map in 3D")
    post(server, f"work-items/{stuck}/begin/")
    stick(server, stuck)
    blocked = make_item(server, "Sign the installer", status="blocked")
    post(
        server,
        f"work-items/{blocked}/note/",
        content="Needs the certificate, which only a person can buy.",
        kind="comment",
    )
    for text in ("Dates are stored in UTC, and shown in the time zone of the browser.", "Pictures are stored as PNG."):
        post(server, f"work-items/{reader}/note/", content=text, kind="decision")
    make_item(server, "Old work", assignee="marta")
    forget_kind(server, "marta")
