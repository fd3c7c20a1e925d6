"""Real processes for the tests: start them, wait with a deadline, end them by their own pid."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import requests

from projects.client import agent_programs

T = TypeVar("T")
CHECKOUT = Path(__file__).resolve().parents[1]
MANAGE = [sys.executable, str(CHECKOUT / "manage.py")]
FACTOR = float(os.environ.get("PM_TEST_DEADLINE_FACTOR", "1"))  # above 1 on a slow or busy machine


def scaled(seconds: float) -> float:
    """Return a deadline, given for an idle machine, for this one."""
    return seconds * FACTOR


DEADLINE = scaled(30)  # seconds


def poll(probe: Callable[[], T], timeout: float = 30, what: str = "it") -> T:
    """Return the first true answer of `probe`; fail after `timeout` seconds, scaled."""
    timeout = scaled(timeout)
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout} s"
        time.sleep(0.01)


def environment(**changes: str | None) -> dict[str, str]:
    """Return this process's environment without our own settings, and with `changes` (None removes)."""
    foreign = ("PM_", "DJANGO_", "COV_", *agent_programs.VARIABLES)
    env = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    env |= {key: value for key, value in changes.items() if value is not None}
    return {key: value for key, value in env.items() if changes.get(key, "") is not None}


class Server:
    """A `runserver_discover` in a process of its own; `info` is its ready line."""

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        command: Sequence[str] = MANAGE,
        config: Path | None = None,
        preexec: Callable[[], None] | None = None,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        **env: str | None,
    ) -> None:
        self.directory = directory
        self.config = config or directory / ".pm"
        self.process = subprocess.Popen(
            [*command, "runserver_discover", "--json", *arguments],
            cwd=directory,
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            preexec_fn=preexec,
        )
        self.info: dict[str, Any] = {}

    def ready(self) -> Server:
        """Wait for the ready line; fail with what the server said if there is none."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"no ready line: {self.end()}"
        self.info = json.loads(line)
        return self

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return str(self.info["url"])

    @property
    def port_file(self) -> Path:
        return self.config / "server.json"

    @property
    def token(self) -> str:
        return (self.config / "server.token").read_text()

    def workers(self, count: int = 2) -> list[int]:
        """Return the pids of the workers, when all `count` have been started."""
        return poll(lambda: children(self.pid) if len(children(self.pid)) == count else [])

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send a request as a client without credentials or proxies."""
        with requests.Session() as session:
            session.trust_env = False
            kwargs.setdefault("timeout", DEADLINE)
            kwargs.setdefault("allow_redirects", False)
            return session.request(method, self.url + path, **kwargs)

    def api(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """Send a request to the API with the token."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return self.request(method, f"/api/v1/{path}", headers=headers, **kwargs)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM, timeout: float = DEADLINE) -> tuple[int, str]:
        """Stop the server if it runs; return its exit code and its standard error."""
        if self.process.poll() is None and self.info:
            self.process.send_signal(number)
        try:
            _, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, err = self.process.communicate()
        return self.process.returncode, err


def children(pid: int) -> list[int]:
    """Return the pids of the children of process `pid`."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def gone(pid: int) -> bool:
    """Return True if the process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def without_override() -> None:
    """Give up root's right to pass by permission bits; for `preexec_fn`, so that chmod refuses root, too."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            assert libc.prctl(24, capability) == 0  # PR_CAPBSET_DROP: from the next exec on


def with_full_disk() -> None:
    """Let no file grow beyond 64 bytes; for `preexec_fn`."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
