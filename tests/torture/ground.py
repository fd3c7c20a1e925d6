"""What the scenarios run on: repositories in a scratch directory, and servers that are always stopped."""

from __future__ import annotations

import os
import select
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import make_repository
from tests.processes import CHECKOUT, Server
from tests.torture.reporter import Missing


@contextmanager
def repository() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as scratch:
        yield make_repository(Path(scratch) / "repository")


@contextmanager
def ended(*servers: Server) -> Iterator[None]:
    """Kill those of `servers` that still run."""
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


def patched(code: str) -> list[str]:
    """Return a command of manage.py that runs `code` first, for changes that no flag of the product makes."""
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(CHECKOUT)!r})\n{code}\nfrom pmsite.__main__ import main\nmain()",
    ]


def stored_projects(config: Path) -> set[str]:
    """Return the keys of all projects in the database of a stopped server; SQLite's integrity check must pass."""
    with closing(sqlite3.connect(config / "data.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {key for (key,) in database.execute("SELECT key FROM projects_project")}


def need(tool: str, package: str) -> str:
    """Return the path of a program. Raises Missing if it is not installed."""
    path = shutil.which(tool)
    if path is None:
        raise Missing(f"{tool} is not installed; on Debian: apt-get install {package}")
    return path


def seen(path: Path) -> tuple[Any, ...]:
    """Return values that change if a file is touched: its identity, time and content."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_mtime_ns, path.read_bytes()


def heard(server: Server, wait: float = 0.0) -> str:
    """Return new output on standard error; a pipe that nobody reads would fill up and block the server."""
    assert server.process.stderr is not None
    said = ""
    while select.select([server.process.stderr], [], [], 0 if said else wait)[0]:
        piece = os.read(server.process.stderr.fileno(), 65536).decode("utf-8", "replace")
        if not piece:
            break
        said += piece
    return said
