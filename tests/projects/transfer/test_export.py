from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from projects.entities.registry import ENTITIES
from projects.models import Comment, Dependency, Project, Sprint, TimeEntry, User, WorkItem
from projects.transfer import export
from projects.transfer.tables import TABLES
from tests.projects.entity_rows import OF_ITS_OWN, complete
from tests.projects.transfer.conftest import Read

Written = Callable[..., bytes]
Make = Callable[..., Any]


@pytest.fixture
def full(project: Project, make_item: Make, make_project: Make) -> Project:
    """A board with at least one row of every entity."""
    ada = User.objects.actor("ada")
    epic = make_item("Epic", item_type="epic", labels=["b", 'ä "quoted"'])
    story = make_item("Story", item_type="story", parent=epic, story_points=3, assignee=User.objects.actor("grace"))
    gone = make_item("Gone")
    sprint = Sprint.objects.create(
        actor=ada, project=project, name="One", start_date=date(2026, 1, 1), end_date=date(2026, 1, 8)
    )
    story.update(actor=ada, sprint_id=sprint.pk)
    sprint.start(actor=ada)
    story.update(actor=ada, status="in_progress")
    WorkItem.objects.filter(pk=story.pk).update(position="a0Zz")
    Comment.objects.create(actor=ada, work_item=story, content="One\nline 🔥 </script>")
    Comment.objects.create(actor=ada, work_item=gone, content="Hidden")
    Dependency.objects.create(actor=ada, blocking_item=epic, blocked_item=gone)
    Dependency.objects.create(actor=ada, blocking_item=epic, blocked_item=story, dependency_type="relates_to")
    TimeEntry.objects.start(story, actor=ada)
    now = timezone.now()
    TimeEntry.objects.create(
        actor=ada, work_item=story, user=ada, started_at=now - timedelta(hours=2), ended_at=now - timedelta(hours=1)
    )
    gone.soft_delete(actor=ada)
    other = make_project("PTWO")
    WorkItem.objects.create(actor=ada, project=other, item_type="task", title="Elsewhere")
    ada.is_agent = False  # only people define checks
    complete(ada)
    return project


def test_export_and_import_keep_everything(
    full: Project, read: Read, written: Written, wipe: Callable[[], None]
) -> None:
    first = written()
    found = json.loads(first)
    assert [name for name in found if not found[name]] == []
    wipe()
    read(first)
    assert written() == first
    assert written() == first


def test_file_is_sorted_with_one_row_per_line(full: Project, written: Written) -> None:
    text = written().decode()
    document = json.loads(text)
    assert list(document) == ["schema_version", *(entity.plural for entity in ENTITIES), "users", "deleted"]
    lines = [line.rstrip(",") for line in text.splitlines() if line.startswith("{") and line.endswith(("}", "},"))]
    rows = [row for name in document if name != "schema_version" for row in document[name]]
    assert [json.loads(line) for line in lines] == rows
    for name in [table.collection for table in TABLES] + ["users"]:
        assert [row["id"] for row in document[name]] == sorted(row["id"] for row in document[name])
        assert all(list(row) == sorted(row) for row in document[name])
    assert "🔥" in text


def test_deleted_rows_and_their_dependents_are_omitted(full: Project, written: Written) -> None:
    document = json.loads(written())
    assert {row["title"] for row in document["work_items"]} == {"Epic", "Story", "Elsewhere", OF_ITS_OWN}
    assert len(document["comments"]) == len(document["dependencies"]) == 1
    (deleted,) = document["deleted"]
    assert deleted["type"] == "work_item"
    assert deleted["deleted_at"].endswith("Z")


def test_export_of_a_project_has_only_its_rows(full: Project, written: Written) -> None:
    document = json.loads(written(full))
    assert [row["key"] for row in document["projects"]] == ["PONE"]
    assert {row["display_key"] for row in document["work_items"]} == {"PONE-1", "PONE-2"}
    assert len(document["swim_lanes"]) == 5
    assert {row["username"] for row in document["users"]} == {"ada", "grace"}
    assert len(document["deleted"]) == 1
    other = json.loads(written(Project.objects.get(key="PTWO")))
    items = [row for row in other["work_items"] if row["title"] != OF_ITS_OWN]
    assert (len(items), other["comments"], other["deleted"]) == (1, [], [])
    assert [row["username"] for row in other["users"]] == ["ada"]


def test_empty_board_is_exported(db: None, read: Read, written: Written) -> None:
    assert read(written())["projects"]["created"] == 0


@pytest.mark.django_db(transaction=True)
def test_export_reads_one_snapshot(make_project: Make) -> None:
    make_project("PONE")

    class Slow(io.BytesIO):
        """A file that lets another writer in before its first write."""

        def write(self, data: Any) -> int:
            if not self.tell():
                thread = threading.Thread(target=intrude)
                thread.start()
                thread.join()
            return super().write(data)

    def intrude() -> None:
        try:
            Project.objects.create(actor=User.objects.actor("eve"), key="PTWO", title="Second")
        finally:
            connection.close()

    with export.snapshot():
        Project.objects.count()  # the first read opens the snapshot
        file = Slow()
        export._write(file, None)
    assert [row["key"] for row in json.loads(file.getvalue())["projects"]] == ["PONE"]
    assert Project.objects.count() == 2
    make_project("PTHREE")  # the snapshot has ended
