"""Generate boards of any size as import files, from a seed, so that two runs get the same board."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from projects.ordering_keys import keys_between

TEXT = "the server finds its port and a client reads what it wrote before it asks for more work on this item"
WORDS = TEXT.split()
STATUSES = ("backlog", "todo", "in_progress", "review", "done", "blocked")
START = datetime(2026, 1, 1, tzinfo=UTC)
EPIC_EVERY, STORY_EVERY = 50, 10
SPRINTS = 10
LLM = "00000000-0000-0000-0000-000000000001"


def save(path: Path, items: int) -> int:
    """Write a board to a file and return the number of rows."""
    with open(path, "w") as file:
        return write(file, items)


def write(file: IO[str], items: int, seed: int = 1, labels: Sequence[str] = WORDS) -> int:
    """Write a project with `items` items and half as many comments and dependencies; return the number of rows."""
    board = _Board(items, random.Random(seed), labels)
    collections = {
        "projects": [board.project],
        "sprints": board.sprints(),
        "work_items": board.items(),
        "comments": board.comments(),
        "dependencies": board.dependencies(),
    }
    rows = 0
    file.write('{"schema_version":1')
    for name, found in collections.items():
        file.write(f',\n"{name}":[')
        for index, row in enumerate(found):
            file.write((",\n" if index else "\n") + json.dumps(row, sort_keys=True))
            rows += 1
        file.write("\n]")
    file.write("\n}\n")
    return rows


class _Board:
    def __init__(self, count: int, chance: random.Random, labels: Sequence[str]) -> None:
        self.chance, self.labels = chance, labels
        self.ids = [self._id() for _ in range(count)]
        self.positions = keys_between(None, None, count)
        self.sprint_ids = [self._id() for _ in range(SPRINTS)]
        self.project: dict[str, Any] = {
            "id": self._id(),
            "key": "BIG",
            "title": "Big",
            "next_work_item_number": count + 1,
            **self._stamps(0),
        }

    def sprints(self) -> Iterator[dict[str, Any]]:
        for place, pk in enumerate(self.sprint_ids):
            begin = START.date() + timedelta(days=14 * place)
            yield {
                "id": pk,
                "project_id": self.project["id"],
                "name": f"Sprint {place + 1}",
                "goal": self._text(8),
                "start_date": begin.isoformat(),
                "end_date": (begin + timedelta(days=13)).isoformat(),
                "status": "planned" if place == SPRINTS - 1 else "active" if place == SPRINTS - 2 else "completed",
                **self._stamps(place),
            }

    def items(self) -> Iterator[dict[str, Any]]:
        for place, pk in enumerate(self.ids):
            epic, story = place - place % EPIC_EVERY, place - place % STORY_EVERY
            kind = "epic" if place == epic else "story" if place == story else "task"
            parent = {"epic": None, "story": self.ids[epic], "task": self.ids[story]}[kind]
            yield {
                "id": pk,
                "project_id": self.project["id"],
                "item_number": place + 1,
                "item_type": kind,
                "title": self._text(6),
                "description": self._text(60),
                "status": self.chance.choice(STATUSES),
                "priority": self.chance.choice(("low", "medium", "high", "critical")),
                "parent_id": parent,
                "sprint_id": self.sprint_ids[place % SPRINTS] if kind != "epic" and place % 4 == 1 else None,
                "assignee_id": LLM if place % 7 == 0 else None,
                "labels": self.chance.sample(self.labels, 2) if place % 3 == 0 else [],
                "story_points": self.chance.randrange(14),
                "position": self.positions[place],
                **self._stamps(place),
            }

    def comments(self) -> Iterator[dict[str, Any]]:
        for place in range(0, len(self.ids), 2):
            yield {
                "id": self._id(),
                "work_item_id": self.ids[place],
                "content": self._text(30),
                **self._stamps(place),
            }

    def dependencies(self) -> Iterator[dict[str, Any]]:
        for place in range(1, len(self.ids), 2):
            # Only from earlier to later items, so no cycle arises; and never from a parent to its child.
            first = place if (place - 1) % STORY_EVERY == 0 else place - 1
            if first + 1 == len(self.ids):
                return
            yield {
                "id": self._id(),
                "blocking_item_id": self.ids[first],
                "blocked_item_id": self.ids[first + 1],
                "dependency_type": "blocks",
                **self._stamps(place),
            }

    def _id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def _text(self, words: int) -> str:
        return " ".join(self.chance.choices(WORDS, k=words))

    def _stamps(self, second: int) -> dict[str, Any]:
        moment = (START + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
        return {"created_at": moment, "updated_at": moment, "created_by": LLM, "updated_by": LLM, "version": 1}
