"""Forged criteria, checks, results, reviews and waivers are void alike in all clones, and break nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from projects.models import Activity, CheckRun, Criterion, Review, Waiver
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair
from tests.projects.sync.test_hostile_logs import AT, Forger, new_id

Make = Callable[[str], BoardClone]


def created(kind: str, values: dict[str, Any], pk: str = "") -> dict[str, Any]:
    pairs = {name: [None, value] for name, value in values.items()}
    return {"at": AT, "type": kind, "id": pk or new_id(), "action": "created", "set": pairs}


def test_evidence_that_the_tables_do_not_take_is_void(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        forger = Forger(log)
    item, project, check, criterion = forger.item, forger.project, new_id(), new_id()
    run = {"work_item": item, "project_check": check, "digest": "0" * 64, "duration_ms": 1, "tree": "", "commit": ""}
    passed = {**run, "session": "", "outcome": "passed"}
    tick = {"ticked_by": [None, "mallory"]}
    command = {"project": project, "name": "tests", "command": "true", "timeout_seconds": 1, "item_types": "task"}
    forger.publish(
        forger.group(created("check", {**command, "requirement": "required"}, check)),
        forger.group(created("check_run", {**passed, "exit_code": 1})),
        forger.group(created("check_run", {**passed, "exit_code": None})),
        forger.group(created("check_run", {**passed, "exit_code": 0, "project_check": item})),
        forger.group(created("waiver", {"work_item": item, "reason": "", "missing": ""})),
        forger.group(created("waiver", {"work_item": project, "reason": "Because", "missing": ""})),
        forger.group(created("criterion", {"work_item": item, "text": "Holds", "position": 1}, criterion)),
        forger.group(
            {
                "at": AT,
                "type": "criterion",
                "id": criterion,
                "action": "updated",
                "set": tick,
            }
        ),
        forger.group(created("review", {"work_item": item, "content": "Look", "verdict": "accepted", "answer": ""})),
    )
    assert_equal(log, ada, bob)
    for clone in (ada, bob):
        with clone:
            assert not CheckRun.objects.exists()
            assert not Waiver.objects.exists()
            assert not Criterion.objects.get().is_ticked
            assert Review.objects.get().decided_by is None
            assert Activity.objects.filter(standing="void").count() == 5
