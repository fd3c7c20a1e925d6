"""`pm sync repair`, `verify` and `skip`: a shared board whose log was damaged on the remote."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import environment
from tests.projects.client.conftest import PM, Board, Result
from tests.projects.client.terminals import on_terminal
from tests.projects.sync.repositories import REF, git


def repair(board: Board) -> Result:
    return on_terminal(board.repository, "sync", "repair", typed="y\n")[0]


def clone_board(remote: Path, work: Path) -> Path:
    """Check the log out, to change it with plain git."""
    git("clone", "-q", str(remote), str(work))
    git("fetch", "-q", "origin", REF, cwd=work)
    git("checkout", "-q", "FETCH_HEAD", cwd=work)
    return work


@pytest.mark.parametrize("who", ["the founder", "a clone without history"])
def test_repair_publishes_a_deleted_ref_again(joined: None, ann: Board, bob: Board, remote: Path, who: str) -> None:
    ann.item("PONE", "Before")
    ann("sync")
    bob("sync")
    first, second = (ann, bob) if who == "the founder" else (bob, ann)
    git("update-ref", "-d", REF, cwd=remote)
    git("gc", "-q", "--prune=now", cwd=remote)
    first.item("PONE", "Unpublished")
    assert first("sync").code == 1
    done = repair(first).document
    assert done["missing"] > 0
    assert done["pending"] == 0
    if second("sync").code:
        repair(second)
    assert second("sync").document["pending"] == 0
    assert first("sync", "export").out == second("sync", "export").out
    assert "Unpublished" in second("sync", "export").out


def test_repair_of_a_rewound_ref(joined: None, ann: Board, bob: Board, remote: Path) -> None:
    before = git("rev-parse", REF, cwd=remote)
    ann.item("PONE", "Lost by the remote")
    ann("sync")
    bob("sync")
    git("update-ref", REF, before, cwd=remote)
    assert repair(bob).document["missing"] == 1
    assert ann("sync").code == 0
    assert ann("sync", "export").out == bob("sync", "export").out
    assert repair(ann).error["message"].endswith("there is nothing to repair")


def test_repair_after_the_local_copy_was_removed_says_who_can(joined: None, ann: Board, remote: Path) -> None:
    before = git("rev-parse", REF, cwd=remote)
    ann.item("PONE", "Lost by the remote")
    ann("sync")
    shutil.rmtree(ann.repository / ".pm" / "board.git")
    git("update-ref", REF, before, cwd=remote)
    assert ann("sync").code == 1
    assert repair(ann).error["message"].startswith("the local copy of the log was removed, so this clone can't publish")
    assert "Lost by the remote" in ann("sync", "export").out


def test_repair_of_a_segment_that_was_rewritten_on_top(
    joined: None, ann: Board, bob: Board, remote: Path, tmp_path: Path
) -> None:
    ann.item("PONE", "Lost by the remote")
    ann("sync")
    bob("sync")
    work = clone_board(remote, tmp_path / "work")
    last = max((work / "log/00/00").iterdir())
    last.write_bytes((work / "log/00/00/00.jsonl").read_bytes())
    git("commit", "-q", "-a", "-m", "Rewritten", cwd=work)
    git("push", "-q", "origin", f"HEAD:{REF}", cwd=work)
    assert "was rewound or rewritten" in bob("sync").error["message"]
    assert repair(bob).document["missing"] == 1
    assert "was rewound or rewritten" in ann("sync").error["message"]
    assert repair(ann).document["missing"] == 0
    assert "Lost by the remote" in ann("sync", "export").out
    assert ann("sync", "export").out == bob("sync", "export").out
    assert ann("sync", "verify").code == 0


def test_repair_needs_a_person(joined: None, ann: Board) -> None:
    done = subprocess.run(
        [*PM, "sync", "repair"], cwd=ann.repository, env=environment(), capture_output=True, start_new_session=True
    )
    assert json.loads(done.stderr.splitlines()[-1])["error"]["code"] == "FORBIDDEN"


def test_verify_compares_board_and_log(joined: None, ann: Board) -> None:
    assert ann("sync", "verify").document["verified"]["entities"] > 0
    assert ann("sync", "verify", "--rebuild").document["verified"]["entities"] > 0


def test_unreadable_segment_can_be_skipped_by_all(
    joined: None, ann: Board, bob: Board, remote: Path, tmp_path: Path
) -> None:
    ann.item("PONE", "Before the bad segment")
    assert ann("sync").document["pending"] == 0
    work = clone_board(remote, tmp_path / "work")
    number = len(list((work / "log/00/00").iterdir()))
    (work / f"log/00/00/{number:02}.jsonl").write_bytes(b"\xff\xfe\n")
    git("add", "-A", cwd=work)
    git("commit", "-q", "-m", "Bad", cwd=work)
    git("push", "-q", "origin", f"HEAD:{REF}", cwd=work)
    for board in (ann, bob):
        assert f"`pm sync skip {number}`" in board("sync").error["message"]
        for wrong in (number - 2, number + 1):
            refused, _ = on_terminal(board.repository, "sync", "skip", str(wrong), typed="y\n")
            assert refused.error["code"] == "CONFLICT"
        assert board("sync", "verify").code == 0  # although the last sync stopped midway
        done, _ = on_terminal(board.repository, "sync", "skip", str(number), typed="y\n")
        assert done.document == {"skipped": [number]}
        board("work-item", "create", "--project", "PONE", "--type", "task", "--title", "After it")
        assert board("sync").document["pending"] == 0
    assert ann("sync").document["pending"] == 0
    assert ann("sync", "export").out == bob("sync", "export").out
    assert ann("sync", "status").document["sync"]["skipped"] == [number]
    assert ann("sync", "verify").code == bob("sync", "verify").code == 0
