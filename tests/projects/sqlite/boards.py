"""Migrated copies of a board that version 0.1.0 wrote, each with its own connection."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from projects.sqlite import triggers
from projects.sqlite.base import DatabaseWrapper

BOARD = Path(__file__).parents[2] / "data" / "board-0.1.0.db.gz"
EXPORT = BOARD.with_name("board-0.1.0.json.gz")  # its export, written by the same version


def unpack(path: Path) -> None:
    with gzip.open(BOARD) as packed, path.open("wb") as file:
        shutil.copyfileobj(packed, file)


@contextmanager
def connected(path: Path) -> Iterator[DatabaseWrapper]:
    own = connection.copy()
    own.settings_dict["NAME"] = path
    # Django's recorder of migrations reads the database of the alias, not that of the connection.
    before, connections[own.alias] = connections[own.alias], own
    try:
        yield own
    finally:
        own.close()
        connections[own.alias] = before


def migrate(own: DatabaseWrapper) -> None:
    executor = MigrationExecutor(own)
    executor.migrate(executor.loader.graph.leaf_nodes())
    triggers.synchronize(own)
