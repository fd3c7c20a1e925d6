from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.models import WorkItem
from projects.transfer import upserts
from projects.transfer.exceptions import BadFile
from tests.projects.transfer.rows import Document


def indexes_of_items() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'projects_workitem'")
        return dict(cursor.fetchall())


def test_large_import_rebuilds_the_indexes_at_the_end(
    read: Callable[..., Any], document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upserts, "MANY_ITEMS", 1)
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
    monkeypatch.setattr(upserts, "MANY_ITEMS", 1)
    before = indexes_of_items()
    task = document.item(1)
    document.item(2, parent_id=task["id"])
    with pytest.raises(BadFile):
        read(document)
    assert indexes_of_items() == before
