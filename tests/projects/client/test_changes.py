"""`pm changes`, `pm search`, `pm activity list`, `pm project stats` against a real server."""

from __future__ import annotations

from tests.projects.client.conftest import Board


def latest(board: Board) -> int:
    """Return the cursor behind all that happened."""
    cursor, changes = 0, True
    while changes:
        page = board("changes", "--since", str(cursor)).document
        cursor, changes = page["next"], bool(page["changes"])
    return cursor


def test_changes_lead_from_cursor_to_cursor(board: Board) -> None:
    board.project("LOOP")
    start = latest(board)
    item = board.item("LOOP", "T", "--as", "Ann")
    board("work-item", "update", item, "--title", "U", "--as", "Bob")
    seen = board("changes", "--since", str(start), "--project", "loop").document
    assert [(row["actor"], row["action"]) for row in seen["changes"]] == [("Ann", "created"), ("Bob", "updated")]
    assert seen["changes"][1]["changes"] == [{"field": "title", "old": "T", "new": "U"}]
    others = board("changes", "--since", str(start), "--not-by", "Ann").document["changes"]
    assert [row["actor"] for row in others] == ["Bob"]
    page = board("changes", "--since", str(start), "--limit", "1").document
    assert len(page["changes"]) == 1
    rest = board("changes", "--since", str(page["next"])).document
    assert [row["actor"] for row in rest["changes"]] == ["Bob"]
    assert board("changes", "--since", str(rest["next"])).document == {"changes": [], "next": rest["next"]}


def test_cursor_beyond_the_end_leads_back_to_it(board: Board) -> None:
    board.project("BEYOND")
    last = latest(board)
    assert board("changes", "--since", "99999999").document == {"changes": [], "next": last}
    assert board("changes", "--since", "99999999", "--project", "BEYOND").document == {"changes": [], "next": last}
    item = board.item("BEYOND")
    assert [row["display_key"] for row in board("changes", "--since", str(last)).document["changes"]] == [item]


def test_wrong_cursors_are_refused(board: Board) -> None:
    assert board("changes").code == 2
    assert board("changes", "--since", "now").code == 2
    assert board("changes", "--since", "-1").error["code"] == "VALIDATION_ERROR"
    assert board("changes", "--since", "0", "--project", "NONE").error["code"] == "VALIDATION_ERROR"


def test_search_finds_words_and_obeys_no_sign(board: Board) -> None:
    board.project("FIND")
    item = board.item("FIND", "A pelican", "--description", "that flies")
    board("comment", "create", "--work-item", item, "--content", "over the harbour")
    for words in ("pelican", "harbour", item.lower()):
        assert {row["display_key"] for row in board("search", words).document["results"]} == {item}, words
    (hit,) = board("search", "pelican flies", "--project", "FIND", "--limit", "1").document["results"]
    assert hit["title"] == "A pelican"
    assert board("search", "").document == {"results": [], "total": 0, "total_is_exact": True, "next": None}
    for signs in ('"', "pelican NOT", "*", "title:pelican", "NEAR(", "--", "'; --"):
        arguments = ("search", "--", signs) if signs.startswith("-") else ("search", signs)
        assert board(*arguments).code == 0, signs
    assert board("search").code == 2
    assert board("search", "x", "--limit", "0").error["field"] == "limit"


def test_search_pages_and_returns_total(board: Board) -> None:
    board.project("PAGES")
    items = {board.item("PAGES", f"A heron {number}") for number in range(5)}
    command = ("search", "heron", "--project", "PAGES")
    first = board(*command, "--limit", "2").document
    assert (len(first["results"]), first["total"]) == (2, 5)
    second = board(*command, "--limit", "100", "--cursor", first["next"]).document
    assert {row["display_key"] for row in (*first["results"], *second["results"])} == items
    assert (second["total"], second["next"]) == (5, None)
    whole = board(*command, "--limit", "2", "--all").document
    found = [*first["results"], *second["results"]]
    assert whole == {"results": found, "total": 5, "total_is_exact": True, "next": None}
    assert board(*command, "--all").document == whole
    assert board(*command, "--cursor", "x").error["field"] == "cursor"
    assert board(*command, "--output", "table").out.count("A heron") == 10  # title and snippet


def test_activity_of_an_item(board: Board) -> None:
    board.project("ACT")
    item = board.item("ACT")
    board.item("ACT")
    board("work-item", "update", item, "--priority", "high")
    rows = board("activity", "list", "--work-item", item.lower()).document["activities"]
    assert [row["action"] for row in rows] == ["created", "updated"]
    assert board("activity", "list", "--work-item", "ACT-99").error["code"] == "NOT_FOUND"
    assert board("activity", "list", "--work-item", "..").error["code"] == "USAGE"


def test_stats_count_a_project(board: Board) -> None:
    board.project("STAT")
    board.item("STAT", "T", "--points", "3", "--status", "done")
    board.item("STAT", "T", "--points", "5", kind="story")
    stats = board("project", "stats", "stat").document["stats"]
    assert (stats["by_status"]["done"], stats["by_type"]["story"]) == (1, 1)
    assert stats["points"] == {"done": 3, "open": 5}
    assert board("project", "stats", "NONE").error["code"] == "NOT_FOUND"
