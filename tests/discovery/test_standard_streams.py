"""Standard streams that the caller closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from tests.processes import Server, environment, poll

Start = Callable[..., Server]
CLOSED = [which for count in (1, 2, 3) for which in combinations((0, 1, 2), count)]


def closing(which: tuple[int, ...]) -> Callable[[], None]:
    def close() -> None:
        for number in which:
            os.close(number)

    return close


@pytest.mark.parametrize("which", CLOSED)
def test_server_with_closed_streams_serves_and_withdraws(start_host: Start, which: tuple[int, ...]) -> None:
    host = start_host(ready=False, preexec=closing(which), DISCOVERY_TOKEN_FILE="server.token")
    poll(host.port_file.exists)
    host.info = json.loads(host.port_file.read_text())
    for pid in (host.pid, *host.workers()):
        for number in which:
            assert os.readlink(f"/proc/{pid}/fd/{number}") == os.devnull
    assert host.request("GET", "/").status_code == 200
    assert host.end()[0] == 0
    assert [path.name for path in host.config.iterdir()] == ["server.lock"]


def test_missing_streams_are_replaced_and_inherited() -> None:
    code = """
import os, subprocess, sys
from discovery import standard_streams
sys.stdin, sys.stdout = None, None
os.close(0), os.close(1)
standard_streams.open_missing()
print("nobody reads this \\udcff", flush=True)
inherited = subprocess.run([sys.executable, "-c", "import os; os.fstat(0), os.fstat(1)"]).returncode
sys.exit(inherited or sys.stdin.read() or os.open(os.devnull, os.O_RDONLY) < 3)
"""
    home = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=home, env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
