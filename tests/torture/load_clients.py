"""Clients of one server in a process of their own, so that clients block each other less.

python -m tests.torture.load_clients '{"port": …, "token": …, "clients": 16, "seconds": 60, …}'
prints the times of each kind of request as JSON.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

Call = tuple[str, str, object]  # method, path, body
TIMEOUT = 60.0  # seconds without a response
CLOSING = 0.5  # share of clients that close after each request, as `pm` does; others keep it open, as browsers do


class Client:
    """One client in a closed loop: it sends a request, waits for the response, and repeats."""

    def __init__(self, plan: dict[str, Any], number: int) -> None:
        self.plan, self.number = plan, number
        self.random = random.Random(number)
        self.closes = self.random.random() < CLOSING
        self.items: list[str] = []
        self.lease: tuple[str, str] | None = None
        self.times: dict[str, list[float]] = {}
        self.wrong: list[str] = []
        self.connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        kinds, weights = zip(*self.plan["mix"].items(), strict=True)
        end = time.monotonic() + self.plan["seconds"]
        for _ in range(self.plan["requests"]):
            if time.monotonic() > end:
                return
            kind = self.random.choices(kinds, weights)[0]
            try:
                self._send(kind, CALLS[kind](self))
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(f"{kind}: {error!r}")
                self.connection = None
                if len(self.wrong) > 10:
                    return

    def _send(self, kind: str, call: Call) -> None:
        method, path, body = call
        headers = {
            "Authorization": f"Bearer {self.plan['token']}",
            "X-PM-Actor": f"client-{self.number}",
            "Connection": "close" if self.closes else "keep-alive",
        }
        content = None
        if body is not None:
            content = json.dumps(body)
            headers["Content-Type"] = "application/json"
        if method != "GET":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        begin = time.perf_counter()
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.plan["port"], timeout=TIMEOUT)
        self.connection.request(method, f"/api/v1/{path}", content, headers)
        response = self.connection.getresponse()
        text = response.read()
        self.times.setdefault(kind, []).append(time.perf_counter() - begin)
        if response.will_close:
            self.connection.close()
            self.connection = None
        if response.status >= 400 and not (kind == "claim" and response.status == 409):
            self.wrong.append(f"{kind}: {response.status} {text[:200].decode(errors='replace')}")
        elif method == "POST":
            self._learn(kind, json.loads(text))

    def _learn(self, kind: str, document: dict[str, Any]) -> None:
        if kind == "create":
            self.items.append(document["id"])
        elif kind == "claim":
            claimed = "lease_id" in document
            self.lease = (document["work_item"]["id"], document["lease_id"]) if claimed else None

    def item(self) -> str:
        return self.random.choice(self.items or self.plan["items"])

    def _claim(self) -> Call:
        if self.lease:
            (pk, lease), self.lease = self.lease, None
            return "POST", f"work-items/{pk}/release/", {"lease_id": lease}
        return "POST", "work-items/claim-next/", {"project_id": self.plan["project"]}


def _text(client: Client) -> str:
    return " ".join(client.random.choices(("port", "server", "agent", "board", "item", "write", "read"), k=8))


CALLS: dict[str, Callable[[Client], Call]] = {
    "list": lambda client: ("GET", f"work-items/?project={client.plan['project']}&limit=50", None),
    "get": lambda client: ("GET", f"work-items/{client.item()}/", None),
    "show": lambda client: ("GET", f"work-items/{client.item()}/show/", None),
    "search": lambda client: ("GET", f"search/?q={client.random.choice(('port', 'agent', 'board'))}&limit=20", None),
    "changes": lambda client: ("GET", f"changes/?since=0&project={client.plan['project']}&limit=50", None),
    "ready": lambda client: ("GET", f"work-items/ready/?project={client.plan['project']}&limit=10", None),
    "export": lambda client: ("GET", "export/", None),
    "create": lambda client: (
        "POST",
        "work-items/",
        {"project_id": client.plan["project"], "item_type": "task", "title": _text(client), "labels": ["load"]},
    ),
    "update": lambda client: ("PATCH", f"work-items/{client.item()}/", {"description": _text(client)}),
    "comment": lambda client: ("POST", "comments/", {"work_item_id": client.item(), "content": _text(client)}),
    "claim": Client._claim,
}
WRITES = ("create", "update", "comment", "claim")


def main() -> None:
    plan = json.loads(sys.argv[1])
    clients = [Client(plan, plan["first"] + number) for number in range(plan["clients"])]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps([{"times": client.times, "wrong": client.wrong} for client in clients]))


if __name__ == "__main__":
    main()
