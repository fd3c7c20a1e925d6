"""`pm work-item` against a real server: every verb, every filter, every refusal."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.projects.client.conftest import Board, call


def test_create_sets_all_flags(board: Board, tmp_path: Path) -> None:
    board.project("MAKE")
    sprint = board(
        *("sprint", "create", "--project", "MAKE", "--name", "S", "--start-date", "2026-01-01"),
        *("--end-date", "2026-01-15"),
    ).document["sprint"]
    epic = board.item("MAKE", "Epic", kind="epic")
    text = tmp_path / "text.md"
    text.write_text("# Grüße\n")
    made = board(
        *("work-item", "create", "--project", "make", "--type", "story", "--title", "-x", "--parent", epic.lower()),
        *("--status", "todo", "--priority", "high", "--assignee", "Ann", "--new-user", "agent"),
        *("--sprint", sprint["id"], "--label", "a"),
        *("--label", "b", "--points", "5", "--description-file", str(text)),
    ).document["work_item"]
    assert {name: made[name] for name in ("display_key", "item_type", "title", "parent", "status", "priority")} == {
        "display_key": "MAKE-2",
        "item_type": "story",
        "title": "-x",
        "parent": "MAKE-1",
        "status": "todo",
        "priority": "high",
    }
    assert (made["assignee"], made["sprint_id"], made["labels"]) == ("Ann", sprint["id"], ["a", "b"])
    assert (made["story_points"], made["description"].strip()) == (5, "# Grüße")
    for name in ("make-2", "MAKE-2", made["id"]):
        assert board("work-item", "get", name).document == {"work_item": made}
    cleared = board(
        *("work-item", "update", "MAKE-2", "--clear", "parent", "--clear", "sprint", "--clear", "assignee"),
        *("--clear", "labels", "--clear", "points", "--clear", "description", "--expected-version", "1"),
    ).document["work_item"]
    assert [cleared[name] for name in ("parent", "sprint_id", "assignee", "story_points")] == [None] * 4
    assert (cleared["labels"], cleared["description"], cleared["version"]) == ([], "", 2)


def test_description_comes_from_standard_input(board: Board) -> None:
    board.project("ITMSTDIN")
    result = call(
        board.repository,
        *("work-item", "create", "--project", "ITMSTDIN", "--type", "task", "--title", "T", "--description-file", "-"),
        stdin="from a pipe",
    )
    assert result.document["work_item"]["description"] == "from a pipe"


def test_flags_of_old_are_understood(board: Board) -> None:
    board.project("OLD")
    epic = board("work-item", "create", "--project-id", "OLD", "--type", "epic", "--title", "E").document["work_item"]
    ann = board.item("OLD", "A", "--assignee", "Ann", "--new-user", "agent")
    ann_id = board("work-item", "get", ann).document["work_item"]["assignee_id"]
    made = board(
        *("work-item", "create", "--project-id=OLD", "--type", "story", "--title", "S", "--parent-id", epic["id"]),
        *("--story-points", "3", "--assignee-id", ann_id),
    ).document["work_item"]
    assert (made["parent"], made["story_points"], made["assignee"]) == ("OLD-1", 3, "Ann")
    assert board.keys("list", "--project-id", "OLD", "--parent-id", epic["id"]) == [made["display_key"]]
    stale = board("work-item", "update", "OLD-1", "--version", "7", "--title", "X")
    assert (stale.error["code"], stale.error["current_version"]) == ("CONFLICT", 1)
    help_text = board("work-item", "create", "-h").out
    assert "--parent-id" not in help_text


def test_list_is_filtered_by_every_flag(board: Board) -> None:
    board.project("LIST")
    epic = board.item("LIST", "Epic", kind="epic")
    story = board.item("LIST", "Story", "--parent", epic, "--priority", "high", "--label", "web", kind="story")
    task = board.item(
        "LIST", "Needle", "--parent", story, "--assignee", "Ann", "--new-user", "agent", "--status", "todo"
    )
    done = board.item("LIST", "Done", "--status", "done")
    lone = board.item("LIST", "Lone", "--priority", "critical")
    board("dependency", "create", "--blocking", lone, "--blocked", task)
    for flags, expected in (
        ((), [epic, story, task, lone]),
        (("--include-done",), [epic, story, task, done, lone]),
        (("--status", "done"), [done]),
        (("--status", "done,todo"), [task, done]),
        (("--status", "done", "--status", "todo"), [task, done]),
        (("--type", "epic"), [epic]),
        (("--type", "epic,story"), [epic, story]),
        (("--priority", "high,critical"), [story, lone]),
        (("--assignee", "Ann"), [task]),
        (("--label", "web"), [story]),
        (("--label", "WEB", "--label", "first"), []),
        (("--parent", epic), [story]),
        (("--descendants-of", epic), [story, task]),
        (("--ancestors-of", task), [epic, story]),
        (("--orphaned",), [lone]),
        (("--blocked",), [task]),
        (("--search", "needle"), [task]),
        (("--updated-since", "2001-01-01"), [epic, story, task, lone]),
        (("--updated-since", "2999-01-01T00:00:00Z"), []),
        (("--sort", "priority"), [lone, story, epic, task]),
        (("--sort=-item_number",), [lone, task, story, epic]),
    ):
        assert board.keys("list", "LIST", *flags) == expected, flags
    # An item or a sprint implies the project.
    assert board.keys("list", "--descendants-of", epic) == [story, task]
    assert board.keys("list", "--project", "list", "--type", "epic") == [epic]


def test_list_is_paged_and_slim(board: Board) -> None:
    board.project("PAGE")
    keys = [board.item("PAGE", f"T{number}", "--description", "long " * 100) for number in range(5)]
    first = board("work-item", "list", "PAGE", "--limit", "2").document
    assert [row["display_key"] for row in first["work_items"]] == keys[:2]
    assert set(first["work_items"][0]) == {
        *("display_key", "item_type", "title", "status", "priority", "parent", "assignee", "story_points", "version")
    }
    assert board.keys("list", "PAGE", "--limit", "2", "--cursor", first["next"]) == keys[2:4]
    assert board.keys("list", "PAGE", "--limit", "2", "--all") == keys
    full = board("work-item", "list", "PAGE", "--full").document["work_items"]
    assert full[0]["description"].startswith("long")
    fields = board("work-item", "list", "PAGE", "--fields", "display_key,labels").document["work_items"]
    assert fields[0] == {"display_key": keys[0], "labels": []}


def test_deleted_items_are_listed_and_restored(board: Board) -> None:
    board.project("GONE")
    story = board.item("GONE", kind="story")
    task = board.item("GONE", "T", "--parent", story)
    refused = board("work-item", "delete", story)
    assert (refused.code, refused.error["code"]) == (1, "HAS_CHILDREN")
    assert board("work-item", "delete", story, "--expected-version", "9").error["code"] == "CONFLICT"
    identifier = board("work-item", "delete", story, "--recursive").document["deleted_id"]
    assert uuid.UUID(identifier)
    assert board.keys("list", "GONE") == []
    assert sorted(board.keys("list", "GONE", "--deleted")) == [story, task]
    assert board("work-item", "get", story).error["code"] == "NOT_FOUND"
    assert board("work-item", "restore", story).document["work_item"]["id"] == identifier
    assert board.keys("list", "GONE") == [story, task]


def test_items_are_moved(board: Board) -> None:
    board.project("MOVE")
    one, two, three = (board.item("MOVE", str(number)) for number in range(3))
    assert board("work-item", "move", three, "--before", one.lower()).document["work_item"]["display_key"] == three
    assert board.keys("list", "MOVE") == [three, one, two]
    board("work-item", "move", three, "--after", one)
    assert board.keys("list", "MOVE") == [one, three, two]
    for flags in ((), ("--before", one, "--after", two)):
        assert board("work-item", "move", three, *flags).error["code"] == "USAGE"


def test_many_items_are_updated_at_once_or_none(board: Board, tmp_path: Path) -> None:
    board.project("BULK")
    one, two = board.item("BULK"), board.item("BULK")
    lines = tmp_path / "changes.jsonl"
    rows = [{"id": one, "status": "todo"}, {"id": two, "labels": ["x"]}]
    lines.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    answer = board("work-item", "bulk-update", "--from-file", str(lines)).document
    assert [row["display_key"] for row in answer["work_items"]] == [one, two]
    rows = [{"id": one, "status": "review"}, {"id": two, "status": "odd"}]
    result = call(
        board.repository, "work-item", "bulk-update", "--from-file", "-", stdin="\n".join(map(json.dumps, rows))
    )
    assert (result.code, result.error["code"]) == (1, "VALIDATION_ERROR")
    assert board("work-item", "get", one).document["work_item"]["status"] == "todo"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "A-1"}\n{', "line 2 is not JSON"),
        ("[]", "line 1 is not an object with an id"),
        ('{"id": 1}', "line 1 is not an object with an id"),
        ("\n\n", "the file has no changes"),
    ],
)
def test_lines_that_are_wrong_are_named(board: Board, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "f").write_text(text)
    result = board("work-item", "bulk-update", "--from-file", str(tmp_path / "f"))
    assert (result.code, result.error["code"]) == (2, "USAGE")
    assert said in result.error["message"]


def test_done_waits_for_children_and_blockers_unless_forced(board: Board) -> None:
    board.project("DONE")
    story = board.item("DONE", kind="story")
    task = board.item("DONE", "T", "--parent", story)
    refused = board("work-item", "update", story, "--status", "done")
    assert (refused.error["code"], task in refused.error["message"]) == ("HAS_CHILDREN", True)
    other = board.item("DONE")
    board("dependency", "create", "--blocking", task, "--blocked", other)
    assert board("work-item", "update", other, "--status", "done").error["code"] == "HAS_BLOCKERS"
    assert board("work-item", "update", other, "--status", "done", "--force").document["work_item"]["status"] == "done"
    assert board("work-item", "update", other, "--force").error["code"] == "USAGE"


def test_show_has_all_around_and_fits(board: Board) -> None:
    board.project("SHOW")
    epic = board.item("SHOW", "Epic", kind="epic")
    story = board.item("SHOW", "Story", "--parent", epic, "--description", "ü€ " * 5000, kind="story")
    task = board.item("SHOW", "Task", "--parent", story)
    other = board.item("SHOW", "Other")
    board("dependency", "create", "--blocking", other, "--blocked", story)
    board("comment", "create", "--work-item", story, "--content", "word " * 3000)
    shown = board("work-item", "show", story).document["work_item"]
    assert [row["display_key"] for row in shown["ancestors"]] == [epic]
    assert [row["display_key"] for row in shown["children"]] == [task]
    assert [row["display_key"] for row in shown["blocked_by"]] == [other]
    assert shown["truncated"] == []
    for most in (1024, 4096, 20000):
        result = board("work-item", "show", story, "--max-bytes", str(most))
        assert len(result.out.encode()) <= most
        assert result.document["work_item"]["display_key"] == story
        assert result.document["work_item"]["truncated"]
    assert board("work-item", "show", story, "--max-bytes", "5").error["code"] == "VALIDATION_ERROR"


def test_project_is_named_where_there_are_several(board: Board) -> None:
    board.project("ONE1")
    board.project("TWO2")
    error = board("work-item", "list").error
    assert (error["code"], error["field"]) == ("USAGE", "project")
    assert "the board has several projects; name one of: " in error["message"]
    for arguments in (
        ("work-item", "create", "--type", "task", "--title", "T"),
        ("work-item", "ready"),
        ("work-item", "claim", "--next"),
        ("sprint", "list"),
        ("swim-lane", "list"),
        ("project", "stats"),
    ):
        result = board(*arguments)
        assert (result.code, result.error["code"]) == (2, "USAGE"), arguments


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        (("list", "NONE"), "VALIDATION_ERROR", "project"),
        (("list", "ITMWRONG", "--status", "odd"), "USAGE", None),
        (("list", "ITMWRONG", "--sort", "odd"), "VALIDATION_ERROR", "ordering"),
        (("list", "ITMWRONG", "--limit", "0"), "VALIDATION_ERROR", "limit"),
        (("get", "ITMWRONG-999"), "NOT_FOUND", None),
        (("get", "../projects"), "USAGE", "id"),
        (("get", "."), "USAGE", "id"),
        (("show", ""), "USAGE", "id"),
        (("create", "--project", "ITMWRONG", "--type", "task", "--title", ""), "VALIDATION_ERROR", "title"),
        (("create", "--project", "ITMWRONG", "--type", "idea", "--title", "T"), "USAGE", None),
        (("create", "--project", "ITMWRONG", "--type", "task", "--title", "T", "--points", "x"), "USAGE", None),
        (
            ("create", "--project", "ITMWRONG", "--type", "task", "--title", "T", "--parent", "ITMWRONG-9"),
            None,
            "parent_id",
        ),
        (("update", "ITMWRONG-1"), "USAGE", None),
        (("update", "ITMWRONG-1", "--clear", "parent", "--parent", "ITMWRONG-2"), "USAGE", "parent"),
        (("update", "ITMWRONG-1", "--clear", "title"), "USAGE", None),
        (("release", "ITMWRONG-1"), "CONFLICT", None),
        (("release", "ITMWRONG-1", "--lease-id", "x", "--force"), "USAGE", "lease_id"),
        (("claim",), "USAGE", "id"),
        (("renew", "ITMWRONG-1", "--lease-id", "x"), "VALIDATION_ERROR", "lease_id"),
    ],
)
def test_wrong_input_is_an_error_that_names_the_field(
    board: Board, arguments: tuple[str, ...], code: str | None, field: str | None
) -> None:
    if board("project", "get", "ITMWRONG").code:
        board.project("ITMWRONG")
        board.item("ITMWRONG")
    result = board("work-item", *arguments)
    assert result.code == (2 if code == "USAGE" else 1)
    assert result.error["code"] == (code or "VALIDATION_ERROR")
    assert result.error.get("field") == field


def test_reopened_item_is_not_completed(board: Board) -> None:
    board.project("AGAIN")
    item = board.item("AGAIN", "T", "--status", "done")
    assert board("work-item", "get", item).document["work_item"]["completed_at"] is not None
    for status, is_done in (("todo", False), ("done", True), ("review", False)):
        changed = board("work-item", "update", item, "--status", status).document["work_item"]
        assert (changed["completed_at"] is not None) is is_done


def test_labels_of_a_filter_are_all_meant(board: Board) -> None:
    board.project("LABELS")
    both, _, _ = (board.item("LABELS", labels, "--label", labels) for labels in ("a,b", "a", "b"))
    for flags in (("--label", "a", "--label", "b"), ("--label", "b", "--label", "a"), ("--label", "A,b")):
        assert board.keys("list", "LABELS", *flags) == [both], flags
    assert board("work-item", "list", "LABELS", "--label", ",").error["field"] == "label"


def test_labels_types_and_reasons_are_changed_by_flags(board: Board) -> None:
    board.project("FLAGS")
    item = board.item("FLAGS", "Item")

    def change(identifier: str, *flags: str, **env: str) -> dict[str, Any]:
        made: dict[str, Any] = board("work-item", "update", identifier, *flags, **env).document["work_item"]
        return made

    made = change(item, "--add-label", "a", "--add-label", "b", "--due", "2026-01-31")
    assert (made["labels"], made["due_date"]) == (["a", "b"], "2026-01-31")
    made = change(item, "--remove-label", "A", "--type", "bug", "--external-ref", "gh-1")
    assert (made["labels"], made["item_type"]) == (["b"], "bug")
    assert board.keys("list", "FLAGS", "--overdue") == [item]
    assert change(item, "--assignee", "@me", PM_ACTOR="carol")["assignee"] == "carol"
    assert change("gh-1", "--status", "cancelled", "--close-reason", "Obsolete")["close_reason"] == "Obsolete"
    assert board.keys("list", "FLAGS", "--status", "not:done") == []
    assert board.keys("list", "FLAGS", "--status", "cancelled") == [item]
    assert board.keys("list", "FLAGS", "--unassigned", "--include-done") == []
    assert change(item, "--assignee", "none")["assignee"] is None
