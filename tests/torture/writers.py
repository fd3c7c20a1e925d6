"""Load for the fires: clients that write, and know what they were promised."""

from __future__ import annotations

import threading
import uuid

import requests

from tests.processes import Server

WRITERS = 4


class Writers:
    """Threads that create projects, each with an idempotency key, and remember what was acknowledged."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acknowledged: set[str] = set()
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            key, headers = f"W{writer}_{number}", {"Idempotency-Key": uuid.uuid4().hex}
            while not self._stop.is_set():
                try:
                    response = self.server.api(
                        "POST", "projects/", json={"key": key, "title": "t"}, headers=headers, timeout=20
                    )
                except (requests.RequestException, OSError):
                    continue  # a killed worker's connection: again, with the same key
                if response.status_code == 201:
                    self.acknowledged.add(key)
                else:
                    self.wrong.append(f"{response.status_code} {response.text[:200]}")
                break


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
    """Tell whether a request is answered."""
    try:
        return server.request("GET", "/health", timeout=5).status_code == 200
    except requests.RequestException:
        return False
