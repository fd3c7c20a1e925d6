"""Scenario 13, clones: two boards change independently and exchange exports; they end up identical."""

from __future__ import annotations

import json
import random
from typing import Any

import requests

from tests.processes import Server
from tests.torture import data_audit
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

CHANGES = 12  # maximum per board and round
EXCHANGES = 3  # until both must be the same: each must learn what the other renumbered or detached
SEEDS = random.Random(13)

Row = dict[str, Any]


def merged_clones(count: int) -> Result:
    """Change two clones at random, and let each import the other's export: both end up with the same bytes."""
    result = Result("rounds of two clones that change and merge", "an import")
    with repository() as one, repository() as other, ended(*(servers := [Server(one), Server(other)])):
        boards = [Clone(server.ready()) for server in servers]
        boards[0].call("POST", "projects/", {"key": "PONE", "title": "t"})
        boards[1].take(boards[0].export())
        for _ in range(count):
            with result.attempt():
                for board in boards:
                    for _ in range(SEEDS.randint(0, CHANGES)):
                        board.change()
                exports = [board.export() for board in boards]
                for _ in range(EXCHANGES):
                    if exports[0] == exports[1]:
                        break
                    for board, foreign in ((boards[1], boards[0]), (boards[0], boards[1])):
                        with result.clock():
                            board.take(foreign.export())
                    exports = [board.export() for board in boards]
                assert exports[0] == exports[1], _difference(*exports)
                answer = boards[0].take(exports[1])
                again = {name: counts for name, counts in answer.items() if isinstance(counts, dict)}
                assert not any(counts["created"] + counts["updated"] + counts["deleted"] for counts in again.values())
        for server in servers:
            assert server.end()[0] == 0
            result.failures += data_audit.faults(server.config / "data.db", merged=True)
    return result


class Clone:
    """A board that gets random changes through the API; refused ones are not failures."""

    def __init__(self, server: Server) -> None:
        self.url = f"{server.url}/api/v1/"
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {server.token}"

    def call(self, method: str, path: str, body: object = None) -> Any:
        response = self.http.request(method, self.url + path, json=body)
        assert response.status_code < 500, f"{method} {path}: {response.status_code} {response.text[:200]}"
        return response.json() if response.content else None

    def rows(self, path: str) -> list[Row]:
        rows: list[Row] = self.call("GET", path).get("results", [])
        return rows

    def export(self) -> bytes:
        content: bytes = self.http.get(f"{self.url}export/").content
        return content

    def take(self, content: bytes) -> Row:
        headers = {"Content-Type": "application/json"}
        response = self.http.post(f"{self.url}import/", data=content, headers=headers)
        assert response.status_code == 200, f"an import was refused: {response.text[:300]}"
        answer: Row = response.json()
        return answer

    def change(self) -> None:
        project = self.rows("projects/?fields=id")[0]["id"]
        items, sprints = self.rows("work-items/?limit=1000&fields=id"), self.rows("sprints/?fields=id")
        if not items:
            self._create(project)
            return
        item, other = SEEDS.choice(items)["id"], SEEDS.choice(items)["id"]
        sprint = SEEDS.choice(sprints)["id"] if sprints else None
        text = f"{SEEDS.random()}"
        gone = self.rows("work-items/?deleted=true&fields=id")
        span = {"started_at": "2026-01-01T00:00:00Z", "ended_at": "2026-01-01T01:00:00Z"}
        dates = {"start_date": "2026-01-01", "end_date": "2026-02-01"}
        changes: list[tuple[str, str, object]] = [
            ("PATCH", f"work-items/{item}/", {"title": text, "labels": SEEDS.sample("abcd", 2)}),
            ("PATCH", f"work-items/{item}/", {"status": SEEDS.choice(("done", "todo", "in_progress"))}),
            ("PATCH", f"work-items/{item}/", {"parent_id": SEEDS.choice((None, other))}),
            ("PATCH", f"work-items/{item}/", {"sprint_id": sprint}),
            ("POST", f"work-items/{item}/move/", {"before": other}),
            ("POST", f"work-items/{item}/claim/", {}),
            ("DELETE", f"work-items/{item}/?recursive=true", None),
            ("POST", f"work-items/{SEEDS.choice(gone)['id'] if gone else item}/restore/", None),
            ("POST", "comments/", {"work_item_id": item, "content": text}),
            ("POST", "time-entries/", {"work_item_id": item, **span}),
            ("POST", "sprints/", {"project_id": project, "name": text, **dates}),
            ("DELETE", f"sprints/{sprint}/", None),
            # From lower to higher, so no cycle arises.
            ("POST", "dependencies/", {"blocking_item_id": min(item, other), "blocked_item_id": max(item, other)}),
        ]
        if SEEDS.random() < 0.3:
            self._create(project)
        else:
            self.call(*SEEDS.choice(changes))

    def _create(self, project: str) -> None:
        kind = SEEDS.choice(("epic", "story", "task"))
        self.call("POST", "work-items/", {"project_id": project, "item_type": kind, "title": f"{SEEDS.random()}"})


def _difference(one: bytes, other: bytes) -> str:
    first, second = json.loads(one), json.loads(other)
    for name in first:
        if first[name] != second[name]:
            rows = {json.dumps(row, sort_keys=True) for row in first[name]}
            others = {json.dumps(row, sort_keys=True) for row in second[name]}
            return f"{name} differ: {sorted(rows - others)[:2]} and {sorted(others - rows)[:2]}"
    return "the same rows with different bytes"
