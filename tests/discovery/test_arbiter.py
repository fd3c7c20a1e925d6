"""Starts for which the machine has no processes, threads or connections to spare."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import sandboxes
from tests.discovery.conftest import HOST
from tests.processes import DEADLINE, Server, environment

Start = Callable[..., Server]


@pytest.mark.parametrize("limit", [1, 2])
def test_start_without_processes_or_threads_is_one_line(start_host: Start, limit: int) -> None:
    host = start_host(ready=False, preexec=sandboxes.with_processes(limit))
    code, err = host.end()
    assert code == 1
    assert err.count("\n") == 1
    assert "the first worker could not start" in err
    assert "the limit of processes is reached" in err
    assert [path.name for path in host.config.iterdir()] == ["server.lock"]


def test_worker_serves_with_the_threads_it_gets(start_host: Start) -> None:
    host = start_host(preexec=sandboxes.with_processes(3))
    with ThreadPoolExecutor(4) as clients:
        answers = clients.map(lambda _: host.request("GET", "/slow?seconds=0.3").text, range(4))
        assert list(answers) == ["done"] * 4
    code, err = host.end()
    assert code == 0
    assert "next attempt in" in err
    assert "Traceback" not in err


def test_start_without_a_loopback_interface_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [*sandboxes.new_network(loopback=False), *HOST, "runserver_discover"],
        env=environment(HOST_SETTINGS=json.dumps({"DISCOVERY_DIR": str(tmp_path)})),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "is the loopback interface up" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["server.lock"]
