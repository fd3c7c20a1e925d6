"""Replace a whole database that others have open.

SQLite's backup interface writes all pages as one transaction. So a kill at any moment leaves the old database or the
new one, readers see one of the two, and open connections go on with the new one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

PATIENCE = 30.0  # seconds that it waits for others


def replace(source: str, database: str) -> None:
    """Write the pages of the file `source`, which nobody else uses, into the database."""
    with contextlib.closing(sqlite3.connect(database, timeout=PATIENCE)) as target:
        (size,) = target.execute("PRAGMA page_size").fetchone()
        with alone(source) as file:
            if file.execute("PRAGMA page_size").fetchone() != (size,):  # that of a database with a log is fixed
                file.execute(f"PRAGMA page_size = {size}")
                file.execute("VACUUM")
            file.backup(target, pages=-1)


@contextlib.contextmanager
def alone(path: str) -> Iterator[sqlite3.Connection]:
    """Open a file that nobody else uses, without a log, so that it stays one file."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
        yield file
