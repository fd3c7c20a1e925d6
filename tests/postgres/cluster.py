"""A PostgreSQL server of its own for a run of tests, in a temporary directory; nobody else's is touched."""

from __future__ import annotations

import glob
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from tests.processes import DEADLINE, children, gone, poll, scaled

PACKAGE = "PostgreSQL is not installed; on Debian: apt-get install postgresql (its default cluster is not used)"
ACCOUNT = "postgres"  # of Debian's package: the server refuses to run as root
OWNER = "pm"
TRIES = 5  # another process may take the port that was free
# A crash of the machine may destroy what a run of tests leaves; a crash of the server alone does not.
CARELESS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")

_SERVING = "SELECT pid FROM pg_stat_activity WHERE datname = '{}' ORDER BY state <> 'active', query_start DESC"


class NoPostgres(Exception):
    """PostgreSQL is not installed."""


def programs() -> str:
    """Return the folder with `initdb` and `postgres`. Raises NoPostgres."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: -int(re.sub(r"\D", "", path) or 0))
    config = shutil.which("pg_config")
    if config:
        found.append(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())
    for folder in found:
        if os.access(f"{folder}/initdb", os.X_OK):
            return folder
    raise NoPostgres(PACKAGE)


class Cluster:
    """A server on a free port of 127.0.0.1. `durable`: commits wait for the disk, as in production."""

    def __init__(self, *, durable: bool = False, settings: tuple[str, ...] = ()) -> None:
        """Create the files. Raises NoPostgres."""
        self.programs = programs()
        self.settings = (*settings, *(() if durable else CARELESS))
        self.folder = Path(tempfile.mkdtemp(prefix="pm-postgres-"))
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.password = secrets.token_hex(16)
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o600)
        if os.geteuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            for path in (self.folder, secret):
                os.chown(path, account.pw_uid, account.pw_gid)
        self._run(
            f"{self.programs}/initdb",
            *("--pgdata", str(self.folder / "data"), "--username", OWNER, "--pwfile", str(secret)),
            *("--auth", "md5", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"),
        )

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """The ID of the server's first process."""
        assert self.process is not None
        return self.process.pid

    def url(self, database: str) -> str:
        """Return the URL of a database, as in PM_DATABASE_URL."""
        return f"postgresql://{OWNER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, on the port that it had before; return when it answers."""
        for _ in range(TRIES):
            port = self.port or _free_port()
            self.process = self._spawn(port)
            if self._answers(port):
                self.port = port
                return
            self.port = 0
        raise AssertionError(self.log.read_text()[-2000:])

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop the server: by SIGINT without waiting for clients, by SIGQUIT as a crash would."""
        if self.process is not None and self.process.poll() is None:
            backends = children(self.process.pid)
            self.process.send_signal(number)
            self.process.wait(DEADLINE)
            if number == signal.SIGKILL:  # the next start needs the memory that they share
                poll(lambda: all(map(gone, backends)), what="the end of the killed server's processes")

    def crash_backend(self, database: str) -> None:
        """Kill a process that serves a database; return when the server has recovered from that."""
        assert self.process is not None
        before = children(self.process.pid)
        serving = [int(pid) for pid in self.query("postgres", _SERVING.format(database)).split()]
        if not serving:
            return
        os.kill(serving[0], signal.SIGKILL)
        poll(lambda: all(map(gone, before)), 120, "the end of the crashed server's processes")
        assert self._answers(self.port), self.log.read_text()[-2000:]

    def restart(self, number: int = signal.SIGQUIT) -> None:
        """Stop the server, by default as a crash would, and start it again on the same port."""
        self.stop(number)
        port = self.port
        self.start()
        assert self.port == port, "another process has taken the port"

    def make(self, name: str, template: str = "template0") -> str:
        """Create a database as a copy of another; return its URL."""
        self._client("createdb", "--template", template, name)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database and end its sessions."""
        self._client("dropdb", "--force", "--if-exists", name)

    def query(self, database: str, sql: str) -> str:
        """Run a statement; return the text of its rows, a line each."""
        return self._client("psql", "--no-psqlrc", "-qAt", "-d", database, "-c", sql).strip()

    def _client(self, name: str, *arguments: str) -> str:
        return client(self.programs, self.url("postgres"), name, *arguments)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        settings = ("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={self.folder}")
        flags = [flag for each in (*settings, *self.settings) for flag in ("-c", each)]
        # The signal comes when the thread that started it ends, so only the main thread may ask for it.
        guard = ["--pdeathsig", "INT"] if threading.current_thread() is threading.main_thread() else []
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.account(*guard), f"{self.programs}/postgres", "-D", str(self.folder / "data"), *flags],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _answers(self, port: int) -> bool:
        """Return True once the server answers, False if it ends before."""
        assert self.process is not None
        until = time.monotonic() + scaled(120)  # after a crash it reads its log, and syncs all of its files
        while self.process.poll() is None:
            ready = [f"{self.programs}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-d", "postgres"]
            if subprocess.run(ready, check=False).returncode == 0 and self.process.poll() is None:
                return True
            assert time.monotonic() < until, self.log.read_text()[-2000:]
            time.sleep(0.02)
        return False

    def _run(self, *command: str) -> None:
        call = subprocess.run([*self.account(), *command], cwd=self.folder, capture_output=True, text=True, check=False)
        assert call.returncode == 0, call.stderr

    @staticmethod
    def account(*flags: str) -> list[str]:
        """Return the command that runs another one as a user that PostgreSQL accepts."""
        if os.geteuid() == 0:
            flags = (*flags, f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups")
        return ["setpriv", *flags] if flags else []


def client(folder: str, url: str, name: str, *arguments: str) -> str:
    """Run a client program of PostgreSQL against the server of `url`; return what it prints."""
    found = re.fullmatch(r"postgresql://(\w+):(\w+)@([\d.]+):(\d+)/(\w+)", url)
    assert found, url
    user, password, host, port, database = found.groups()
    place = {"PGUSER": user, "PGPASSWORD": password, "PGHOST": host, "PGPORT": port, "PGDATABASE": database}
    call = subprocess.run(
        [f"{folder}/{name}", *arguments],
        env=os.environ | place,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert call.returncode == 0, call.stderr
    return call.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
