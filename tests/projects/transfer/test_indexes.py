from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.models import WorkItem
from projects.transfer import bulk_loading
from projects.transfer.exceptions import BadFile
from tests.projects.transfer.rows import LATE, Document


def indexes_of_items() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'projects_workitem'")
        return dict(cursor.fetchall())


def test_large_import_rebuilds_the_indexes_at_the_end(
    read: Callable[..., Any], document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_loading, "MANY_ROWS", 1)
    before = indexes_of_items()
    one, other = document.item(1), document.item(2)
    document.dependency(one, other)
    with CaptureQueriesContext(connection) as queries:
        read(document)
    dropped = [query["sql"] for query in queries.captured_queries if query["sql"].startswith("DROP INDEX")]
    assert 'DROP INDEX "item_by_position"' in dropped
    assert indexes_of_items() == before
    assert set(before) >= {index.name for index in WorkItem._meta.indexes}


def test_small_import_keeps_the_indexes(read: Callable[..., Any], document: Document) -> None:
    document.item(1)
    with CaptureQueriesContext(connection) as queries:
        read(document)
    assert not any(query["sql"].startswith("DROP INDEX") for query in queries.captured_queries)


def test_refused_import_keeps_the_indexes(
    read: Callable[..., Any], document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_loading, "MANY_ROWS", 1)
    before = indexes_of_items()
    task = document.item(1)
    document.item(2, parent_id=task["id"])
    with pytest.raises(BadFile):
        read(document)
    assert indexes_of_items() == before


def derived() -> dict[str, list[Any]]:
    """Return what triggers derive from items and comments, without the IDs of its own."""
    queries = {
        "labels": "SELECT name, work_item_id FROM projects_itemlabel",
        "search": "SELECT entity_id, entity_type, search.key, search.title, body FROM projects_searchentry entry "
        "JOIN projects_search search ON search.rowid = entry.id",
        "found": "SELECT entity_id FROM projects_search JOIN projects_searchentry entry ON entry.id = "
        "projects_search.rowid WHERE projects_search MATCH 'wor*'",
        "shown": "SELECT entity_id, project_id FROM projects_searchshown JOIN projects_searchentry ON id = entry_id",
        "figures": "SELECT project_id, status, item_type, priority, number, points, blocked FROM projects_itemcount "
        "WHERE number > 0",
    }
    with connection.cursor() as cursor:
        return {name: sorted(cursor.execute(query).fetchall()) for name, query in queries.items()}


def triggers_of_items() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
        return {sql for (sql,) in cursor.fetchall()}


def test_large_import_derives_what_triggers_do(
    read: Callable[..., Any], wipe: Callable[[], None], document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = document.item(1, title="Known", labels=["old"], story_points=5)
    document.comment(known, content="Old words")
    first = dict(document)
    for collection in ("projects", "work_items", "comments"):
        document[collection] = [*document[collection]]
    document.project(key="NEW", title="Work of others")
    document["work_items"][0] = {**known, "title": "Changed", "labels": ["new", "one"], "updated_at": LATE}
    one = document.item(
        2, title="Work", labels=["Api", "later"], external_ref="JIRA-7", description="Words", story_points=3
    )
    two = document.item(3, status="done", priority="high", completed_at=LATE)
    document.dependency(one, document.item(4))
    document.dependency(two, document["work_items"][0])
    document.comment(known, content="New words")
    document.comment(two, content="Work")
    found, statements = [], triggers_of_items()
    for many in (1_000, 1):
        monkeypatch.setattr(bulk_loading, "MANY_ROWS", 1_000)
        read(first)
        monkeypatch.setattr(bulk_loading, "MANY_ROWS", many)
        with CaptureQueriesContext(connection) as queries:
            read(document)
        assert any("DROP TRIGGER" in one["sql"] for one in queries.captured_queries) is (many == 1)
        found.append(derived())
        assert triggers_of_items() == statements
        wipe()
    assert found[0] == found[1]
    assert all(found[0].values())
