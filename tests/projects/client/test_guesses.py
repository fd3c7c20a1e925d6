"""What agents type without reading a manual: `tests/data/guesses.txt` says what each line does."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from projects.client import argv, grammar
from tests.conftest import SharedServer
from tests.projects.client.conftest import Board

LINES = (Path(__file__).parents[2] / "data" / "guesses.txt").read_text().splitlines()
GUESSES = [tuple(line.split(" => ")) for line in LINES if line and not line.startswith("#")]
REFUSED = "try "


@pytest.fixture(scope="module")
def prepared(server_of_all: SharedServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Board]:
    """Return a function that puts the board of the guesses back as it was."""
    server = server_of_all.with_new_board()
    board = Board(server.config.parent, server)
    live, copy = server.config / "data.db", tmp_path_factory.mktemp("guesses") / "data.db"
    fill(board)
    with closing(sqlite3.connect(live)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)

    def reset() -> Board:
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(live)) as target:
            source.backup(target)
        return board

    return reset


def fill(board: Board) -> None:
    """Plan a project PONE whose items 14 and 15 are ready."""
    board.project("PONE")
    epic = board.item("PONE", "Parser", "--external-ref", "link-1", kind="epic")
    story = board.item("PONE", "Read headers", "--parent", epic, kind="story")
    sprint = ("--project", "PONE", "--start-date", "2026-01-05", "--end-date", "2026-01-16")
    for name in ("Sprint 1", "Sprint 2"):
        board("sprint", "create", "--name", name, *sprint)
    assert board("sprint", "start", "Sprint 1").document
    board.item(
        "PONE", "Split lines", "--parent", story, "--status", "todo", "--priority", "critical", "--sprint", "active"
    )
    board.item("PONE", "Crash on an empty file", "--priority", "high", kind="bug")
    board.item("PONE", "Set up", "--status", "done")
    board.item("PONE", "Old idea", "--status", "cancelled")
    board.item("PONE", "Review the docs", "--status", "review")
    board.item("PONE", "Wait for lines", "--status", "todo")
    board.item("PONE", "Work of another", "--status", "in_progress", "--assignee", "agent-g", "--new-user", "agent")
    board.item("PONE", "Work for x", "--assignee", "x", "--new-user", "agent")
    for number in range(11, 14):
        board.item("PONE", f"Idea {number}")
    board.item("PONE", "Write tests", "--status", "todo")
    labels = ("--label", "lexer", "--label", "x")
    board.item(
        *("PONE", "Fix the parser", "--status", "todo", "--assignee", "@me"),
        *("--parent", epic, "--external-ref", "link-15", *labels),
    )
    board("work-item", "update", "PONE-15", "--remove-label", "x")
    board("dependency", "create", "--blocking", "PONE-3", "--blocked", "PONE-8")
    assert board("comment", "create", "--work-item", "PONE-15", "--content", "first").document


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "true %s")


@pytest.mark.parametrize("guess", GUESSES, ids=[guess[0] for guess in GUESSES])
def test_guess_does_what_was_meant_or_says_what_to_type(
    prepared: Callable[[], Board], browser: None, guess: tuple[str, ...]
) -> None:
    typed, meant, *words = guess
    result = prepared()(*shlex.split(typed))
    if meant.startswith(REFUSED):
        assert result.code == 2
        suggested = meant.removeprefix(REFUSED).split(" | ")
        assert result.error["try"] == (suggested if len(suggested) > 1 else suggested[0])
        return
    assert understood(typed) == understood(meant)
    shown = result.out + result.err
    assert result.code == 0 or "SYNC_OFF" in words, shown
    for word in " ".join(words).split():
        text = word.removeprefix("-").replace("_", " ")
        assert (text in shown or word.removeprefix("-") in shown) != word.startswith("-"), (word, shown)


def understood(line: str) -> object:
    """Return the command that a line is, with its options."""
    words = shlex.split(line)
    if words[0] in ("version", "--version"):
        return "version"
    call = grammar.find(words)
    is_help = call.verb is None or grammar.wants_help(call.tokens)
    if is_help or call.noun is None or call.verb is None:
        return call.noun, call.verb and call.verb.name
    program, table = grammar.program(call.noun, call.verb), (*grammar.GLOBALS, *call.verb.options)
    values = argv.read(table, argv.normalised(call.tokens, table, program, call.places, call.fixed))
    assert values is not None, "argparse, which is slow, would read it"
    return call.noun, call.verb.name, values


def test_most_guesses_are_understood() -> None:
    refused = [guess for guess in GUESSES if guess[1].startswith(REFUSED)]
    assert len(GUESSES) >= 190
    assert len(GUESSES) - len(refused) >= 150


def test_suggestions_are_valid_commands() -> None:
    for _, meant, *_ in GUESSES:
        for line in meant.removeprefix(REFUSED).split(" | ") if meant.startswith(REFUSED) else ():
            for part in line.split(" && "):
                understood(part.removeprefix("pm "))
