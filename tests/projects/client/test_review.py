"""`pm review`, `accept`, `send-back` and `waive` against a real server."""

from __future__ import annotations

from projects.client.mcp.tools import BY_NAME
from tests.projects.client.conftest import Board
from tests.projects.client.terminals import on_terminal

AT_A_TERMINAL = {"is_input": True, "is_error": True, "LOGNAME": "casey"}


def test_person_at_a_terminal_decides_what_an_agent_hands_in(board: Board) -> None:
    board.project("ACCEPT")  # among the first in the alphabet: pm prime shows four projects
    item = board.item("ACCEPT")
    policy = ("project", "update", "ACCEPT", "--review", "required")
    assert "only a person may do this" in board(*policy, "--as", "bot").error["message"]
    result, shown = on_terminal(board.repository, *policy, typed="y\n", **AT_A_TERMINAL)
    assert "Policies of ACCEPT: review required" in shown
    assert result.document["project"]["review_policy"] == "required"

    false_claims = (
        ("update", item, "--status", "done", "--force"),
        ("work-item", "update", item, "--status", "done"),
        BY_NAME["update"].command_line({"key": item, "status": "done"}),
        BY_NAME["done"].command_line({"keys": [item], "text": "3 tests pass"}),
    )
    for claim in false_claims:
        assert '"status":"review"' in board("--as", "bot", *claim).out
        board("update", item, "--status", "todo", "--as", "bot")
    assert board("done", item, "-m", "3 tests pass", "--as", "bot").document["status"] == "review"
    for command in (("accept", item), ("send-back", item, "-m", "No"), ("waive", item, "-m", "No")):
        assert board(*command, "--as", "bot").error["code"] == "FORBIDDEN"
    result, shown = on_terminal(
        board.repository, "send-back", item, "-m", "Test the empty list", typed="y\n", **AT_A_TERMINAL
    )
    assert "handed in by bot: 3 tests pass" in shown
    assert result.document["status"] == "in_progress"

    assert board("review", "-m", "Tested", item, "--as", "bot").document["status"] == "review"
    result, shown = on_terminal(board.repository, "done", item, typed="y\n", **AT_A_TERMINAL)
    assert f"Accept {item}?" in shown
    assert "policies of ACCEPT: review required; done hands in, a person accepts" in board("prime").out
    assert [line.split('"status":"')[1].split('"')[0] for line in result.out.splitlines()] == ["review", "done"]
    assert board("show", item, "--full").document["work_item"]["closing"] == "accepted"
