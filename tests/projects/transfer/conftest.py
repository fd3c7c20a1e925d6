from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from projects.models import User
from projects.transfer import export, importer
from tests.boards import board_file
from tests.projects.links import miscounted
from tests.projects.transfer.rows import Document

Read = Callable[..., dict[str, Any]]
TABLES = (
    "activity", "itemlabel", "dependency", "comment", "timeentry", "swimlane", "workitem", "sprint", "project",
    "tombstone",
)  # fmt: skip


@pytest.fixture
def read(db: None) -> Read:
    """A function that imports a document or bytes as ada."""

    def run(content: Any, **options: Any) -> dict[str, Any]:
        data = content if isinstance(content, bytes) else json.dumps(dict(content)).encode()
        answer = importer.read(io.BytesIO(data), actor=User.objects.actor("ada"), **options)
        assert miscounted() == []
        return answer

    return run


@pytest.fixture
def written(db: None) -> Callable[..., bytes]:
    """A function that returns the export."""

    def run(*arguments: Any) -> bytes:
        file = io.BytesIO()
        export.write(file, *arguments)
        return file.getvalue()

    return run


@pytest.fixture
def wipe(db: None) -> Callable[[], None]:
    """A function that deletes everything but the users."""

    def run() -> None:
        with connection.cursor() as cursor:
            for name in TABLES:
                cursor.execute(f"DELETE FROM projects_{name}")

    return run


@pytest.fixture
def document() -> Document:
    """An export file with an empty project PONE."""
    found = Document()
    found.project(id=str(uuid.uuid5(uuid.NAMESPACE_URL, "project")), key="PONE")
    return found


@pytest.fixture
def board() -> bytes:
    """The real board if available, else a small one of the same format."""
    return board_file()


@pytest.fixture
def actor(db: None) -> User:
    return User.objects.actor("ada")
