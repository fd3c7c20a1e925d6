"""Notes with real processes: `pm begin` prints one once, and keeps it when the command or its output fails."""

from __future__ import annotations

import json
import subprocess

from tests.processes import MANAGE, environment
from tests.projects.client.conftest import Board


def test_begin_prints_a_note_once_and_keeps_it_when_it_fails(empty_board: Board) -> None:
    pm = empty_board
    one, two = {"PM_ACTOR": "claude", "PM_SESSION": "one"}, {"PM_ACTOR": "claude", "PM_SESSION": "two"}
    pm.project("PONE")
    pm.item("PONE")
    assert pm("begin", "PONE-1", **one).document["key"] == "PONE-1"
    assert pm("note", "PONE-1", "Mind the tests", "--handover", **one).code == 0
    assert pm("begin", "PONE-1", **two).error["code"] == "CLAIMED"
    assert pm("back", "PONE-1", **one).code == 0
    with open("/dev/full", "wb") as full:
        lost = subprocess.run(
            [*MANAGE, "pm", "begin", "PONE-1"],
            cwd=pm.repository,
            env=environment(**two),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert lost.returncode != 0
    assert "Mind the tests" in pm("prime", **two).out
    shown = pm("begin", "PONE-1", **two).document
    assert [(note["by"], note["text"]) for note in shown["notes"]] == [("claude", "Mind the tests")]
    assert [*shown].index("notes") < [*shown].index("assignee")
    assert "notes" not in pm("begin", "PONE-1", **two).document
    assert "notes" not in json.loads(pm("news", **two).out)
