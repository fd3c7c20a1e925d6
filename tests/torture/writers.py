"""Load for the scenarios: clients that write and read, and remember what was acknowledged."""

from __future__ import annotations

import random
import threading
import uuid
from typing import Any

import requests

from tests.processes import Server

WRITERS = 4


class Writers:
    """Threads that create projects, each with an idempotency key, and one that reads what was acknowledged.

    Their keys start with `name`. `wrong` has the unexpected responses; `dropped` counts the connections that ended
    without a response, after which the same request is sent again.
    """

    def __init__(self, server: Server, name: str = "W") -> None:
        self.server = server
        self.name = name
        self.token = server.token  # read now, since the file may be gone before the last response
        self.acknowledged: set[str] = set()
        self.wrong: list[str] = []
        self.dropped = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]
        self._threads.append(threading.Thread(target=self._read))

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for thread in self._threads:
            thread.join()

    def stop(self) -> None:
        """Start no new requests; those in progress are still answered."""
        self._stop.set()

    def has_more_than(self, count: int) -> bool:
        """Return True if more than `count` writes were acknowledged."""
        return len(self.acknowledged) > count

    def _write(self, writer: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            key = f"{self.name}{writer}_{number}"
            body, headers = {"key": key, "title": "t"}, {"Idempotency-Key": uuid.uuid4().hex}
            response = self._send("POST", "", json=body, headers=headers)
            if response is not None and self._expect(response, 201, key):
                self.acknowledged.add(key)

    def _read(self) -> None:
        while not self._stop.is_set():
            known = list(self.acknowledged)
            if not known:
                self._stop.wait(0.01)
                continue
            key = random.choice(known)
            response = self._send("GET", f"{key}/")
            if response is not None:
                self._expect(response, 200, key)

    def _send(self, method: str, path: str, **options: Any) -> requests.Response | None:  # Any: of requests
        """Return the response, however many connections it takes; None once it is no longer wanted."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        while True:
            try:
                return self.server.request(method, f"/api/v1/projects/{path}", headers=headers, timeout=20, **options)
            except (requests.RequestException, OSError):
                self.dropped += 1
                if self._stop.is_set():
                    return None

    def _expect(self, response: requests.Response, status: int, key: str) -> bool:
        """Return whether the response is the expected one; record it if not."""
        right = (
            response.status_code == status
            and response.headers.get("X-PM-Instance") == self.server.info["instance_id"]
            and response.json()["key"] == key
        )
        if not right:
            self.wrong.append(f"{response.request.method} {key}: {response.status_code} {response.text[:200]}")
        return right


def projects_of_all(server: Server) -> set[str]:
    """Return all keys, page by page."""
    keys: set[str] = set()
    path: str | None = "projects/?limit=1000&fields=key"
    while path:
        answer = server.api("GET", path).json()
        keys |= {row["key"] for row in answer["results"]}
        path = answer["next"].partition("/api/v1/")[2] if answer["next"] else None
    return keys


def answers(server: Server) -> bool:
    """Return whether the server responds."""
    try:
        return server.request("GET", "/health", timeout=5).status_code == 200
    except requests.RequestException:
        return False
