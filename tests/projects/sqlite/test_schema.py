"""Altering any table keeps its rows, triggers, search index and ID sequence."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.migrations import AddConstraint, AlterField
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from projects.sqlite import triggers
from projects.sqlite.base import DatabaseWrapper
from tests.projects.sqlite.boards import connected

MODELS = sorted(model.__name__ for model in apps.get_app_config("projects").get_models())
# Tables that are usually empty.
LATER = frozenset(
    {
        "Attachment",
        "AttachmentContent",
        "ApiToken",
        "BoardIdentity",
        "BoardMove",
        "Check",
        "CheckApproval",
        "CheckRun",
        "Commit",
        "CommitIndex",
        "CommitMention",
        "Criterion",
        "DefaultRole",
        "DeviceCode",
        "LoginTicket",
        "FormerKey",
        "Label",
        "LostChange",
        "Membership",
        "NumberBlock",
        "OpenedRun",
        "PendingNote",
        "Question",
        "RenumberedCommit",
        "ReportedTree",
        "Review",
        "SavedView",
        "Session",
        "Waiver",
    }
) | {model.__name__ for model in apps.get_models() if model.__name__.startswith("Sync")}


@pytest.fixture
def board(migrated_board: Path, tmp_path: Path, db: None) -> Iterator[DatabaseWrapper]:
    path = tmp_path / "data.db"
    shutil.copy(migrated_board, path)
    with connected(path) as own:
        yield own


@cache
def current_state() -> ProjectState:
    """Return the models as the migrations leave them; rendering them takes longer than altering a table."""
    state = MigrationLoader(None).project_state()
    assert state.apps
    return state


def apply(own: DatabaseWrapper, operation: Operation) -> None:
    before = current_state().clone()
    after = before.clone()
    operation.state_forwards("projects", after)
    with own.schema_editor(atomic=True) as editor:
        operation.database_forwards("projects", editor, before, after)


def operations(name: str) -> Iterator[Operation]:
    """A new constraint, a longer column, and a column of another type."""
    model = apps.get_model("projects", name)
    primary = model._meta.pk
    assert primary is not None
    condition = models.Q((f"{primary.name}__isnull", False))
    yield AddConstraint(name, models.CheckConstraint(condition=condition, name=f"probe_{name.lower()}"))
    texts = [field for field in model._meta.local_fields if type(field) is models.CharField and not field.primary_key]
    for field in texts[:1]:
        longer = field.clone()
        longer.max_length = (field.max_length or 0) + 100
        yield AlterField(name, field.name, longer)
    numbers = [field for field in model._meta.local_fields if isinstance(field, models.IntegerField)]
    for field in [field for field in numbers if not field.primary_key and not field.remote_field][:1]:
        yield AlterField(name, field.name, models.DecimalField(max_digits=12, decimal_places=0, null=field.null))


def rows(own: DatabaseWrapper) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with own.cursor() as cursor:
        for table in sorted(own.introspection.table_names(cursor)):
            if table != "sqlite_sequence" and not table.startswith("projects_search_"):
                cursor.execute(f'SELECT * FROM "{table}"')
                found[table] = sorted(cursor.fetchall(), key=repr)
    return found


def search(own: DatabaseWrapper, words: str) -> int:
    with own.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM projects_search WHERE projects_search MATCH %s", [words])
        return int(cursor.fetchone()[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_rebuilt_table_keeps_rows_and_triggers(board: DatabaseWrapper, name: str) -> None:
    before = rows(board)
    table = apps.get_model("projects", name)._meta.db_table
    assert before[table] or name in LATER, f"{table} has no row to lose"
    for operation in operations(name):
        apply(board, operation)
        assert triggers.differences(board) == []
    columns = {key: len(found) for key, found in rows(board).items()}
    assert columns == {key: len(found) for key, found in before.items()}
    with board.cursor() as cursor:
        cursor.execute("PRAGMA foreign_key_check")
        assert cursor.fetchall() == []
        cursor.execute("PRAGMA integrity_check")
        assert cursor.fetchone() == ("ok",)


@pytest.mark.parametrize("name", ["Comment", "Project", "WorkItem", "Dependency"])
def test_derived_data_follows_after_a_rebuild(board: DatabaseWrapper, name: str) -> None:
    for operation in operations(name):
        apply(board, operation)
    assert search(board, "gamma") == 1  # an existing comment
    with board.cursor() as cursor:
        cursor.execute("UPDATE projects_comment SET content = 'delta waves' WHERE content = 'Gamma rays'")
        cursor.execute("SELECT id, open_blockers FROM projects_workitem WHERE open_blockers > 0 LIMIT 1")
        item, blockers = cursor.fetchone()
        cursor.execute("UPDATE projects_dependency SET deleted_at = created_at WHERE blocked_item_id = %s", [item])
        cursor.execute("SELECT open_blockers FROM projects_workitem WHERE id = %s", [item])
        assert cursor.fetchone()[0] == 0 < blockers
        labels = '["probe"]'
        cursor.execute("UPDATE projects_workitem SET labels = %s WHERE id = %s", [labels, item])
        cursor.execute("SELECT name FROM projects_itemlabel WHERE work_item_id = %s", [item])
        assert cursor.fetchall() == [("probe",)]
        cursor.execute("SELECT sum(number) FROM projects_itemcount")
        counted = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM projects_workitem WHERE deleted_at IS NULL")
        assert cursor.fetchone() == counted
    assert (search(board, "gamma"), search(board, "delta")) == (0, 1)


def test_rebuilt_activity_reuses_no_id(board: DatabaseWrapper) -> None:
    with board.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM projects_activity")
        (last,) = cursor.fetchone()
        cursor.execute("DELETE FROM projects_activity WHERE id > %s", [last - 5])
    apply(board, next(operations("Activity")))
    with board.cursor() as cursor:
        cursor.execute("PRAGMA table_info(projects_activity)")
        columns = ", ".join(f'"{column[1]}"' for column in cursor.fetchall() if column[1] != "id")
        cursor.execute(f"INSERT INTO projects_activity ({columns}) SELECT {columns} FROM projects_activity LIMIT 1")
        cursor.execute("SELECT max(id) FROM projects_activity")
        assert cursor.fetchone() == (last + 1,)


def test_planned_statements_change_nothing(board: DatabaseWrapper) -> None:
    before = current_state().clone()
    after = before.clone()
    operation = next(operations("WorkItem"))
    operation.state_forwards("projects", after)
    with board.schema_editor(collect_sql=True, atomic=True) as editor:
        operation.database_forwards("projects", editor, before, after)
    assert sum("CREATE TRIGGER" in str(line) for line in editor.collected_sql) == len(triggers.definitions())
    assert triggers.differences(board) == []


def test_new_field_without_a_default_keeps_triggers(board: DatabaseWrapper) -> None:
    from django.db.migrations import AddField

    apply(board, AddField("WorkItem", "probe", models.UUIDField(default=uuid.uuid4)))
    assert triggers.differences(board) == []
