"""An operation has at most 1 MiB: what is written fits, and a log with a larger one is malformed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.db import connection

from projects.models import Activity, Project, WorkItem
from projects.models.exceptions import Conflict
from projects.sync import operations
from projects.sync.exceptions import Malformed
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair, sync_both

Make = Callable[[str], BoardClone]
HUGE = 1_000_000  # characters


@pytest.fixture(autouse=True)
def long_texts(settings: LazySettings) -> None:
    settings.PM_MAX_DESCRIPTION_LENGTH = HUGE


def test_long_text_is_replaced_by_another(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    for text in ("a" * HUGE, "b" * HUGE):
        with ada:
            WorkItem.objects.get().update(actor=ada.user, description=text)
        sync_both(log, ada, bob)
    assert_equal(log, ada, bob)
    with bob:
        assert WorkItem.objects.get().description == "b" * HUGE
    lines = [line for segment in log.log for line in segment.splitlines()]
    assert HUGE < max(map(len, lines)) <= operations.MAX_OPERATION
    assert all(len(segment) <= operations.MAX_GROUP for segment in log.log)


def test_larger_operation_is_malformed() -> None:
    pk = "12345678-1234-4234-8234-123456789012"
    change = {"at": "2026-01-31T12:00:00.000000Z", "type": "work_item", "id": pk, "action": "updated"}

    def line(old: str) -> str:
        pairs = {"description": [old, "b" * HUGE]}
        return json.dumps({"id": "0" * 32, "base": 0, "by": "ada", "ops": [{**change, "set": pairs}]})

    assert operations.parse(line("a"))
    with pytest.raises(Malformed, match="an operation is larger than 1 MiB"):
        operations.parse(line("a" * 50_000))


def test_board_of_an_earlier_version_is_cut_or_refused(make_board_clone: Make, log: Log) -> None:
    ada = make_board_clone("ada")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        item = WorkItem.objects.create(actor=ada.user, project=project, item_type="task", title="Long")
        texts = [{"field": name, "old": None, "new": "ä" * HUGE} for name in ("description", "title")]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE projects_activity SET changes = %s WHERE entity_id = %s", [json.dumps(texts), item.pk.hex]
            )
            cursor.execute("UPDATE projects_workitem SET description = %s", ["ä" * HUGE])
        with pytest.raises(Conflict, match="PONE-1 is larger than 1 MiB and can't be shared; shorten its texts first"):
            ada.join(founds=True)
        item.refresh_from_db()
        item.update(actor=ada.user, description="Short")
        ada.join(founds=True)
        ada.sync(log)
        assert Activity.objects.filter(entity_id=item.pk, position=None).count() == 0
    bob = make_board_clone("bob")
    with bob:
        bob.join()
        bob.fetch(log)
        created = Activity.objects.filter(entity_type="work_item").first()
        assert created is not None
        assert created.changes[0]["new"].endswith("…")
