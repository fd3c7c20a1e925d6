from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import made_once
from tests.projects.sqlite.boards import connected, migrate, unpack


@pytest.fixture(scope="session")
def migrated_board(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Path:
    """The board of 0.1.0, migrated."""

    def make(board: Path) -> None:
        unpack(board)
        with django_db_blocker.unblock(), connected(board) as own:
            migrate(own)

    return made_once(tmp_path_factory, "migrated_board.db", make)
