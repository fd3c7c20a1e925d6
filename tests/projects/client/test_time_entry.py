"""`pm time-entry` against a real server."""

from __future__ import annotations

from tests.projects.client.conftest import Board


def test_timer_is_started_and_stopped(board: Board) -> None:
    board.project("TIMER")
    one, two = board.item("TIMER"), board.item("TIMER")
    first = board("time-entry", "start", "--work-item", one, "--as", "Tim").document
    assert (first["time_entry"]["is_running"], first["stopped_entry"]) == (True, None)
    second = board("time-entry", "start", "--work-item", two, "--description", "d", "--as", "Tim").document
    assert second["stopped_entry"]["id"] == first["time_entry"]["id"]
    running = board("time-entry", "list", "--running", "--user", "Tim").document["time_entries"]
    assert [row["work_item"] for row in running] == [two]
    stopped = board("time-entry", "stop", "--as", "Tim").document["time_entry"]
    assert (stopped["id"], stopped["is_running"]) == (second["time_entry"]["id"], False)
    assert board("time-entry", "stop", "--as", "Tim").error["code"] == "CONFLICT"
    assert board("time-entry", "stop", stopped["id"], "--as", "Tim").error["code"] == "CONFLICT"
    third = board("time-entry", "start", "--work-item", one, "--as", "Tim").document["time_entry"]
    assert board("time-entry", "stop", third["id"], "--as", "Tim").document["time_entry"]["id"] == third["id"]


def test_entry_lives_through_every_verb(board: Board) -> None:
    board.project("TIMLIFE")
    item = board.item("TIMLIFE")
    entry = board(
        *("time-entry", "create", "--work-item", item, "--started-at", "2026-01-05T09:00:00Z"),
        *("--ended-at", "1767607200", "--description", "review"),
    ).document["time_entry"]
    assert (entry["duration_seconds"], entry["description"], entry["ended_at"]) == (
        3600,
        "review",
        "2026-01-05T10:00:00Z",
    )
    name = entry["id"]
    assert board("time-entry", "get", name).document == {"time_entry": entry}
    changed = board("time-entry", "update", name, "--ended-at", "2026-01-05T09:30:00Z", "--clear", "description")
    assert (changed.document["time_entry"]["duration_seconds"], changed.document["time_entry"]["description"]) == (
        1800,
        "",
    )
    assert board("time-entry", "update", name, "--description", "x", "--as", "Eve").error["code"] == "FORBIDDEN"
    assert board("time-entry", "delete", name).document == {"deleted_id": name}
    assert board("time-entry", "list", "--work-item", item).document["time_entries"] == []
    assert len(board("time-entry", "list", "--project", "TIMLIFE", "--deleted").document["time_entries"]) == 1
    assert board("time-entry", "restore", name).document["time_entry"]["id"] == name


def test_wrong_entries_are_refused(board: Board) -> None:
    board.project("TIMWRONG")
    start = ("time-entry", "create", "--work-item", board.item("TIMWRONG"), "--started-at", "2026-01-05T09:00:00Z")
    for ended_at in ("2026-01-05T08:00:00Z", "2026-01-07T09:00:00Z", "2999-01-01T00:00:00Z", "soon", ""):
        error = board(*start, "--ended-at", ended_at).error
        assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "ended_at"), ended_at
    assert board(*start).code == 2
    assert board("time-entry", "start", "--work-item", "TIMWRONG-99").error["code"] == "VALIDATION_ERROR"
