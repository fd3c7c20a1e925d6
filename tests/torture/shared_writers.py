"""Changes of one clone's board through its API, by five actors, and a ledger of those that were acknowledged."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.torture.data_writers import Wire

ACTORS = ("ada", "bob", "carol", "llm", "Dora")
LABELS = ("api", "API", "bug", "later", "ux", "Ünïcode")
STATUSES = ("backlog", "todo", "in_progress", "review", "done", "blocked")
MANY = 25  # items

Acknowledged = tuple[str, str, str, str]  # entity, actor in lower case, field or action, new value as JSON


class Writer:
    """Writes to the server of `config`; `name` makes its texts unique among the clones."""

    def __init__(self, config: Path, name: str) -> None:
        self.name = name
        self.wires = {actor: Wire(config, actor) for actor in ACTORS}
        self.ledger: set[Acknowledged] = set()
        self.number = 0
        self.seen: dict[str, list[str]] = {}
        self.made: dict[str, list[str]] = {"criteria": [], "questions": []}

    def begin(self) -> None:
        """Make a project and some items, so that boards are united when they join."""
        project = self.send("ada", "POST", "projects/", {"key": self.name.upper(), "title": self.name})
        for number in range(4):
            body = {
                "project": project["id"],
                "item_type": ("epic", "task")[number % 2],
                "title": f"{self.name} {number}",
            }
            self.send("ada", "POST", "work-items/", body)

    def look(self) -> None:
        """See what is on the board; the next changes are about that."""
        self.seen = {
            "items": self._ids("work-items/?limit=1000&include_done=true&ordering=created_at&fields=id"),
            "projects": self._ids("projects/?fields=id"),
            "sprints": self._ids("sprints/?fields=id"),
            "gone": self._ids("work-items/?deleted=true&fields=id"),
            "links": self._ids("dependencies/?limit=100&fields=id"),
        }

    def change(self, chance: random.Random) -> int:
        """Do one thing at random, often to one of the oldest items; return 1 if the server accepted it."""
        actor = chance.choice(ACTORS)
        self.number += 1
        text = f"{self.name} {self.number}"
        items = self.seen["items"][: chance.choice((6, 1000))]
        if not items:
            return 0
        item, other = chance.choice(items), chance.choice(items)
        project, sprint, gone, link = (
            chance.choice(self.seen[name] or [item]) for name in ("projects", "sprints", "gone", "links")
        )
        criterion, question = (chance.choice(self.made[name] or [item]) for name in ("criteria", "questions"))
        kind = chance.choice(("epic", "story", "task", "task"))
        dates = {"start_date": "2026-01-01", "end_date": "2026-02-01"}
        path = f"work-items/{item}/"
        changes: list[tuple[int, str, str, dict[str, Any] | None]] = [
            (6, "POST", "work-items/", {"project": project, "item_type": kind, "title": f"Item {text}"}),
            (3, "PATCH", path, {"title": f"Title {text}"}),
            (3, "PATCH", path, {"description": f"Text {text}\nline", "story_points": chance.choice((None, 1, 5))}),
            (3, "PATCH", path, {"labels": chance.sample(LABELS[1:], 2)}),
            (3, "PATCH", path, {"status": chance.choice(STATUSES)}),
            (2, "PATCH", path, {"priority": chance.choice(("low", "high")), "assignee": actor}),
            (2, "PATCH", path, {"parent": chance.choice((None, other))}),
            (2, "PATCH", path, {"sprint": sprint}),
            (2, "POST", f"{path}move/", {"before": other}),
            (4, "POST", f"{path}claim/", {}),
            (1, "POST", f"{path}release/", {"force": True}),
            (1, "DELETE", f"{path}?recursive=true", None),
            (1, "POST", f"work-items/{gone}/restore/", {}),
            (3, "POST", "comments/", {"work_item": item, "content": f"Comment {text}"}),
            (1, "POST", "time-entries/start/", {"work_item": item}),
            (1, "POST", "time-entries/stop-running/", {}),
            (1, "POST", "sprints/", {"project": project, "name": f"Sprint {text}", **dates}),
            (3, "POST", f"sprints/{sprint}/{chance.choice(('start', 'start', 'complete', 'cancel', 'reopen'))}/", {}),
            (1, "DELETE", f"sprints/{sprint}/", None),
            (2, "POST", "dependencies/", {"blocking_item": item, "blocked_item": other, "dependency_type": "blocks"}),
            (1, "DELETE", f"dependencies/{link}/", None),
            (2, "POST", "questions/", {"work_item": item, "text": f"Question {text}", "choices": ["Yes", "No"]}),
            (2, "POST", "reviews/", {"work_item": item, "content": f"Review {text}"}),
            (3, "POST", "criteria/", {"work_item": item, "text": f"Criterion {text}"}),
            (4, "POST", f"criteria/{criterion}/{chance.choice(('tick', 'tick', 'untick'))}/", {}),
            (1, "DELETE", f"criteria/{criterion}/", None),
            (1, "POST", f"questions/{question}/withdraw/", {}),
            (1, "POST", "projects/", {"key": chance.choice(("TWO", "THREE")), "title": f"Project {text}"}),
            (1, "PATCH", f"projects/{project}/", {"title": f"Project {text}"}),
        ]
        _, method, path, body = chance.choices(changes, [weight for weight, *_ in changes])[0]
        document = self.send(actor, method, path, body)
        if document is not None and path in ("criteria/", "questions/"):
            self.made[path[:-1]].append(document["id"])
        return int(document is not None)

    def plan(self, chance: random.Random) -> int:
        """Create more items than a clone has reserved numbers for."""
        project = chance.choice(self.seen["projects"])
        for number in range(MANY):
            title = f"Planned {self.name} {self.number} {number}"
            self.send("ada", "POST", "work-items/", {"project": project, "item_type": "task", "title": title})
        self.number += 1
        return MANY

    def send(self, actor: str, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """Send a write; note it if it was acknowledged."""
        status, text = self.wires[actor].answer(method, path, body)
        assert status < 500, f"{method} {path}: {status} {text[:300]}"
        if status >= 400:
            return None
        document = json.loads(text) if text else {}
        pk = document.get("id")
        for field in ("title", "description", "content", "name", "text"):
            if pk and body and field in body:
                self.ledger.add((pk.replace("-", ""), actor.lower(), field, json.dumps(body[field])))
        return document

    def _ids(self, path: str) -> list[str]:
        status, text = self.wires["ada"].answer("GET", path)
        assert status == 200, f"GET {path}: {status} {text[:300]}"
        return [row["id"] for row in json.loads(text)["results"]]
