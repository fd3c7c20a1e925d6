"""Two nodes on one database: what one writes, the other knows at once."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.postgres.databases import TEMPLATE, copied, url
from tests.postgres.sites import Node, Site
from tests.processes import DEADLINE, scaled

pytestmark = pytest.mark.django_db


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Node]]:
    site = Site(tmp_path, url(copied(TEMPLATE)))
    found = [Node(site, name, workers=1) for name in ("one", "two")]
    try:
        for node in found:
            node.start()
        yield found
    finally:
        for node in found:
            node.stop()


def ask(node: Node, method: str, path: str, body: object = None, **headers: str) -> Any:
    """Send a request as the proxy does; return the document of the answer, or of a page its instance."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers |= {"Authorization": f"Bearer {node.site.token}", "Host": "localhost", "X-Forwarded-Proto": "https"}
    headers |= {"Content-Type": "application/json", "X-PM-Actor": "scout"}
    with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=DEADLINE)) as connection:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
    assert response.status < 300, text
    return json.loads(text), response.headers["X-PM-Instance"]


def test_nodes_are_one_server(nodes: list[Node]) -> None:
    assert_one_server(nodes)


def assert_one_server(nodes: list[Node]) -> None:
    """Two nodes know what was written through the other one, and one that waits learns of it at once."""
    one, two = nodes
    made, instance = ask(one, "POST", "/api/v1/projects/", {"key": "ONE", "title": "One"}, Idempotency_Key="k" * 32)
    # The node that was asked died before its answer arrived, say.
    assert ask(two, "POST", "/api/v1/projects/", {"key": "ONE", "title": "One"}, Idempotency_Key="k" * 32) == (
        made,
        instance,
    )
    assert ask(two, "GET", "/ready")[0] == {"status": "ready"}
    newest = ask(two, "GET", "/api/v1/changes/?limit=1000")[0]["next"]
    waiting = json.dumps({"project": "ONE", "item_type": "task", "title": "Wakes the other node"})

    with closing(http.client.HTTPConnection("127.0.0.1", two.port, timeout=DEADLINE)) as held:
        head = {"Authorization": f"Bearer {two.site.token}", "Host": "localhost", "X-Forwarded-Proto": "https"}
        held.request("GET", f"/api/v1/changes/?since={newest}", headers=head | {"X-Wait": f"{newest}; 25"})
        begin = time.monotonic()
        ask(one, "POST", "/api/v1/work-items/", json.loads(waiting))
        changes = json.loads(held.getresponse().read())["changes"]
    assert [change["display_key"] for change in changes] == ["ONE-1"]
    assert time.monotonic() - begin < scaled(10)
