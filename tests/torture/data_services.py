"""What the scenarios about data run on: the server of a repository, on SQLite, and of a team, on PostgreSQL."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

from tests.conftest import make_repository
from tests.postgres.cluster import Cluster, NoPostgres, client
from tests.postgres.sites import Node, Site
from tests.processes import Server, children, environment
from tests.torture import data_audit, postgres_audit
from tests.torture.data_commands import PM
from tests.torture.data_writers import Wire
from tests.torture.ground import ended
from tests.torture.node_places import NodeWire, logged, served
from tests.torture.reporter import Missing

SEEDS = random.Random(13)
SCOPES = ("read", "write", "claim", "act-as", "admin")  # a board is imported and exported as a whole by administrators
NEW = "new"  # the database of a new board
DEADLINE = 120.0  # seconds
# Files that may be in a repository's config directory when nothing runs.
KNOWN = {".gitignore", "data.db", "data.db-wal", "data.db-shm", "secret_key", "write.lock", "server.lock"}


class Service(ABC):
    """A board, the server that answers for it, and what a scenario kills of it."""

    engine: str
    heads: tuple[str, ...]  # what `kill` kills, but for workers, and starts again
    env: dict[str, str | None]  # of a `pm` that uses this board

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.directory = make_repository(folder / "repository")  # where `pm` runs
        self.config = self.directory / ".pm"

    @abstractmethod
    def connect(self, config: Path, actor: str) -> Wire:
        """Return an actor's way to the server."""

    @abstractmethod
    def start(self) -> None:
        """Start the server if it does not run."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the server, which must end well."""

    @abstractmethod
    def remember(self) -> None:
        """Keep the state of the stopped board for `reset`."""

    @abstractmethod
    def reset(self) -> None:
        """Start the server on the remembered state, whatever runs."""

    @abstractmethod
    def back_up(self, path: Path) -> None:
        """Write a backup."""

    @abstractmethod
    def another(self, backup: Path | None = None) -> AbstractContextManager[Service]:
        """Serve what a backup restores to, or a new board, beside this one."""

    @abstractmethod
    def kill(self, victim: str) -> None:
        """Kill a `worker`, all `workers`, or one of `heads`."""

    @abstractmethod
    def complaints(self) -> list[str]:
        """Return what the server, which has stopped, logged and should not have."""

    @abstractmethod
    def rows(self) -> Path:
        """Return the rows of the stopped board as a file of SQLite."""

    @abstractmethod
    def counts(self, tables: Sequence[str]) -> dict[str, int]:
        """Return the numbers of rows in our tables."""

    @abstractmethod
    def faults(self) -> list[str]:
        """Return all inconsistencies of the stopped board."""

    @abstractmethod
    def litter(self) -> set[str]:
        """Return the names of files that a stopped server should not leave."""

    def pm(self, *arguments: str, status: int = 0) -> str:
        """Run a command; return its output, or its error if it must fail."""
        done = subprocess.run(
            [PM, *arguments],
            cwd=self.directory,
            env=environment(**self.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert done.returncode == status, f"pm {' '.join(arguments)}: {done.stderr[-400:]}"
        return done.stderr if status else done.stdout

    def text(self, path: str) -> str:
        """Return the answer to a GET, which must succeed."""
        status, text = self.connect(self.config, "owner").answer("GET", path)
        assert status == 200, f"GET {path}: {status} {text[:200]}"
        return text


class LocalService(Service):
    engine = "SQLite"
    heads = ("master",)
    env: dict[str, str | None] = {}

    def __init__(self, folder: Path, backup: Path | None = None) -> None:
        super().__init__(folder)
        self.database = self.config / "data.db"
        self._said = ""
        if backup is not None:
            self.pm("restore-backup", str(backup))
        self.server = Server(self.directory).ready()

    def connect(self, config: Path, actor: str) -> Wire:
        return Wire(config, actor)

    def start(self) -> None:
        if self.server.process.poll() is not None:
            self.server = Server(self.directory).ready()

    def stop(self) -> None:
        code, err = self.server.end()
        self._said += err
        assert (code, "Traceback" in err) == (0, False), f"exit {code}: {err[-500:]}"

    def remember(self) -> None:
        shutil.copy(self.database, self.folder / "remembered.db")

    def reset(self) -> None:
        self.server.end()
        for suffix in ("-wal", "-shm"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.folder / "remembered.db", self.database)
        self.start()

    def back_up(self, path: Path) -> None:
        self.pm("backup", str(path))

    def another(self, backup: Path | None = None) -> AbstractContextManager[Service]:
        return local_service(backup)

    def kill(self, victim: str) -> None:
        if victim == "master":
            self._said += self.server.end(signal.SIGKILL)[1]
        else:
            _kill_workers(victim, self.server.pid)

    def complaints(self) -> list[str]:
        words = ("Traceback", " ERROR projects", " ERROR django", "database is locked")
        return [f"the server logged: {line}" for line in self._said.splitlines() if any(word in line for word in words)]

    def rows(self) -> Path:
        return self.database

    def counts(self, tables: Sequence[str]) -> dict[str, int]:
        with closing(sqlite3.connect(self.database)) as connection:
            query = "SELECT count(*) FROM projects_{}"
            return {name: connection.execute(query.format(name)).fetchone()[0] for name in tables}

    def faults(self) -> list[str]:
        return data_audit.faults(self.database)

    def litter(self) -> set[str]:
        return set(os.listdir(self.config)) - KNOWN


class TeamService(Service):
    """A node behind nginx."""

    engine = "PostgreSQL"
    heads = ("engine", "master")

    def __init__(self, cluster: Cluster, site: Site, node: Node, port: int) -> None:
        super().__init__(site.folder)
        self.cluster, self.site, self.node, self.port = cluster, site, node, port
        self.env = {"PM_SERVER_URL": f"http://127.0.0.1:{port}", "PM_TOKEN": site.token}
        self._copies = itertools.count()
        self._crashes = itertools.cycle((self._quit_engine, self._kill_backend, self._kill_engine))

    def connect(self, config: Path, actor: str) -> Wire:
        return NodeWire(self.site, self.port, actor)

    def start(self) -> None:
        if self.node.process is None or self.node.process.poll() is not None:
            self.node.start()

    def stop(self) -> None:
        self.node.stop()
        assert self.node.process is not None
        assert self.node.process.returncode == 0, f"exit {self.node.process.returncode}: {self.complaints()}"

    def remember(self) -> None:
        self.cluster.drop(NEW)
        self.cluster.make(NEW, "board")

    def reset(self) -> None:
        self.node.kill()
        self.cluster.drop("board")
        self.cluster.make("board", NEW)
        self.start()

    def back_up(self, path: Path) -> None:
        self._client("pg_dump", "--format", "custom", "--file", str(path), "board")

    @contextmanager
    def another(self, backup: Path | None = None) -> Iterator[Service]:
        name = f"copy{next(self._copies)}"
        url = self.cluster.make(name, "template0" if backup else NEW)
        if backup:
            self._client("pg_restore", "--exit-on-error", "--dbname", name, str(backup))
        folder = self.folder / name
        folder.mkdir()
        site = self.site.moved(folder, url)
        if backup:
            site.manage("check", "--database", "default")
        with served(site, 1) as ([node], balancer):
            yield TeamService(self.cluster, site, node, balancer.port)
        self.cluster.drop(name)

    def _client(self, program: str, *arguments: str) -> None:
        client(self.cluster.programs, self.cluster.url("postgres"), program, *arguments)

    def kill(self, victim: str) -> None:
        if victim == "engine":
            next(self._crashes)()
        elif victim == "master":
            self.node.kill()
        elif self.node.process is not None:
            _kill_workers(victim, self.node.process.pid)

    def _quit_engine(self) -> None:
        self.cluster.restart(signal.SIGQUIT)

    def _kill_engine(self) -> None:
        self.cluster.restart(signal.SIGKILL)

    def _kill_backend(self) -> None:
        self.cluster.crash_backend("board")

    def complaints(self) -> list[str]:
        return logged(self.node)

    def rows(self) -> Path:
        return postgres_audit.copied_rows(self.site.database, self.folder / "rows.db")

    def counts(self, tables: Sequence[str]) -> dict[str, int]:
        counts = ", ".join(f"(SELECT count(*) FROM projects_{name})" for name in tables)
        found = self.cluster.query("board", f"SELECT {counts}").split("|")
        return dict(zip(tables, map(int, found), strict=True))

    def faults(self) -> list[str]:
        return postgres_audit.faults(self.site.database, self.rows())

    def litter(self) -> set[str]:
        return set(os.listdir(self.folder / "state")) - KNOWN


Services = Callable[[], AbstractContextManager[Service]]


@contextmanager
def local_service(backup: Path | None = None) -> Iterator[Service]:
    """Serve a new repository, or one with a backup; end its server at last."""
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as folder:
        service = LocalService(Path(folder), backup)
        try:
            yield service
        finally:
            with ended(service.server):  # which may be another one
                pass


@contextmanager
def team_service() -> Iterator[Service]:
    """Serve a new board on a PostgreSQL of its own, which waits for the disk; end both at last. Raises Missing."""
    try:
        cluster = Cluster(durable=True)
    except NoPostgres as error:
        raise Missing(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as folder, cluster:
        site = Site(Path(folder), cluster.make("board"), SCOPES)
        cluster.make(NEW, "board")
        with served(site, 1) as ([node], balancer):
            yield TeamService(cluster, site, node, balancer.port)


def restarted(service: Service, victim: str) -> float:
    """Kill one of the service's heads and start it again; return the seconds until it is ready."""
    begin = time.monotonic()
    service.kill(victim)
    service.start()
    return time.monotonic() - begin


def _kill_workers(victim: str, master: int) -> None:
    workers = children(master)
    for worker in workers if victim == "workers" else SEEDS.sample(workers, min(1, len(workers))):
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
