"""`pm dependency` against a real server."""

from __future__ import annotations

from tests.projects.client.conftest import Board


def test_list_separates_the_ways(board: Board) -> None:
    board.project("WAYS")
    one, two, three, four = (board.item("WAYS", str(number)) for number in range(4))
    made = board("dependency", "create", "--blocking", one, "--blocked", two).document["dependency"]
    assert (made["blocking_item"], made["blocked_item"], made["dependency_type"]) == (one, two, "blocks")
    board("dependency", "create", "--blocking", two.lower(), "--blocked", three)
    board("dependency", "create", "--blocking", four, "--blocked", two, "--type", "relates_to")
    identifier = board("work-item", "get", two).document["work_item"]["id"]
    padded = two.replace("-", "-0")
    for name in (two, two.lower(), padded, identifier, identifier.upper(), identifier.replace("-", "")):
        found = board("dependency", "list", "--work-item", name).document["dependencies"]
        ways = {way: [row["work_item"] for row in rows] for way, rows in found.items()}
        assert {name: keys for name, keys in ways.items() if keys} == {
            "blocking": [three],
            "blocked_by": [one],
            "relates_to": [four],
        }, name
    assert board("dependency", "get", made["id"]).document == {"dependency": made}
    assert board("dependency", "delete", made["id"]).document == {"deleted_id": made["id"]}
    assert board("dependency", "list", "--work-item", one).document["dependencies"]["blocking"] == []
    assert board("dependency", "restore", made["id"]).document["dependency"]["id"] == made["id"]


def test_circles_and_doubles_are_refused(board: Board) -> None:
    board.project("CIRCLE")
    one, two = board.item("CIRCLE"), board.item("CIRCLE")
    board("dependency", "create", "--blocking", one, "--blocked", two)
    circle = board("dependency", "create", "--blocking", two, "--blocked", one)
    assert (circle.code, circle.error["code"]) == (1, "CYCLE")
    assert f"{two} blocks {one} blocks {two}" in circle.error["message"]
    assert board("dependency", "create", "--blocking", one, "--blocked", two).error["code"] == "CONFLICT"
    assert board("dependency", "create", "--blocking", one, "--blocked", one).error["code"] == "VALIDATION_ERROR"
    assert board("dependency", "create", "--blocking", one).code == 2
    assert board("dependency", "list").code == 2
    assert board("dependency", "list", "--work-item", "CIRCLE-99").error["code"] == "NOT_FOUND"
