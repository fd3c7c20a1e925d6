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
    """Import a document, or bytes, as ada."""

    def run(content: Any, **options: Any) -> dict[str, Any]:
        data = content if isinstance(content, bytes) else json.dumps(dict(content)).encode()
        answer = importer.read(io.BytesIO(data), actor=User.objects.actor("ada"), **options)
        assert miscounted() == []
        return answer

    return run


@pytest.fixture
def written(db: None) -> Callable[..., bytes]:
    """Return the export."""

    def run(*arguments: Any) -> bytes:
        file = io.BytesIO()
        export.write(file, *arguments)
        return file.getvalue()

    return run


@pytest.fixture
def wipe(db: None) -> Callable[[], None]:
    """Empty the board, users aside."""

    def run() -> None:
        with connection.cursor() as cursor:
            for name in TABLES:
                cursor.execute(f"DELETE FROM projects_{name}")

    return run


@pytest.fixture
def document() -> Document:
    """A file with the project PONE and nothing in it."""
    found = Document()
    found.project(id=str(uuid.uuid5(uuid.NAMESPACE_URL, "project")), key="PONE")
    return found


@pytest.fixture
def board() -> bytes:
    """The real board where it is at hand, else a small one of the same form."""
    return board_file()


@pytest.fixture
def actor(db: None) -> User:
    return User.objects.actor("ada")
