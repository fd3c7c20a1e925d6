"""What one writer was answered, to be compared with the database after the scenario."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CHANGES = """
    SELECT activity.entity_id, activity.version FROM projects_activity activity
    JOIN projects_user actor ON actor.id = activity.actor_id WHERE actor.username = ?
    AND activity.entity_type <> 'review'  -- it follows from a change of the status
"""
_TEXTS = """
    SELECT title AS text, id FROM projects_workitem
    UNION ALL SELECT content, id FROM projects_comment
    UNION ALL SELECT description, id FROM projects_timeentry
"""
_ANSWERS = """
    SELECT answer.key, answer.status, answer.body FROM projects_idempotentanswer answer
    JOIN projects_user actor ON actor.id = answer.actor_id WHERE actor.username = ?
"""


@dataclass
class Ledger:
    """`changes` are the acknowledged (entity, version) pairs; each writer has a unique name.

    `doubtful` has the texts of writes with unknown outcome: each was applied once, or not at all.
    """

    actor: str
    changes: Counter[tuple[str, int]] = field(default_factory=Counter)
    texts: dict[str, str] = field(default_factory=dict)  # a text that is unique on the board, and its item
    doubtful: list[str] = field(default_factory=list)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)  # the last acknowledged state of each item
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)  # by idempotency key
    wrong: list[str] = field(default_factory=list)
    increments: int = 0
    slowest: float = 0.0  # seconds from the first attempt to the acknowledgement

    def changed(self, document: dict[str, Any], version: int | None = None) -> None:
        """Record an acknowledged change; `version` is the one that it must have produced."""
        if version is not None and document["version"] != version:
            self.wrong.append(f"version {document['version']} instead of {version}: {document}")
        self.changes[plain(document["id"]), document["version"]] += 1

    def compare(self, database: Path) -> tuple[int, list[str]]:
        """Return the number of lost acknowledged changes, and all faults."""
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            stored = Counter((row[0], row[1]) for row in connection.execute(_CHANGES, [self.actor]))
            lost, extra = self.changes - stored, stored - self.changes
            faults = [*self.wrong, *self._texts(connection), *self._rows(connection), *self._answers(connection)]
        if lost:
            faults.append(f"{self.actor}: {lost.total()} acknowledged changes are missing: {list(lost)[:3]}")
        if extra.total() > len(self.doubtful):
            faults.append(f"{self.actor}: {extra.total()} changes that nobody acknowledged: {list(extra)[:3]}")
        return lost.total(), faults

    def _texts(self, connection: sqlite3.Connection) -> list[str]:
        found: dict[str, list[str]] = {}
        for text, pk in connection.execute(_TEXTS):
            found.setdefault(text, []).append(pk)
        wrong = [text for text, pk in self.texts.items() if found.get(text) != [pk]]
        doubled = [text for text in self.doubtful if len(found.get(text, ())) > 1]
        return [f"{self.actor}: {text!r} exists {len(found.get(text, ()))} times" for text in wrong + doubled]

    def _rows(self, connection: sqlite3.Connection) -> list[str]:
        faults = []
        for pk, answered in self.rows.items():
            row = connection.execute("SELECT * FROM projects_workitem WHERE id = ?", [pk]).fetchone()
            stored = dict(row, labels=json.loads(row["labels"]), sprint_id=row["sprint_id"]) if row else {}
            for name in ("title", "description", "status", "labels", "sprint_id", "position", "version"):
                value = plain(answered[name]) if name == "sprint_id" and answered[name] else answered[name]
                if stored.get(name) != value:
                    faults.append(f"{self.actor}: {name} of {pk} is {stored.get(name)!r}, the response said {value!r}")
        return faults

    def _answers(self, connection: sqlite3.Connection) -> list[str]:
        stored = {key: (status, body) for key, status, body in connection.execute(_ANSWERS, [self.actor])}
        return [
            f"{self.actor}: the response to {key} was {answer}, but {stored.get(key)} is stored"
            for key, answer in self.answers.items()
            if stored.get(key) != answer
        ]


def plain(pk: str) -> str:
    """Return an ID as the database stores it."""
    return pk.replace("-", "")
