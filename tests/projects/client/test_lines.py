"""Commits and orphans as lines: text of the repository stays text, and what is left out is said."""

from __future__ import annotations

import json
from typing import Any

from projects.client.lines import UNREAD, draw

COMMIT = {
    "sha": "0123456789ab",
    "subject": "Fix \x1b[31mred\u202e",
    "author": "Ada",
    "committed_at": "2026-01-31T12:00:00Z",
    "files": 2,
    "insertions": 10,
    "deletions": 3,
}
ORPHANS: dict[str, Any] = {
    "open_with_commits": [{"key": "PONE-1", "title": "Open", "status": "todo"}],
    "done_without_commits": [{"key": "PONE-2", "title": "Done", "status": "done"}],
    "done_without_checks": [{"key": "PONE-3", "title": "Unchecked", "status": "done"}],
    "unassigned": [
        {"sha": "0123456789ab", "subject": "Fix", "author": "Ada", "key": "PONE-4", "items": ["PONE-4", "PONE-9"]}
    ],
    "is_complete": True,
}


def test_commits_are_lines_of_text() -> None:
    first, more = draw({"commits": [COMMIT], "total": 3, "is_complete": True}).split("\n")
    assert first.startswith("0123456789 2026-01-31 Ada 2f +10 -3: Fix ")
    assert first.isprintable()
    assert more == "2 more: --limit 3"
    assert draw({"commits": [], "total": 0, "is_complete": False}).split("\n") == ["no commits", UNREAD]


def test_orphans_say_what_each_is() -> None:
    assert draw(ORPHANS).split("\n") == [
        "open, has commits: PONE-1 todo Open",
        "done, no commit: PONE-2 done Done",
        "done, no passed check: PONE-3 done Unchecked",
        "unassigned: 0123456789 PONE-4 is PONE-4 or PONE-9: Fix",
    ]
    nothing = {name: [] if isinstance(rows, list) else False for name, rows in ORPHANS.items()}
    assert draw(nothing).split("\n") == ["no orphans", UNREAD]


def test_lines_take_less_than_half_of_the_bytes() -> None:
    document = {"commits": [COMMIT] * 20, "total": 20, "is_complete": True}
    assert len(draw(document).encode()) < 0.4 * len(json.dumps(document, separators=(",", ":")).encode())
