"""Say to whoever asked why the database did not do it: SQLite's own words are for the log."""

from __future__ import annotations

_WORDS = {  # what SQLite says, in part, and what it means to a person
    "database or disk is full": "the disk is full; make room and try again",
    "readonly database": "the database can't be written: its file or file system is read-only",
    "disk I/O error": "the disk failed, or is full; the server's log says more",
}


def explain(error: Exception) -> str:
    """Return a sentence for the answer to a request that met an OperationalError."""
    text = str(error)
    return next(
        (meaning for part, meaning in _WORDS.items() if part in text), "the database can't be used now; try again"
    )
