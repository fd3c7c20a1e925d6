"""Where the fires burn: repositories in a scratch folder, and servers that are ended whatever happens."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import make_repository
from tests.processes import Server


@contextmanager
def repository() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as scratch:
        yield make_repository(Path(scratch) / "repository")


@contextmanager
def ended(*servers: Server) -> Iterator[None]:
    """Kill what still runs of `servers`."""
    try:
        yield
    finally:
        for server in servers:
            if server.process.poll() is None:
                server.process.kill()
            server.process.communicate()


def projects_of(server: Server) -> set[str]:
    """Return the keys of all projects that the server knows."""
    response = server.api("GET", "projects/?limit=1000&fields=key")
    assert response.status_code == 200, response.text
    assert response.headers["X-PM-Instance"] == server.info["instance_id"], "another server answered"
    return {row["key"] for row in response.json()["results"]}
