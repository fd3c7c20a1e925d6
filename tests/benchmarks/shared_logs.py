"""Generate the log of a board, from a seed: items, comments and changes by three people, one group a command."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from projects.ordering_keys import keys_between
from projects.sync import git_tree
from projects.sync.git_store import GitStore
from tests.projects.sync.repositories import BOARD, git

START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = ("ada", "bob", "carol")
SHARES = (25, 10, 35, 30)  # percent: new items, comments, changes of the status, changes of title and priority


def publish(folder: Path, remote: Path, operations: int, pushes: int) -> Path:
    """Put a log with so many operations into a bare repository, one commit a push; return the copy it came from."""
    lines = [json.dumps(group, separators=(",", ":"), sort_keys=True) for group in _groups(operations)]
    size = -(-len(lines) // pushes)
    git("init", "-q", folder)
    path = folder / "board.git"
    git("init", "-q", "--bare", "--template=", path)
    (path / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    head = None
    with GitStore(str(path)) as store:
        for number, start in enumerate(range(0, len(lines), size)):
            segment = "".join(f"{line}\n" for line in lines[start : start + size])
            files = {git_tree.segment_path(number): segment.encode()}
            if head is None:
                files |= {"format": git_tree.format_file(), "board.json": git_tree.board_file(BOARD)}
            head = store.commit(head, files)
    git(f"--git-dir={path}", "push", "-q", remote, f"{head}:refs/pm/board")
    return path


def _groups(operations: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(1)
    after: str | None = "f" * 32
    yield {"id": after, "base": 0, "after": None, "by": PEOPLE[0], "format": git_tree.FORMAT, "ops": []}
    for number, operation in enumerate(_operations(operations, chance)):
        moment = START + timedelta(seconds=number)
        operation["at"] = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        found = {"id": uuid.UUID(int=chance.getrandbits(128)).hex, "base": max(0, number - 5), "after": after}
        after = str(found["id"])
        yield {**found, "by": chance.choice(PEOPLE), "source": "terminal", "ops": [operation]}


def _operations(count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    project, items = _id(chance), list[str]()
    keys = keys_between(None, None, count)
    yield _created("project", project, key="BIG", title="Big", status="active", description="")
    for _ in range(count - 1):
        kind = chance.choices(range(4), SHARES)[0] if items else 0
        if kind == 0:
            items.append(_id(chance))
            yield _created(
                "work_item",
                items[-1],
                project=project,
                item_number=len(items),
                item_type="task",
                title=f"Item {len(items)}",
                description="What is to be done. " * 5,
                status="todo",
                priority="medium",
                labels=["api", "later"],
                story_points=3,
                position=keys[len(items)],
            )
        elif kind == 1:
            yield _created("comment", _id(chance), work_item=chance.choice(items), content="As discussed. " * 8)
        elif kind == 2:
            yield _updated(chance.choice(items), status=chance.choice(("todo", "in_progress", "review")))
        else:
            yield _updated(
                chance.choice(items), title=f"Title {chance.random()}", priority=chance.choice(("low", "high"))
            )


def _created(kind: str, pk: str, **values: Any) -> dict[str, Any]:
    return {"type": kind, "id": pk, "action": "created", "set": {name: [None, value] for name, value in values.items()}}


def _updated(pk: str, **values: Any) -> dict[str, Any]:
    pairs = {name: [None, value] for name, value in values.items()}
    return {"type": "work_item", "id": pk, "action": "updated", "set": pairs}


def _id(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
