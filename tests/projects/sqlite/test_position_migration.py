"""The migration from numeric positions to ordering keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.executor import MigrationExecutor

from projects.ordering_keys import keys_between
from projects.sqlite.base import DatabaseWrapper
from tests.projects.sqlite.boards import connected, unpack

BEFORE, AFTER = ("projects", "0011_sync"), ("projects", "0012_ordering_keys")
ORDERED = "SELECT project_id, id FROM projects_workitem ORDER BY project_id, position, item_number"
UNCHANGED = (
    "SELECT id, version, updated_at, updated_by_id, deleted_at, open_blockers FROM projects_workitem ORDER BY id",
    "SELECT * FROM projects_activity ORDER BY id",
    "SELECT * FROM projects_searchshown ORDER BY 1",
)
SECOND_PROJECT = (
    "CREATE TEMP TABLE second AS SELECT * FROM projects_project LIMIT 1",
    "UPDATE temp.second SET id = '0000000000000000000000000000000f', key = 'SECOND'",
    "INSERT INTO projects_project SELECT * FROM temp.second",
    "UPDATE projects_workitem SET project_id = '0000000000000000000000000000000f' WHERE item_number > 20",
)


@pytest.fixture
def old(tmp_path: Path, db: None) -> Iterator[DatabaseWrapper]:
    """A board with numeric positions: equal, negative, very close, some of deleted items."""
    path = tmp_path / "data.db"
    unpack(path)
    with connected(path) as own:
        migrate(own, BEFORE)
        for number, position in ((3, 1.0), (4, -7.5), (5, 2.0000000000000004), (6, 2), (32, 2.0000000000000009)):
            rows(own, f"UPDATE projects_workitem SET position = {position!r} WHERE item_number = {number}")
        for statement in SECOND_PROJECT:
            rows(own, statement)
        yield own


def migrate(own: DatabaseWrapper, target: tuple[str, str]) -> None:
    MigrationExecutor(own).migrate([target])


def rows(own: DatabaseWrapper, query: str) -> list[tuple[Any, ...]]:
    with own.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []


def state(own: DatabaseWrapper) -> list[Any]:
    return [rows(own, query) for query in UNCHANGED]


def names_of_indexes(own: DatabaseWrapper) -> set[str]:
    return {name for (name,) in rows(own, "SELECT name FROM sqlite_master WHERE type = 'index'")}


def test_numbers_become_keys_in_the_same_order(old: DatabaseWrapper) -> None:
    order, before, indexes = rows(old, ORDERED), state(old), names_of_indexes(old)
    assert (len(order), len({project for project, _ in order})) == (30, 2)
    migrate(old, AFTER)
    assert rows(old, ORDERED) == order
    assert state(old) == before
    for project in {project for project, _ in order}:
        query = f"SELECT position FROM projects_workitem WHERE project_id = '{project}' ORDER BY position"
        keys = [key for (key,) in rows(old, query)]
        assert keys == keys_between(None, None, len(keys))
    assert rows(old, "PRAGMA integrity_check") == [("ok",)]
    assert rows(old, "PRAGMA foreign_key_check") == []
    assert names_of_indexes(old) == indexes


def test_equal_boards_get_equal_keys(old: DatabaseWrapper) -> None:
    query = "SELECT id, position FROM projects_workitem ORDER BY id"
    migrate(old, AFTER)
    first = rows(old, query)
    migrate(old, BEFORE)
    migrate(old, AFTER)
    assert rows(old, query) == first


def test_way_back_gives_numbers_in_the_same_order(old: DatabaseWrapper) -> None:
    order = rows(old, ORDERED)
    migrate(old, AFTER)
    migrate(old, BEFORE)
    assert rows(old, ORDERED) == order
    assert rows(old, "SELECT DISTINCT typeof(position) FROM projects_workitem") == [("real",)]
