"""`pm prime`: short, correct, and available without a server."""

from __future__ import annotations

import re
from collections.abc import Callable

from projects.client import prime
from tests.projects.client.conftest import Board, Impostor, Pm, answer


def test_without_a_server_it_says_how_to_start_one(pm: Pm) -> None:
    result = pm("prime")
    assert (result.code, result.err) == (0, "")
    assert "pm server start" in result.out
    assert len(result.out.encode()) < prime.MAX_BYTES


def test_prime_describes_board_in_three_kilobytes(empty_board: Board) -> None:
    empty = empty_board("prime")
    assert "pm project create" in empty.out
    for number in range(6):
        key = empty_board.project(f"K{number}" + "X" * 18)
        empty_board("project", "update", key, "--title", "ü" * 200)
        for count in range(7):
            empty_board.item(key, f"{count} " + "€" * 190, "--assignee", "Ä" * 100, "--new-user", "person")
    for count in range(3):
        empty_board("work-item", "claim", f"K0{'X' * 18}-{count + 1}", "--as", "A name\tof many words")
    shown = empty_board("prime")
    assert (shown.code, shown.err) == (0, "")
    assert len(shown.out.encode()) < prime.MAX_BYTES
    assert "K0XXXXXXXXXXXXXXXXXX" in shown.out
    assert "in_progress" in shown.out


def test_projects_counts_work_and_what_is_next_are_named(empty_board: Board) -> None:
    pm = empty_board
    pm("project", "create", "--key", "PONE", "--title", "[b]One\u202e[/b]")
    for title in ("first", "second", "third"):
        pm("work-item", "create", "--type", "task", "--title", title)
    pm("work-item", "claim", "--next", "--as", "Ann")
    pm("dependency", "create", "--blocking", "PONE-2", "--blocked", "PONE-3")
    out = pm("prime").out
    assert "PONE [b]One\ufffd[/b]: 2 backlog, 1 in_progress; 1 blocked" in out
    assert re.search(r"in progress:\n  PONE-1 first \(Ann\)\nready next in PONE:\n  PONE-2 second\n", out)


def test_server_that_fails_leaves_the_rest(
    pm: Pm, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    publish(impostor(answer("500 Oops", {"error": {"code": "INTERNAL_ERROR", "message": "no\nluck"}})).port)
    result = pm("prime")
    assert result.code == 0
    assert "The board can't be read: no luck" in result.out
