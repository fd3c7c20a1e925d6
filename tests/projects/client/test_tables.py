"""`--output table` of every noun: the tables of a real board."""

from __future__ import annotations

import os

import pytest

from projects.client import table
from tests.projects.client.conftest import Board

ESCAPES = "[bold]x[/bold] \u202egnp"


@pytest.fixture(scope="module")
def full(own_board: Board) -> Board:
    """A board with one of everything."""
    board = own_board
    board.project("FULL")
    epic = board.item("FULL", f"Epic {ESCAPES}", kind="epic")
    story = board.item("FULL", "A story of some length " * 5, "--parent", epic, "--label", "web", kind="story")
    board.item("FULL", "T", "--parent", story, "--status", "review")
    board.item("FULL", "free")
    board("dependency", "create", "--blocking", "FULL-4", "--blocked", story)
    board("comment", "create", "--work-item", story, "--content", ESCAPES)
    board("time-entry", "create", "--work-item", story, "--started-at", "2026-01-05T09:00:00Z",
          "--ended-at", "2026-01-05T10:05:00Z")  # fmt: skip
    board("sprint", "create", "--name", "S", "--start-date", "2026-01-01", "--end-date", "2026-01-15")
    return board


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("project list", "key title status"),
        ("work-item list", "key status priority type title"),
        ("work-item list --full", "key status priority type title"),
        ("work-item list --fields title,labels", "title labels"),
        ("work-item ready", "key status priority type title"),
        ("work-item get FULL-2", "display key FULL-2"),
        ("work-item show FULL-2", "ancestors children"),
        ("sprint list", "id name status"),
        ("comment list --work-item FULL-2 --full", "id work item by"),
        ("dependency list --work-item FULL-2", "blocked by FULL-4"),
        ("time-entry list", "work item user started time 1:05:00"),
        ("swim-lane list", "name status position"),
        ("activity list", "id created key action"),
        ("changes --since 0", "id created key action changes"),
        ("search story", "key type status title snippet"),
        ("project stats", "by status backlog 3"),
        ("who", "actor llm"),
    ],
)
@pytest.mark.parametrize("width", [60, 100, 160])
def test_table_shows_main_columns_and_fits(full: Board, line: str, expected: str, width: int) -> None:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(width)
    try:
        result = full(*line.split(), "--output", "table")
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= width
    assert not {"\x1b", "\u202e"} & set(result.out)
    words = iter(result.out.split())
    missing = [word for word in expected.split() if word not in words]
    assert not missing or width == 60


def test_changes_are_abbreviated() -> None:
    rows = [
        {
            "id": 1,
            "changes": [{"field": "status", "old": "todo", "new": "done"}, {"field": "x", "old": None, "new": ""}],
        },
        {"id": 2, "changes": [{"field": "title", "old": "a\nb", "new": None}]},
        {"id": 3, "changes": "odd"},
    ]
    out = " ".join(table.draw({"changes": rows}, None).split())
    assert "status: todo → done" in out
    assert "title: a b → nothing" in out
    assert "x:" not in out
