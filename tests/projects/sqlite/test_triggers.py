from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from django.core.checks import CheckMessage, Tags, run_checks
from django.db import connection

import projects.migrations
from projects.sqlite import triggers
from tests.projects.sqlite.boards import connected, unpack


def warnings() -> list[CheckMessage]:
    return [message for message in run_checks(tags=[Tags.database], databases=["default"]) if "trigger" in message.msg]


def test_last_migration_that_names_them_names_these() -> None:
    # A change of triggers.sql reaches existing boards only with a migration; give it TRIGGERS = digest().
    modules = sorted(module.name for module in pkgutil.iter_modules(projects.migrations.__path__))
    named = [importlib.import_module(f"projects.migrations.{name}") for name in modules]
    assert [module.TRIGGERS for module in named if hasattr(module, "TRIGGERS")][-1] == triggers.digest()


def test_new_database_has_all_of_them(db: None) -> None:
    assert len(triggers.existing(connection)) == 39
    assert triggers.differences(connection) == []
    assert warnings() == []


def test_board_of_before_gets_these(migrated_board: Path, tmp_path: Path, db: None) -> None:
    unpack(tmp_path / "data.db")
    with connected(tmp_path / "data.db") as old:
        assert triggers.differences(old)
    with connected(migrated_board) as own:
        assert triggers.differences(own) == []


def test_missing_foreign_and_changed_triggers_are_reported_and_replaced(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER search_comment_insert")
        cursor.execute("DROP TRIGGER item_count_delete")
        cursor.execute("CREATE TRIGGER item_count_delete AFTER DELETE ON projects_workitem BEGIN SELECT 1; END")
        cursor.execute("CREATE TRIGGER retired AFTER DELETE ON projects_workitem BEGIN SELECT 1; END")
    assert triggers.differences(connection) == ["item_count_delete", "retired", "search_comment_insert"]
    (warning,) = warnings()
    assert "item_count_delete, retired, search_comment_insert" in warning.msg
    assert "migrate" in (warning.hint or "")
    triggers.synchronize(connection)
    assert warnings() == []


def test_dropped_and_created_again_they_are_the_same(db: None) -> None:
    before = triggers.existing(connection)
    triggers.drop_all(connection)
    assert triggers.existing(connection) == {}
    triggers.create_all(connection)
    assert triggers.existing(connection) == before
