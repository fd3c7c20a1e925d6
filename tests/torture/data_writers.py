"""Writers that use the API: each acts like people and agents, and records the responses in its ledger."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.torture.ledger import Ledger, plain

POOL = 20  # items that all writers claim
FEW = 6  # items that a writer creates before it does anything else
MOST = 40  # maximum number of its items
STATUSES = ("backlog", "todo", "review", "blocked")
TIMEOUT = 60.0  # seconds without a response
PAUSE = 0.02  # seconds between two attempts while no server runs
REFUSED = (404, 409)  # status codes allowed for a change that came too late
NO_CHANGES: dict[str, str | None] = {}

Document = dict[str, Any]


@dataclass(frozen=True)
class Board:
    """What all writers share: a project, one to claim from, an item to increment, sprints."""

    config: Path
    project: str
    pool: str
    counter: str
    sprints: tuple[str, ...]
    connect: Callable[[Path, str], Wire]
    env: Mapping[str, str | None]  # of a `pm` that uses it


class Busy(Exception):
    """The answer says when to ask again."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"again in {wait} s")
        self.wait = wait


class Wire:
    """Sends each request to the directory's current server until one answers."""

    def __init__(self, config: Path, actor: str) -> None:
        self.config, self.actor = config, actor

    def answer(self, method: str, path: str, body: object = None, key: str | None = None) -> tuple[int, str]:
        """Return the status and body of the first valid response; a repeated request has the same key."""
        content = None if body is None else json.dumps(body)
        while True:
            try:
                return self._try(method, path, content, key)
            except Busy as busy:
                time.sleep(busy.wait)
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                time.sleep(PAUSE)  # killed, or not started yet

    def _try(self, method: str, path: str, content: str | None, key: str | None) -> tuple[int, str]:
        info = json.loads((self.config / "server.json").read_text())
        token = (self.config / "server.token").read_text()
        headers = {"Authorization": f"Bearer {token}", "X-PM-Actor": self.actor, "Connection": "close"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        connection = http.client.HTTPConnection(info["host"], info["port"], timeout=TIMEOUT)
        try:
            connection.request(method, f"/api/v1/{path}", content, headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status == 401:  # the token of another run: read both files again
            raise ConnectionError("the server was replaced")
        return response.status, text


def make_board(
    config: Path, connect: Callable[[Path, str], Wire] = Wire, env: Mapping[str, str | None] = NO_CHANGES
) -> Board:
    """Create on the server of `config` what the writers share; `connect` gives an actor a way to the server."""
    wire = connect(config, "owner")

    def made(path: str, **body: object) -> str:
        status, text = wire.answer("POST", path, body)
        assert status == 201, text
        return str(json.loads(text)["id"])

    project, pool = (made("projects/", key=key, title=key) for key in ("FIRE", "POOL"))
    for number in range(POOL):
        made("work-items/", project_id=pool, item_type="task", title=f"pool {number}")
    sprints = tuple(
        made("sprints/", project_id=project, name=name, start_date="2026-01-01", end_date="2026-02-01")
        for name in ("one", "two")
    )
    counter = made("work-items/", project_id=project, item_type="story", title="0")
    return Board(config, project, pool, counter, sprints, connect, env)


class ApiWriter:
    def __init__(self, board: Board, number: int, stop: threading.Event) -> None:
        self.name = f"api-{number}"
        self.ledger = Ledger(self.name)
        self.board, self.stop = board, stop
        self.wire = board.connect(board.config, self.name)
        self.random = random.Random(number)
        self.items: dict[str, Document] = {}  # only we change them, so their versions are known

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                if len(self.items) < FEW:
                    self._create()
                else:
                    self.random.choice(ACTIONS)(self)
        except Exception as error:  # a dead writer must not go unnoticed
            self.ledger.wrong.append(f"{self.name}: {error!r}")

    def write(self, method: str, path: str, body: object = None) -> Document | None:
        """Send a write until it is answered; return the document, or None if it was refused."""
        key = uuid.uuid4().hex
        begin = time.monotonic()
        status, text = self.wire.answer(method, path, body, key)
        while status >= 500:
            self.ledger.wrong.append(f"{method} {path}: {status} {text[:200]}")
            status, text = self.wire.answer(method, path, body, key)
        self.ledger.slowest = max(self.ledger.slowest, time.monotonic() - begin)
        self.ledger.answers[key] = status, text
        if status >= 400:
            if status not in REFUSED:
                self.ledger.wrong.append(f"{method} {path}: {status} {text[:200]}")
            return None
        document: Document = json.loads(text) if text else {}
        return document

    def read(self, path: str) -> Document:
        status, text = self.wire.answer("GET", path)
        assert status == 200, f"GET {path}: {status} {text[:200]}"
        document: Document = json.loads(text)
        return document

    def some(self) -> Document:
        return self.random.choice(list(self.items.values()))

    def keep(self, document: Document, version: int) -> None:
        """Record a change of one of our items."""
        self.ledger.changed(document, version)
        self.items[document["id"]] = document
        self.ledger.rows[plain(document["id"])] = document

    def change(self, item: Document, path: str = "", body: object = None, method: str = "POST") -> None:
        """Send a write to one of our items that must succeed, and must be applied once."""
        document = self.write(method, f"work-items/{item['id']}/{path}", body)
        if document is None:
            self.ledger.wrong.append(f"{path or 'an update'} of {item['display_key']} was refused")
            return
        self.keep(document.get("work_item", document), item["version"] + 1)

    def _create(self) -> None:
        title = f"item {uuid.uuid4().hex}"
        body = {"project_id": self.board.project, "item_type": "task", "title": title, "labels": [self.name, "new"]}
        document = self.write("POST", "work-items/", body)
        if document is None:
            self.ledger.wrong.append("a creation was refused")
        elif len(self.items) < MOST:
            self.keep(document, 1)
            self.ledger.texts[title] = plain(document["id"])
        else:
            self.ledger.changed(document, 1)
            self.ledger.texts[title] = plain(document["id"])

    def _update(self) -> None:
        body = {"description": uuid.uuid4().hex, "status": self.random.choice(STATUSES)}
        self.change(self.some(), body=body, method="PATCH")

    def _update_if(self) -> None:
        item = self.some()
        late = self.random.random() < 0.3 and item["version"] > 1
        body = {"description": uuid.uuid4().hex, "expected_version": item["version"] - late}
        if not late:
            self.change(item, body=body, method="PATCH")
        elif self.write("PATCH", f"work-items/{item['id']}/", body) is not None:
            self.ledger.wrong.append(f"{item['display_key']} was updated with an outdated expected version")

    def _label(self) -> None:
        labels = ["new", self.random.choice("abc"), uuid.uuid4().hex]
        self.change(self.some(), body={"labels": labels}, method="PATCH")

    def _plan(self) -> None:
        item = self.some()
        sprint = self.random.choice([pk for pk in (*self.board.sprints, None) if pk != item["sprint_id"]])
        self.change(item, body={"sprint_id": sprint}, method="PATCH")

    def _count(self) -> None:
        """Increment with a conditional update: the final value must equal the number of acknowledged increments."""
        now = self.read(f"work-items/{self.board.counter}/")
        body = {"title": f"{int(now['title']) + 1}", "expected_version": now["version"]}
        document = self.write("PATCH", f"work-items/{self.board.counter}/", body)
        if document is not None:
            self.ledger.changed(document, now["version"] + 1)
            self.ledger.increments += 1

    def _claim(self) -> None:
        item = self.some()
        document = self.write("POST", f"work-items/{item['id']}/claim/", {"force": True})
        if document is None:
            self.ledger.wrong.append(f"a claim of {item['display_key']} was refused")
            return
        self.keep(document["work_item"], item["version"] + 1)
        self.change(document["work_item"], "release/", {"lease_id": document["lease_id"]})

    def _claim_next(self) -> None:
        document = self.write("POST", "work-items/claim-next/", {"project_id": self.board.pool})
        if document is None:
            return
        item = document["work_item"]
        self.ledger.changed(item)
        freed = self.write("POST", f"work-items/{item['id']}/release/", {"lease_id": document["lease_id"]})
        if freed is None:
            self.ledger.wrong.append(f"another user holds the claim of {item['display_key']}")
        else:
            self.ledger.changed(freed, item["version"] + 1)

    def _comment(self) -> None:
        content = f"comment {uuid.uuid4().hex}"
        document = self.write("POST", "comments/", {"work_item_id": self.some()["id"], "content": content})
        if document is not None:
            self.ledger.changed(document, 1)
            self.ledger.texts[content] = plain(document["id"])

    def _depend(self) -> None:
        one, other = self.random.sample(list(self.items.values()), 2)
        first, second = sorted((one, other), key=lambda item: item["item_number"])  # no cycle
        body = {"blocking_item_id": first["id"], "blocked_item_id": second["id"]}
        document = self.write("POST", "dependencies/", body)
        if document is not None:
            self.ledger.changed(document, 1)
            if self.random.random() < 0.5 and self.write("DELETE", f"dependencies/{document['id']}/") is not None:
                self.ledger.changed({**document, "version": 2})

    def _track(self) -> None:
        description = f"time {uuid.uuid4().hex}"
        body = {"work_item_id": self.some()["id"], "description": description}
        document = self.write("POST", "time-entries/start/", body)
        if document is None:
            return
        entry, stopped = document["time_entry"], document["stopped_entry"]
        self.ledger.changed(entry, 1)
        self.ledger.texts[description] = plain(entry["id"])
        if stopped:
            self.ledger.changed(stopped, 2)
        if self.random.random() < 0.5:
            ended = self.write("POST", f"time-entries/{entry['id']}/stop/", {})
            if ended is None:
                self.ledger.wrong.append("someone else stopped a timer")
            else:
                self.ledger.changed(ended, 2)

    def _move(self) -> None:
        item, neighbour = self.random.sample(list(self.items.values()), 2)
        side = self.random.choice(("before", "after"))
        document = self.write("POST", f"work-items/{item['id']}/move/", {side: neighbour["id"]})
        if document is None:
            self.ledger.wrong.append(f"a move of {item['display_key']} was refused")
        elif document["version"] != item["version"]:  # it did not exist already
            self.keep(document, item["version"] + 1)

    def _delete(self) -> None:
        item = self.some()
        if self.write("DELETE", f"work-items/{item['id']}/") is None:
            self.ledger.wrong.append(f"a deletion of {item['display_key']} was refused")
            return
        gone = {**item, "version": item["version"] + 1}
        self.ledger.changed(gone)
        self.change(gone, "restore/")

    def _bulk(self) -> None:
        items = self.random.sample(list(self.items.values()), FEW - 1)
        text = uuid.uuid4().hex
        updates = [{"id": item["id"], "description": text} for item in items]
        document = self.write("POST", "work-items/bulk-update/", {"updates": updates})
        if document is None or document["updated"] != len(items):
            self.ledger.wrong.append(f"not all of {len(items)} items in one request were updated: {document}")
            return
        versions = {row["display_key"]: row["version"] for row in document["work_items"]}
        for item in items:
            changed = {**item, "description": text, "version": versions[item["display_key"]]}
            self.keep(changed, item["version"] + 1)


ACTIONS: tuple[Callable[[ApiWriter], None], ...] = (
    *([ApiWriter._create, ApiWriter._update, ApiWriter._comment] * 3),
    *([ApiWriter._update_if, ApiWriter._count, ApiWriter._claim, ApiWriter._claim_next, ApiWriter._label] * 2),
    *(ApiWriter._depend, ApiWriter._track, ApiWriter._move, ApiWriter._delete, ApiWriter._bulk, ApiWriter._plan),
)
