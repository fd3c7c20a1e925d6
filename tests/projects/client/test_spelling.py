"""Hints: the nearest word, none for words that only look alike, and the command that was probably meant."""

from __future__ import annotations

import pytest

from projects.client import grammar, vocabulary
from projects.client.spelling import distance, nearest
from tests.projects.client.test_grammar import run_for_error

FLAGS = sorted({flag for verb in grammar.verbs_of("work-item") for flags, _ in verb.options for flag in flags})


@pytest.mark.parametrize(
    ("one", "two", "steps"),
    [("list", "list", 0), ("lst", "list", 1), ("lsit", "list", 1), ("a", "abc", 2), ("ca", "abc", 3), ("", "ab", 2)],
)
def test_distance_counts_a_swap_as_one(one: str, two: str, steps: int) -> None:
    assert distance(one, two) == distance(two, one) == steps


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("projct", "project"), ("serach", "search"), ("Whoami", "whoami"), ("spritn", "sprint"), ("depend", "dependency")],
)
def test_nearest_command_is_found(typed: str, meant: str) -> None:
    assert nearest(typed, vocabulary.COMMANDS) == meant


@pytest.mark.parametrize(
    "flag", ["--json", "--text", "--tag", "--epic", "--state", "--estimate", "--yes", "--acceptance", "--x", "-z"]
)
def test_flags_that_mean_something_else_are_not_near(flag: str) -> None:
    assert nearest(flag, [*FLAGS, *(flag for flags, _ in grammar.GLOBALS for flag in flags)]) == ""


@pytest.mark.parametrize(
    "word", ["remove", "set", "reopen", "tree", "user", "agents", "complete", "config", "info", "x"]
)
def test_words_that_mean_something_else_are_not_near(word: str) -> None:
    verbs = [verb.name for verb in grammar.verbs_of("work-item") if verb.name != word]
    nouns = [
        "project",
        "work-item",
        "sprint",
        "comment",
        "server",
        "sync",
        "changes",
        "search",
        "completion",
        "restore",
    ]
    assert nearest(word, [*verbs, *nouns]) == ""


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (["projct", "lst"], "pm project list"),
        (["project", "list", "--serch", "two words"], "pm project list --search 'two words'"),
        (["project", "list", "--serch=a;b"], "pm project list '--search=a;b'"),
        (["work-item", "list", "--status", "todo,dnoe"], "pm work-item list --status todo,done"),
        (["work-item", "create", "--type=feature", "--title", "X"], "pm work-item create --type=story --title X"),
        (["--prety", "project", "list"], "pm --pretty project list"),
        (["stop", "--force"], "pm server stop --force"),
        (["server", "restart"], "pm server stop && pm server start"),
        (["users", "list"], "pm who"),
        (["create", "Fix", "the", "parser", "-p", "1"], "pm create 'Fix the parser' -p 1"),
        (["note", "PONE-1", "a", "&&", "b"], "pm note PONE-1 'a && b'"),
        (["projct", "get", "&&"], "pm project get '&&'"),
        (["list", "--done", "-n", "5"], ["pm list --status=done -n 5", "pm list --include-done -n 5"]),
        (["add", "comment", "PONE-1", "text"], "pm comment add PONE-1 text"),
        (["--as", "x", "start", "sprint", "S"], "pm --as x sprint start S"),
        (["reopen"], "pm update KEY --status=todo"),
        (["reopen", "P-1", "--full"], "pm update P-1 --status=todo --full"),
        (["import", "a b.json"], "pm sync import '--file=a b.json'"),
        (["log"], ["pm news", "pm activity list"]),
        (
            ["saved-view", "create", "Mine", "--assignee", "ada", "--status=todo,review", "--asked"],
            "pm saved-view create --name Mine --filters 'assignee=ada&status=todo,review&asked=true'",
        ),
        (["saved-view", "update", "Mine", "--label", "ui"], "pm saved-view update Mine --filters label=ui"),
    ],
)
def test_error_has_the_command_that_was_meant(argv: list[str], meant: str | list[str]) -> None:
    assert run_for_error(*argv)["try"] == meant


@pytest.mark.parametrize(
    "argv",
    [
        ["qwertz"],
        ["project", "qwertz"],
        ["project", "list", "--qwertz"],
        ["projct", "qwertz"],
        ["project", "list", "x"],
        ["ls", "-la"],
        ["list", "P", "x"],
        ["saved-view", "create", "--assignee"],
        ["saved-view", "create", "Mine", "--colour", "red"],
    ],
)
def test_nothing_is_suggested_for_what_nobody_can_guess(argv: list[str]) -> None:
    assert "try" not in run_for_error(*argv)
