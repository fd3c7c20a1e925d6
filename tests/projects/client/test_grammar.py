"""The command line: what it accepts, its errors and its help. No server runs."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

from projects.client import cli, grammar, help
from projects.client.grammar import find, parse, verbs_of
from projects.client.vocabulary import COMMANDS
from projects.version import VERSION

EVERY_VERB = [(noun, verb.name) for noun in COMMANDS for verb in verbs_of(noun)]


def options_of(*argv: str) -> dict[str, Any]:
    return vars(parse(find(argv)))


def run(*argv: str) -> tuple[int, str, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    return cli.run(argv, stdout, stderr), stdout.getvalue(), stderr.getvalue()


def usage_error(*argv: str) -> str:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    error = json.loads(err.splitlines()[-1])["error"]
    assert error["code"] == "USAGE"
    return str(error["message"])


@pytest.mark.parametrize(
    "argv",
    [
        ["--pretty", "--as", "Ann", "project", "get", "PONE"],
        ["project", "--pretty", "--as=Ann", "get", "PONE"],
        ["project", "get", "--as", "Ann", "PONE", "--pretty"],
        ["--as", "Ann", "project", "get", "PONE", "--pretty"],
    ],
)
def test_global_flags_stand_anywhere(argv: list[str]) -> None:
    options = options_of(*argv)
    assert (options["pretty"], options["actor"], options["id"]) == (True, "Ann", ["PONE"])
    assert options["output"] == "json"


def test_values_that_begin_with_a_dash_are_values() -> None:
    options = options_of("project", "create", "--key", "K1", "--title", "-x", "--description", "--- a\nb")
    assert (options["title"], options["description"]) == ("-x", "--- a\nb")
    assert options_of("project", "list", "--sort", "-key")["sort"] == "-key"
    assert options_of("project", "list", "--search=--all")["search"] == "--all"


def test_repeated_flag_of_one_value_is_refused() -> None:
    for argv in (
        ["work-item", "list", "--sprint", "a", "--sprint=b"],
        ["work-item", "list", "--sprint-id", "a", "--sprint", "b"],
        ["project", "list", "--status", "active", "--status", "active"],
        ["search", "x", "--limit", "1", "--limit", "2"],
        ["comment", "create", "--work-item", "A-1", "--content", "a", "--content", "b"],
        ["sync", "import", "-f", "a", "-f", "b"],
    ):
        assert "is given twice" in usage_error(*argv), argv
    assert options_of("work-item", "list", "--type", "epic", "--type", "task")["type"] == ["epic", "task"]
    assert options_of("--as", "Ann", "project", "list", "--as", "Bob")["actor"] == "Bob"


def test_words_after_two_dashes_are_words() -> None:
    assert options_of("project", "get", "--pretty", "--", "-h")["id"] == ["-h"]


def test_one_word_commands_need_no_verb() -> None:
    call = find(["--pretty", "init"])
    assert (call.noun, call.verb.name) == ("init", "")
    assert parse(call).pretty


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["projct", "list"], "unknown command 'projct'; did you mean project?"),
        (["project", "lst"], "unknown verb of pm project: 'lst'; did you mean list?"),
        (["project", "list", "--serch", "x"], "unknown flag --serch; did you mean --search?"),
        (["project", "list", "--stat", "x"], "unknown flag --stat; did you mean --status?"),
        (["--prety", "project", "list"], "unknown flag --prety before the verb; did you mean --pretty?"),
        (["project", "list", "--version"], "unknown flag --version"),
        (["project", "list", "-x"], "unknown flag -x"),
        (["project", "list", "--status"], "--status needs a value"),
        (["project", "list", "--status", "--all"], "--status needs a value"),
        (["project", "list", "--status", "odd"], "invalid choice: 'odd'"),
        (["project", "list", "--limit", "x"], "invalid int value: 'x'"),
        (["project", "list", "--timeout", "0"], "not between 0 and 86400 seconds"),
        (["project", "list", "--timeout", "nan"], "not between 0 and 86400 seconds"),
        (["project", "list", "more"], "unrecognized arguments: more"),
        (["project", "create", "--key", "K1"], "the following arguments are required: --title"),
        (["project", "get"], "the following arguments are required: ID"),
        (["project", "get", ""], "invalid ID ''"),
        (["project", "get", ".."], "invalid ID '..'"),
        (["project", "update", "K1"], "nothing to change"),
        (["project", "update", "K1", "--clear", "description", "--description", "x"], "can't be used together"),
        (["project", "list", "--full", "--fields", "id"], "can't be used together"),
        (["server", "logs", "--lines", "-1"], "'-1' is negative"),
    ],
)
def test_wrong_command_line_says_what_is_wrong(argv: list[str], said: str) -> None:
    assert said in usage_error(*argv)


def test_long_text_is_given_once() -> None:
    argv = ["project", "create", "--key", "K1", "--title", "T", "--description", "a", "--description-file", "b"]
    assert "can't be used together" in usage_error(*argv)


def test_error_for_people_is_a_sentence() -> None:
    for argv in (["projct", "--output", "table"], ["--output=table", "projct"]):
        code, _, err = run(*argv)
        assert (code, err) == (2, "error: unknown command 'projct'; did you mean project?; see: pm -h\n")


@pytest.mark.parametrize("argv", [[], ["-h"], ["--help"], ["--pretty"]])
def test_help_names_every_noun(argv: list[str]) -> None:
    code, out, err = run(*argv)
    assert (code, err) == (0, "")
    for noun in COMMANDS:
        assert re.search(rf"^  {noun} ", out, re.M)


@pytest.mark.parametrize("argv", [["server"], ["server", "-h"], ["-h", "server"]])
def test_help_of_a_noun_names_its_verbs(argv: list[str]) -> None:
    code, out, err = run(*argv)
    assert (code, err) == (0, "")
    for verb in verbs_of("server"):
        assert f"  {verb.name} " in out


@pytest.mark.parametrize(("noun", "verb"), EVERY_VERB)
def test_help_of_a_verb_names_its_flags(noun: str, verb: str) -> None:
    words = [noun, verb] if verb else [noun]
    code, out, err = run(*words, "-h")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: pm {' '.join(words)}")
    assert max(map(len, out.splitlines())) <= help.WIDTH
    (found,) = [known for known in verbs_of(noun) if known.name == verb]
    for flags, settings in found.options:
        assert (flags[0] if flags[0].startswith("-") else settings.get("metavar", flags[0])) in out


def test_flags_of_verbs_leave_the_global_ones_alone() -> None:
    taken = {flag for flags, _ in grammar.GLOBALS for flag in flags}
    for noun, name in EVERY_VERB:
        (verb,) = [known for known in verbs_of(noun) if known.name == name]
        assert not taken & {flag for flags, _ in verb.options for flag in flags}


def test_version_is_printed() -> None:
    assert run("--version") == (0, f"pm {VERSION}\n", "")
