"""The verbs at the top level against a real server: what they do, and how few bytes they answer."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.projects.client.conftest import Board, call

TITLES = (
    "Parse nested lists in the reader",
    "Check links to headings of other files",
    "Report the line and column of a broken link",
    "Ignore links inside of code blocks",
    "Follow symbolic links only once",
    "Read the settings from pyproject.toml",
)


def items_of(board: Board, project: str, count: int = 18) -> list[str]:
    """Create a board as agents plan it: a story for six items, some of which block others."""
    board.project(project)
    stories = [
        {
            "title": f"Story {story}",
            "children": [
                {"ref": f"{story}.{place}", "title": title, "points": place or None, "labels": ["cli"]}
                | ({"needs": [f"{story}.0"]} if place == 5 else {})
                for place, title in enumerate(TITLES[: count // 3 - 1])
            ],
        }
        for story in range(3)
    ]
    made = call(board.repository, "plan", "-", "--project", project, stdin=json.dumps(stories))
    return [json.loads(line)["key"] for line in made.out.splitlines()]


def rows(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture(scope="session")
def planned(board: Board) -> list[str]:
    """The keys of a planned board of 18 items, which no test changes."""
    return items_of(board, "PLANNED")


def test_list_is_short_and_its_lines_are_shorter(board: Board, planned: list[str]) -> None:
    listed = board("list", "PLANNED")
    assert [row["key"] for row in listed.document["work_items"]] == planned
    assert "null" not in listed.out
    lines = board("list", "PLANNED", "--lines")
    assert lines.out.splitlines()[1] == f"{planned[1]} backlog {TITLES[0]}"
    assert len(lines.out.splitlines()) == 18
    assert len(lines.out) <= 1200
    assert len(lines.out) <= 0.4 * len(listed.out)
    assert board("list", "PLANNED", PM_OUTPUT="lines").out == lines.out
    page = board("list", "PLANNED", "--limit", "2", "--lines").out.splitlines()
    assert (len(page), page[2].partition(" ")[0]) == (3, "more:")


def test_list_pages_and_takes_filters(board: Board, planned: list[str]) -> None:
    first = board("list", "PLANNED", "--limit", "10").document
    rest = board("list", "PLANNED", "--limit", "10", "--cursor", first["next"]).document
    assert [row["key"] for row in (*first["work_items"], *rest["work_items"])] == planned
    assert "next" not in rest
    stories = board("list", "PLANNED", "--type", "story").document["work_items"]
    assert [row["title"] for row in stories] == ["Story 0", "Story 1", "Story 2"]
    full = board("list", "PLANNED", "--full", "--limit", "1").document["work_items"][0]
    assert full["display_key"] == planned[0]


def test_show_has_what_is_needed_and_few_lines(board: Board, planned: list[str]) -> None:
    shown = board("show", planned[1].lower(), planned[5])
    first, second = rows(shown.out)
    assert (first["key"], first["above"]) == (planned[1], [f"{planned[0]} Story 0"])
    assert second["key"] == planned[5]
    assert not {"null", "activity", "display_key"} & {*shown.out.replace('"', " ").split()}
    lines = board("show", planned[2], "--lines").out
    assert lines.splitlines()[0] == f"{planned[2]} backlog task medium v1: {TITLES[1]}"
    assert len(lines) <= 600
    assert len(lines) <= 0.4 * len(board("work-item", "show", planned[2]).out)
    full = board("show", planned[1], "--full").document["work_item"]
    assert full["display_key"] == planned[1]
    assert board("show", "PLANNED-999").error["code"] == "NOT_FOUND"


def test_tree_nests_items(board: Board, planned: list[str]) -> None:
    tree = board("tree", planned[0]).document["tree"]
    assert [child["key"] for child in tree[0]["children"]] == planned[1:6]
    lines = board("tree", planned[0], "--lines").out.splitlines()
    assert lines[:2] == [f"{planned[0]} backlog story Story 0", f"  {planned[1]} backlog {TITLES[0]}"]
    assert len(board("tree", "--project", "PLANNED").document["tree"]) == 3


def test_done_answers_a_receipt_a_key(board: Board) -> None:
    keys = items_of(board, "FINISH")
    done = board("done", keys[1], keys[2], "-m", "parsed")
    first, second = rows(done.out)
    assert first == {"key": keys[1], "status": "done", "version": 2, "parent": keys[0], "parent_open": 3}
    assert second["key"] == keys[2]
    assert all(len(line) <= 160 for line in done.out.splitlines())
    assert board("show", keys[1]).document["close_reason"] == "parsed"
    refusal = board("done", keys[3], keys[0]).error
    assert (refusal["code"], refusal["items"]) == ("HAS_CHILDREN", [keys[4], keys[5]])
    assert board("show", keys[3]).document["status"] == "backlog"
    full = board("done", keys[3], "--full").document["work_item"]
    assert (full["display_key"], full["status"]) == (keys[3], "done")


def test_done_begins_the_next_item(board: Board) -> None:
    board.project("GOON")
    first, second = (board.item("GOON", title) for title in ("First", "Second"))
    board("dependency", "create", "--blocking", first, "--blocked", second)
    receipt, item = rows(board("done", first, "--next", "--as", "goon").out)
    assert (receipt["unblocked"], item["key"], item["claimed_by"]) == ([second], second, "goon")
    receipt, rest = rows(board("done", second, "--next", "--as", "goon").out)
    assert (receipt["key"], [*rest]) == (second, ["nothing_ready"])


def test_note_is_a_comment_of_a_kind(board: Board, tmp_path: Path) -> None:
    board.project("NOTE")
    item = board.item("NOTE")
    noted = board("note", item, "The cause is in parse()")
    assert noted.document["key"] == item
    assert len(noted.out) <= 80
    board("note", item, "Use SQLite", "--decision")
    call(board.repository, "note", item, "-", "--handover", stdin="Tests are missing\n")
    comments = board("show", item).document["comments"]
    assert [(row.get("kind"), row["text"]) for row in comments] == [
        (None, "The cause is in parse()"),
        ("decision", "Use SQLite"),
        ("handover", "Tests are missing"),
    ]
    assert board("note", item, "x", "--decision", "--handover").error["code"] == "USAGE"
    assert board("note", item, "x", "--full").document["comment"]["content"] == "x"


def test_back_gives_the_item_back_with_a_handover(board: Board) -> None:
    board.project("BACK")
    item = board.item("BACK")
    board("begin", item, "--as", "giver")
    assert board("back", item, "--as", "other").error["code"] == "CLAIMED"
    assert board("back", item, "-m", "Half done", "--as", "giver").document["status"] == "backlog"
    (comment,) = board("show", item).document["comments"]
    assert (comment["kind"], comment["text"]) == ("handover", "Half done")


def test_create_answers_a_receipt_and_links(board: Board) -> None:
    board.project("CREATE")
    story = board.item("CREATE", "Story", kind="story")
    first = board("create", "First", "--parent", story).document
    assert first == {"key": "CREATE-2", "status": "backlog", "version": 1, "parent": story}
    flags = ("-t", "bug", "-p", "high", "-d", "Broken", "--label", "a", "--label", "b", "--needs", first["key"])
    second = board("create", "Second", *flags, "--from", story, "--points", "0").document["key"]
    assert board("show", second).document == {
        **{"key": second, "type": "bug", "title": "Second", "status": "backlog", "priority": "high", "version": 1},
        **{"labels": ["a", "b"], "points": 0, "description": "Broken"},
        **{"blocked_by": [f"{first['key']} backlog First"], "discovered_from": [f"{story} backlog Story"]},
    }
    assert board("create", "--parent", story).error["field"] == "title"
    assert board("create", "Third", "--parent", "CREATE-99").error["field"] == "parent"
    assert board("create", "Third", "--parent", story, "--full").document["work_item"]["title"] == "Third"
    described = call(board.repository, "create", "Fourth", "--parent", story, "-d", "-", stdin="From a pipe")
    assert board("show", described.document["key"]).document["description"] == "From a pipe"


def test_update_changes_several_items(board: Board) -> None:
    board.project("CHANGE")
    keys = [board.item("CHANGE", title) for title in ("First", "Second")]
    changed = rows(board("update", *keys, "--points", "3", "--add-label", "x").out)
    assert [(receipt["key"], receipt["version"]) for receipt in changed] == [(key, 2) for key in keys]
    assert board("update", keys[0], "--clear", "points", "--title", "New").document["version"] == 3
    assert board("update", keys[0]).error["code"] == "USAGE"
    assert board("update", *keys, "--due", "x").error["field"] == "due_date"


def test_plan_of_twelve_items_answers_few_bytes(board: Board, tmp_path: Path) -> None:
    board.project("TWELVE")
    plan = tmp_path / "plan.json"
    items = [{"ref": f"step{number}", "title": f"Step {number}"} for number in range(12)]
    for number, item in enumerate(items[1:]):
        item["needs"] = f"step{number}"
    plan.write_text(json.dumps({"project": "TWELVE", "items": items}))
    made = board("plan", str(plan))
    assert [row["key"] for row in rows(made.out)] == [f"TWELVE-{number}" for number in range(1, 13)]
    assert len(made.out) <= 700
    assert board("ready", "TWELVE", "--lines").out == "TWELVE-1 backlog Step 0\n"


def test_log_reports_the_history_in_words(board: Board) -> None:
    board.project("HISTORY")
    item = board.item("HISTORY")
    board("update", item, "--status", "todo", "--as", "Ann")
    (newest, oldest) = board("log", item).document["log"]
    assert (newest["by"], newest["did"], oldest["did"]) == ("Ann", "status backlog → todo", "created")
    line = board("log", item, "--lines", "--limit", "1").out.splitlines()[0]
    assert line.endswith("Ann: status backlog → todo")


def test_news_after_60_changes_are_short_and_seen_once(board: Board) -> None:
    keys = items_of(board, "NEWS")
    board("news", "--as", "reader", "--max-bytes", "1000000")
    for key in keys[:15]:
        board("update", key, "--points", "2", "--as", "writer")
        board("note", key, "Look at this", "--as", "writer")
        board("update", key, "--status", "todo", "--as", "writer")
        board("update", key, "--status", "done", "--force", "--as", "writer")
    first = board("news", "--as", "reader")
    assert len(first.out) <= 1500
    shown = first.document["news"]
    assert shown[0]["did"] == "points 2; comment: Look at this; status done"
    while board("news", "--as", "reader").document["news"]:
        pass
    board("update", keys[0], "--title", "New", "--as", "writer")
    lines = board("news", "--as", "reader", "--lines")
    assert lines.out == f"{keys[0]} writer: title New\n"
    assert board("news", "--as", "reader", "--lines").out == "no news\n"


def test_word_in_the_wrong_place_says_what_was_meant(board: Board) -> None:
    item = items_of(board, "WORDS", 6)[0]
    for typed, meant in (
        (("update", item, "done"), f"pm update {item} --status=done"),
        (("update", item, "High", "In progress"), f"pm update {item} --priority=high --status=in_progress"),
        (("done", item, "parses", "lists"), f"pm done {item} -m 'parses lists'"),
        (("back", item, "too", "hard"), f"pm back {item} -m 'too hard'"),
        (("list", "todo"), "pm list --status=todo"),
    ):
        assert board(*typed).error["try"] == meant
    assert "try" not in board("update", item, "purple").error
    assert board("list", "NOWHERE").error["try"] in ("pm list WORDS", "pm project list")


def test_what_is_missing_or_named_wrongly_has_the_command_that_was_meant(board: Board) -> None:
    project = board.project("TRYIT")
    board("project", "create", "--key", "TRYTWO", "--title", "Two")
    key = board("create", "One", "--project", project).document["key"]
    board("sprint", "create", "Next", "--project", project, "--start-date", "2026-01-01", "--end-date", "2026-01-14")
    today, end = date.today(), date.today() + timedelta(days=13)

    def meant(*words: str) -> object:
        return board(*words).error.get("try")

    assert meant("move", key, "todo") == f"pm update {key} --status=todo"
    assert meant("move", key, "--status", "todo") == f"pm update {key} --status todo"
    assert meant("move", key) == f"pm work-item move {key} --before KEY"
    assert meant("note", key) == f"pm note {key} TEXT"
    assert meant("sprint", "create", "Soon") == f"pm sprint create Soon --start-date {today} --end-date {end}"
    assert meant("list", "TRYI") == "pm list TRYIT"
    assert meant("ready", "--project", "tryto") == "pm ready --project TRYTWO"
    assert meant("create", "Two", "--project=ELSEWHERE") == "pm project list"
    assert meant("list", project, "--sprint", "Nxt") == f"pm list {project} --sprint Next"
    assert meant("sprint", "get", "nothing") == "pm sprint list"
    board("update", key, "--assignee", "ada", "--new-user", "person")
    assert meant("update", key, "--assignee", "adda") == f"pm update {key} --assignee ada"


def test_text_of_other_bytes_is_refused(board: Board) -> None:
    item = items_of(board, "BYTES", 6)[0]
    assert board("note", item, "caf\udce9").error["message"] == "an argument contains bytes that are not UTF-8"
    assert board("note", item, "👍").document


def test_unknown_form_of_output_is_refused(board: Board) -> None:
    assert board("list", PM_OUTPUT="bogus").error["message"] == "PM_OUTPUT is 'bogus'; allowed: json, lines"


def test_verbs_that_end_a_claim_take_the_item_that_the_session_holds(board: Board) -> None:
    env = {"PM_ACTOR": "holder", "PM_SESSION": "one"}
    first, second, third = (board.item(board.project("HELD") if not number else "HELD") for number in range(3))
    refused = board("done", **env).error
    assert (refused["code"], refused["message"]) == ("USAGE", "this session holds no item; name one: pm done KEY")
    board("begin", first, **env)
    assert board("back", "-m", "later", **env).document["key"] == first
    board("begin", second, **env)
    assert rows(board("done", "-m", "closed", **env).out) == [{"key": second, "status": "done", "version": 3}]
    board("begin", first, **env)
    board("begin", third, **env)
    refused = board("review", **env).error
    assert refused["try"] == [f"pm review {first}", f"pm review {third}"]
    assert board("review", third, **env).document["status"] == "review"
    assert board("review", **env).document["key"] == first
