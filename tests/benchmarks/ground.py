"""What the benchmarks run on, created on first use: an installation, boards, and their servers."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks import boards, load
from tests.benchmarks.installation import Installation
from tests.conftest import make_repository
from tests.processes import CHECKOUT, Server

SERVED = CHECKOUT / "tests" / "benchmarks" / "served"
SMALL = 100  # items
ACTIVITY = 3  # rows per item of the large board
CACHE = Path(tempfile.gettempdir()) / f"pm-benchmarks-{os.getuid()}"
MORE_ACTIVITY = """
INSERT INTO projects_activity (entity_type, entity_id, display_key, project_id, version, action, changes, actor_id,
                               created_at)
SELECT entity_type, entity_id, display_key, project_id, version + 1, 'updated',
       json_array(json_object('field', 'status', 'old', 'todo', 'new', 'review')), actor_id, created_at
FROM projects_activity WHERE entity_type = 'work_item' ORDER BY id LIMIT ?
"""


class Ground:
    """`close` stops and removes everything, except the large board, which the next run uses again."""

    def __init__(self, *, short: bool) -> None:
        self.short = short
        self.rounds = 5 if short else 30
        self.seconds = 0.5 if short else 2.0  # of load per round
        self.items = 2_000 if short else 100_000
        self._open = ExitStack()
        self.folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="pm-bench-")))

    def close(self) -> None:
        """Stop the servers and remove the directories."""
        self._open.close()

    @cached_property
    def installed(self) -> Installation:
        """The wheel in an environment of its own."""
        return Installation(self.folder / "installed")

    @cached_property
    def small(self) -> Server:
        """A server with a board of 100 items, as `pm server start` starts it."""
        return self._serve(self.board("small", SMALL), self._product)

    @cached_property
    def large(self) -> Server:
        """The same with the large board, which has at least three activity rows per item."""
        return self._serve(self.board("large", self.items), self._product)

    @cached_property
    def clocked_small(self) -> Server:
        """A server with a board of 100 items that reports its times."""
        return self._serve(self.board("clocked-small", SMALL), self._clocked)

    @cached_property
    def clocked_large(self) -> Server:
        """A server with the large board that reports its times."""
        return self._serve(self.board("clocked-large", self.items), self._clocked)

    def repository(self, name: str) -> Path:
        """Return an empty repository with a migrated database."""
        directory = make_repository(self.folder / name)
        if name == "empty":
            self.installed.run([self.installed.command("pm-manage"), "migrate", "--verbosity", "0"], directory)
        else:
            shutil.copytree(self._empty / ".pm", directory / ".pm")
        return directory

    @cached_property
    def _empty(self) -> Path:
        return self.repository("empty")

    def bare(self, answers: dict[str, tuple[list[tuple[str, str]], str]]) -> Server:
        """Return a server on the same gunicorn that answers each path with the given headers and body."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (folder / "answers.json").write_text(json.dumps(answers))
        (folder / "server.token").write_text("none")
        return self._serve(folder, lambda directory: self._site("bare", directory, folder, BARE_DIR=str(folder)))

    def serve(self, directory: Path) -> Server:
        """Return a server of `directory`, as `pm server start` starts it."""
        return self._serve(directory, self._product)

    def serve_clocked(self, directory: Path) -> Server:
        """The same, and it reports its times."""
        return self._serve(directory, self._clocked)

    def _serve(self, directory: Path, make: Callable[[Path], Server]) -> Server:
        server = make(directory)
        self._open.callback(server.end)
        return server.ready()

    def _product(self, directory: Path) -> Server:
        command = [self.installed.command("pm-manage")]
        return Server(directory, command=command, **self.installed.variables)

    def _clocked(self, directory: Path) -> Server:
        return self._site("board", directory, directory / ".pm")

    def _site(self, settings: str, directory: Path, config: Path, **env: str) -> Server:
        command = [self.installed.command("python"), str(SERVED / "manage.py"), settings]
        variables = self.installed.variables | env
        return Server(directory, command=command, config=config, **variables)

    def board(self, name: str, items: int) -> Path:
        """Return a repository with a copy of a generated board."""
        directory = self.repository(name)
        shutil.copy(self._database(items), directory / ".pm" / "data.db")
        return directory

    def _database(self, items: int) -> Path:
        """Return the database of a board of this size, from an earlier run if that had the same tables."""
        digest = hashlib.sha256(Path(boards.__file__).read_bytes() + MORE_ACTIVITY.encode())
        for path in sorted((CHECKOUT / "projects" / "migrations").glob("*.py")):
            digest.update(path.read_bytes())
        made = CACHE / f"{items}-{digest.hexdigest()[:16]}.db"
        if not made.exists():
            print(f"creating a board of {items} items, once …", file=sys.stderr, flush=True)
            directory = self.repository(f"made-{items}")
            boards.save(directory / "board.json", items)
            server = self._serve(directory, self._product)
            pm = [self.installed.command("pm"), "sync", "import", "-f", "board.json"]
            self.installed.run(pm, directory)
            server.end()
            database = directory / ".pm" / "data.db"
            _add_activity(database, items)
            CACHE.mkdir(mode=0o700, exist_ok=True)
            shutil.copy(database, made.with_suffix(".part"))
            made.with_suffix(".part").rename(made)
        return made


def _add_activity(database: Path, items: int) -> None:
    connection = sqlite3.connect(database)
    with connection:
        while (missing := items * ACTIVITY - _rows(connection)) > 0:
            connection.execute(MORE_ACTIVITY, (missing,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _rows(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM projects_activity").fetchone()[0])


def address(server: Server) -> tuple[str, int]:
    """Return the address on which a server listens."""
    parts = urlsplit(server.url)
    return str(parts.hostname), int(parts.port or 0)


def asking(server: Server, method: str, path: str, body: object = None, **headers: str) -> bytes:
    """Return the bytes of a request to a server's API."""
    host = urlsplit(server.url).netloc
    content = b"" if body is None else json.dumps(body).encode()
    return load.message(method, f"/api/v1/{path}", host, server.token, content, **headers)
