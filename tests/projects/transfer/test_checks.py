"""What an agent's file can't bring: checks, results, ticks and changes of what a person wrote."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from projects.models import Check, CheckRun, Criterion, OpenedRun, Project, User, WorkItem
from projects.models.check_run import Report
from projects.transfer import importer
from projects.transfer.exceptions import BadFile

pytestmark = pytest.mark.django_db
TREE = "a" * 40
Change = Callable[[dict[str, Any]], object]


def read(document: dict[str, Any], actor: User) -> None:
    importer.read(BytesIO(json.dumps(document).encode()), actor=actor)


@pytest.fixture
def document(project: Project, make_item: Callable[..., WorkItem], written: Callable[[], bytes]) -> dict[str, Any]:
    """The export of a board with a check, its result and a criterion of a person."""
    person, item = User.objects.actor("pat", is_agent=False), make_item()
    check = Check.objects.create(actor=person, project=project, name="unit", command="make test")
    OpenedRun.open(check, item, digest=check.digest, actor=person).finish(Report(1, 1, TREE, TREE), actor=person)
    Criterion.objects.create(actor=person, work_item=item, text="It ends")
    found: dict[str, Any] = json.loads(written())
    return found


def newer(row: dict[str, Any], **values: Any) -> None:
    row |= {"version": row["version"] + 1, "updated_at": "2099-01-01T00:00:00Z", **values}


def tick(document: dict[str, Any]) -> None:
    (row,) = document["criteria"]
    newer(row, ticked_by_id=row["created_by"], ticked_at="2026-01-01T00:00:00Z")


def forge(document: dict[str, Any]) -> None:
    (row,) = document["check_runs"]
    document["check_runs"].append({**row, "id": str(uuid.uuid4()), "outcome": "passed", "exit_code": 0})


def gone(document: dict[str, Any], collection: str, kind: str) -> None:
    (row,) = document[collection]
    document[collection] = []
    document["deleted"].append({"type": kind, "id": row["id"], "deleted_at": "2099-01-01T00:00:00Z"})


CHANGES: dict[str, Change] = {
    "only a person imports a check": lambda file: newer(file["checks"][0], command="true"),
    "only a person imports the result of a check": forge,
    "only a person imports a tick": tick,
    "only a person changes a criterion that a person wrote": lambda file: newer(file["criteria"][0], text="Easy"),
    "only a person deletes this check": lambda file: gone(file, "checks", "check"),
    "only a person deletes this criterion": lambda file: gone(file, "criteria", "criterion"),
}


@pytest.mark.parametrize(("reason", "change"), CHANGES.items(), ids=CHANGES)
def test_agent_does_not_import_it(reason: str, change: Change, document: dict[str, Any], user: User) -> None:
    read(document, user)  # the same values are no change
    change(document)
    with pytest.raises(BadFile, match=reason):
        read(document, user)
    assert (Check.objects.get().command, CheckRun.objects.get().outcome) == ("make test", "failed")
    assert Criterion.objects.living().get().ticked_by is None


def test_check_that_a_person_imports_is_not_approved(document: dict[str, Any]) -> None:
    newer(document["checks"][0], command="make all")
    read(document, User.objects.actor("pat"))
    check = Check.objects.select_related("project").get()
    assert (check.command, check.is_approved) == ("make all", False)
