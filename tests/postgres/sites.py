"""Boards for teams on any engine, and the nodes that serve them."""

from __future__ import annotations

import copy
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.processes import DEADLINE, MANAGE, environment

KEY = "0123456789" * 6
STARTS = 5  # attempts: the port of a killed node may be taken for a moment
SCOPES = ("read", "write", "claim", "act-as")


class Site:
    """A board for a team: its database, its environment and a token."""

    def __init__(self, folder: Path, database: str, scopes: Sequence[str] = SCOPES) -> None:
        self.folder, self.database = folder, database
        self.env = environment(
            PM_DATABASE_URL=database,
            PM_SECRET_KEY=KEY,
            PM_CALLS_PER_MINUTE="0",  # no limit
            PM_CONFIG_DIR=None if database.startswith("sqlite") else str(folder / "state"),
            DJANGO_SUPERUSER_PASSWORD="correct horse 9",
        )
        self.manage("migrate")
        self.manage("createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.org")
        scopes = [argument for scope in scopes for argument in ("--scope", scope)]
        self.token = self.manage("token", "create", "tests", "--user", "ada", *scopes).strip()

    def moved(self, folder: Path, database: str) -> Site:
        """Return this board as a copy of its database has it, with a folder of its own."""
        other = copy.copy(self)
        other.folder, other.database = folder, database
        other.env = self.env | {"PM_DATABASE_URL": database, "PM_CONFIG_DIR": str(folder / "state")}
        return other

    def manage(self, *arguments: str) -> str:
        """Run a management command of this board; return what it prints."""
        call = self.call(*arguments)
        assert call.returncode == 0, call.stderr
        return call.stdout

    def call(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a management command of this board, which may fail, with more variables in its environment."""
        return subprocess.run(
            [*MANAGE, *arguments],
            env=self.env | variables,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE * 4,
            check=False,
        )


class Node:
    """A `pm-manage serve` on a port that stays the same; kill it and start it again at will."""

    def __init__(self, site: Site, name: str, *, workers: int = 2) -> None:
        self.site, self.name, self.port, self.workers = site, name, free_port(), workers
        self.log = site.folder / f"{name}.log"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> float:
        """Start the node; return the seconds until it is ready."""
        begin = time.monotonic()
        for _ in range(STARTS):
            with self.log.open("a") as log:
                self.process = subprocess.Popen(
                    [
                        *(*MANAGE, "serve", "--port", str(self.port), "--workers", str(self.workers)),
                        *("--behind-proxy", "127.0.0.1", "--name", "localhost"),
                    ],
                    env=self.site.env,
                    cwd=self.site.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            assert self.process.stdout is not None
            if self.process.stdout.readline().startswith("Serving on "):
                return time.monotonic() - begin
            self.process.communicate()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text()[-2000:])

    def kill(self) -> None:
        """Kill the master; its workers die with it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def stop(self) -> None:
        """Stop the node."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=DEADLINE)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
