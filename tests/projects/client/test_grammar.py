"""The command line: what it accepts, its errors and its help. No server runs."""

from __future__ import annotations

import io
import json
import re
import shlex
from typing import Any

import pytest

from projects.client import cli, grammar, help
from projects.client.errors import UsageError
from projects.client.grammar import find, parse, verbs_of
from projects.client.receipts import ITEMS
from projects.client.vocabulary import COMMANDS, LOOK, WORK, WRITE
from projects.version import VERSION

EVERY_VERB = [(noun, verb.name) for noun in COMMANDS for verb in verbs_of(noun)]


def options_of(*argv: str) -> dict[str, Any]:
    return vars(parse(find(argv)))


def run(*argv: str) -> tuple[int, str, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    return cli.run(argv, stdout, stderr), stdout.getvalue(), stderr.getvalue()


def run_for_error(*argv: str) -> Any:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    error = json.loads(err.splitlines()[-1])["error"]
    assert error["code"] == "USAGE"
    return error


def usage_error(*argv: str) -> str:
    return str(run_for_error(*argv)["message"])


def meaning(*argv: str) -> tuple[str | None, str | None, dict[str, Any]]:
    """Return the command of a call, and its options."""
    call = find(argv)
    return call.noun, call.verb and call.verb.name, vars(parse(call))


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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["Issue", "LS"], ["work-item", "list"]),
        (["work_items"], ["work-item", "list"]),
        (["sprints", "--status", "active"], ["sprint", "list", "--status", "active"]),
        (["dependencies", "PONE-1"], ["dependency", "list", "--work-item", "PONE-1"]),
        (["bugs", "list"], ["work-item", "list", "--type", "bug"]),
        (["bugs", "list", "--type", "task"], ["work-item", "list", "--type", "task"]),
        (["task", "edit", "PONE-1", "-t", "bug"], ["work-item", "update", "PONE-1", "--type", "bug"]),
        (["lane", "rm", "ID"], ["swim-lane", "delete", "ID"]),
        (["find", "x"], ["search", "x"]),
        (["PONE-1", "done", "-m", "x"], ["done", "PONE-1", "-m", "x"]),
        (["MY_APP-1"], ["show", "MY_APP-1"]),
        (["create", "bug", "Title"], ["create", "Title", "--type", "bug"]),
        (["show", "task", "PONE-1"], ["show", "PONE-1"]),
        (["ls", "issues"], ["list"]),
        (["list", "sprints"], ["sprint", "list"]),
        (["list", "SPRINTS"], ["list", "--project", "SPRINTS"]),
        (["show", "sprint", "S"], ["sprint", "get", "S"]),
        (["rm", "PONE-1"], ["work-item", "delete", "PONE-1"]),
        (["rm", "12"], ["work-item", "delete", "12"]),
        (["restore", "PONE-1"], ["work-item", "restore", "PONE-1"]),
        (["status", "PONE-1", "Done"], ["update", "PONE-1", "--status", "done"]),
        (["label", "PONE-1", "x"], ["update", "PONE-1", "--add-label", "x"]),
        (["bug", "It crashes", "-p1"], ["create", "It crashes", "--type", "bug", "--priority", "high"]),
        (["comment", "-m", "text", "PONE-1"], ["note", "PONE-1", "text"]),
        (["comment", "PONE-1", "--text", "text"], ["note", "PONE-1", "text"]),
        (["comment", "--pretty", "create", "PONE-1", "t"], ["comment", "create", "PONE-1", "t", "--pretty"]),
        (["list", "--type", "Stories"], ["list", "--type", "story"]),
        (["sprint", "finish", "S", "--move-to", "T"], ["sprint", "complete", "S", "--move-to", "T"]),
        (["project", "create", "Shop", "--key", "SHOP"], ["project", "create", "--title", "Shop", "--key", "SHOP"]),
        (
            ["sprint", "create", "S", "--start-date", "2026-12-01", "--end-date", "2026-12-14"],
            ["sprint", "create", "--name", "S", "--start-date", "2026-12-01", "--end-date", "2026-12-14"],
        ),
    ],
)
def test_other_words_mean_the_same(typed: list[str], meant: list[str]) -> None:
    assert meaning(*typed) == meaning(*meant)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["PONE-1", "--title", "T", "PONE-2", "--pretty"], ["PONE-1", "PONE-2", "--title", "T", "--pretty"]),
        (["--title", "T", "PONE-1"], ["PONE-1", "--title", "T"]),
        (["--id", "PONE-1", "--TITLE", "T"], ["PONE-1", "--title", "T"]),
        (["PONE-1", "title=T", "points=3"], ["PONE-1", "--title", "T", "--points", "3"]),
        (["PONE-1", "-pP0"], ["PONE-1", "--priority", "critical"]),
        (["PONE-1", "-p", "1"], ["PONE-1", "--priority", "high"]),
        (["PONE-1", "--status", "In Progress"], ["PONE-1", "--status", "in_progress"]),
        (["PONE-1", "--status", "WIP"], ["PONE-1", "--status", "in_progress"]),
        (["PONE-1", "--add_label", "x"], ["PONE-1", "--add-label", "x"]),
        (["PONE-1", "--clear", "close_reason"], ["PONE-1", "--clear", "close-reason"]),
        (["PONE-1", "--desc=a", "--format", "JSON"], ["PONE-1", "--description", "a"]),
    ],
)
def test_flags_and_values_may_have_other_names(typed: list[str], meant: list[str]) -> None:
    assert meaning("work-item", "update", *typed) == meaning("work-item", "update", *meant)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("open", "backlog,todo,in_progress,review,blocked"),
        ("closed", "done,cancelled"),
        ("not:Closed", "not:done,cancelled"),
        ("To-Do,review", "todo,review"),
        ("all", "backlog,todo,in_progress,review,done,blocked,cancelled"),
    ],
)
def test_word_may_stand_for_several_values(typed: str, meant: str) -> None:
    assert options_of("work-item", "list", "--status", typed)["status"] == [meant]


def test_project_and_priority_share_a_short_flag() -> None:
    assert options_of("work-item", "list", "-p", "PONE")["project"] == "PONE"
    assert options_of("work-item", "list", "-p", "P1")["priority"] == ["high"]
    assert "--priority: invalid choice: '9'" in usage_error("create", "T", "-p", "9")  # no project has such a key
    assert options_of("comment", "list", "PONE-1", "--limit", "3")["work_item"] == "PONE-1"


def test_words_fill_only_flags_that_are_not_given() -> None:
    assert options_of("comment", "create", "--work-item", "PONE-1", "text")["content"] == "text"
    assert "unrecognized arguments: more" in usage_error("work-item", "create", "--title", "T", "more")
    assert "unrecognized arguments: three" in usage_error("comment", "create", "PONE-1", "two", "three")


def test_confirmation_is_not_skipped_where_a_person_is_asked() -> None:
    assert options_of("work-item", "delete", "PONE-1", "--yes")["id"] == ["PONE-1"]
    for argv in (["sync", "enable", "--yes"], ["sync", "repair", "-y"], ["sync", "skip", "1", "--yes"]):
        assert "unknown flag" in usage_error(*argv)


@pytest.mark.parametrize("verb", [name for name, each in COMMANDS.items() if each.group in (WORK, LOOK, WRITE)])
@pytest.mark.parametrize("noun", ["comment", "comments", "project", "sprint", "time-entry"])
def test_short_verb_reads_no_file_that_only_a_noun_can_read(verb: str, noun: str) -> None:
    # Agent programs allow single verbs at the top level by their first words.
    for flag in ("--content-file", "--description-file", "--goal-file"):
        for words in ([], ["PONE-1"], ["PONE-1", "x"], ["--work-item", "PONE-1"]):
            assert run(verb, noun, *words, flag, "/dev/null")[0] == 2


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
        (["project", "list", "--status", "odd"], "--status: invalid choice: 'odd' (choose from active, archived)"),
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
        assert re.search(rf"^  (?:.*, )?{noun}\b", out, re.M)


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


@pytest.mark.parametrize("verb", [name for name, each in COMMANDS.items() if each.group in (WORK, LOOK, WRITE)])
def test_help_of_a_short_verb_is_short_and_has_an_example(verb: str) -> None:
    _, out, _ = run(verb, "-h")
    assert len(out.encode()) < help.MAX_BYTES
    (example,) = re.findall(rf"^Example: pm ({verb}.*)$", out, re.M)
    assert meaning(*shlex.split(example))[0] == verb
    (found,) = verbs_of(verb)
    assert all(flags[-1] in out for flags, _ in found.options if flags[0].startswith("-"))


def test_help_of_everything_is_short() -> None:
    assert len(run("-h")[1].encode()) < 2700


def test_flags_of_verbs_leave_the_global_ones_alone() -> None:
    taken = {flag for flags, _ in grammar.GLOBALS for flag in flags}
    for noun, name in EVERY_VERB:
        (verb,) = [known for known in verbs_of(noun) if known.name == name]
        assert not taken & {flag for flags, _ in verb.options for flag in flags}


def test_version_is_printed() -> None:
    assert run("--version") == (0, f"pm {VERSION}\n", "")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("new task", "pm create TITLE --type=task"),
        ("create bug --priority high", "pm create TITLE --type=bug --priority high"),
        ("add issue", "pm create TITLE"),
        ("work-item create Buy milk", "pm work-item create 'Buy milk'"),
        (
            "link pone-1 PONE-2",
            [
                "pm dependency create --blocked=pone-1 --blocking=PONE-2",
                "pm dependency create --blocked=pone-1 --blocking=PONE-2 --type=relates_to",
            ],
        ),
    ],
)
def test_wrong_command_says_which_was_meant(typed: str, meant: object) -> None:
    assert run_for_error(*typed.split())["try"] == meant


def test_type_before_a_title_by_flag_is_no_title() -> None:
    _, verb, options = meaning("create", "bug", "--title", "It crashes")
    assert (verb, options["title"], options["type"]) == ("", "It crashes", "bug")


def test_lease_that_is_no_time_says_what_is() -> None:
    assert "'1.5' is neither whole minutes nor a duration" in usage_error("begin", "PONE-1", "--lease", "1.5")


@pytest.mark.parametrize("identifier", ["../PONE-1", "a/b"])
def test_id_with_a_slash_is_refused(identifier: str) -> None:
    with pytest.raises(UsageError, match="contains no slash"):
        ITEMS.path_to(identifier)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("question PONE-1 Which?", "ask PONE-1 Which?"),
        ("question PONE-1", "question list --work-item PONE-1"),
        ("questions PONE-1", "question list --work-item PONE-1"),
        ("PONE-1.q2", "question get PONE-1.q2"),
        ("reply PONE-1.q2 yes", "answer PONE-1.q2 yes"),
        ("request-review PONE-1 -m Tested", "review PONE-1 -m Tested"),
        ("submit PONE-1", "review PONE-1"),
        ("approve PONE-1", "accept PONE-1"),
        ("reject PONE-1 -m No", "send-back PONE-1 -m No"),
        ("reviews", "list --status review"),
        ("verify PONE-1", "check run PONE-1"),
        ("check PONE-1 unit", "check run PONE-1 unit"),
        ("criteria PONE-1", "criterion list --work-item PONE-1"),
        ("ac add PONE-1 Fast", "criterion create --work-item PONE-1 --text Fast"),
        ("needs-you", "inbox"),
        ("decision PONE-1 SQLite", "note PONE-1 SQLite --decision"),
        ("handoff PONE-1 Half", "note PONE-1 Half --handover"),
        ("notes PONE-1", "comment list --work-item PONE-1"),
        ("status PONE-1", "show PONE-1"),
        ("blockers PONE-1", "dependency list --work-item PONE-1"),
        ("resume PONE-1", "begin PONE-1"),
        ("mine", "list --assignee @me"),
    ],
)
def test_guesses_about_evidence_and_people_are_understood(typed: str, meant: str) -> None:
    assert meaning(*typed.split()) == meaning(*meant.split())


@pytest.mark.parametrize("word", ["notes", "begins", "searches"])
def test_plural_of_a_verb_is_no_command(word: str) -> None:
    assert f"unknown command {word!r}" in usage_error(word)


def test_check_without_a_key_does_not_look_like_a_pass() -> None:
    assert "required: KEY" in usage_error("check")
    assert "usage: pm check VERB" in run("check", "-h")[1]
