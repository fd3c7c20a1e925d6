"""Whatever a receiver raises ends the server with one line, and nothing stays published."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.processes import Server, children, gone, poll, without_override

Start = Callable[..., Server]


@pytest.mark.parametrize("when", ["started", "checked", "stopped"])
@pytest.mark.parametrize("kind", ["json", "port"])
def test_exception_of_a_receiver_withdraws_and_is_one_line(start_host: Start, when: str, kind: str) -> None:
    settings = {"DISCOVERY_TOKEN_FILE": "server.token", "DISCOVERY_PORT_FILE_FORMAT": kind}
    host = start_host(ready=when != "started", env={"HOST_BREAKS": when}, **settings)
    workers = host.workers() if when == "stopped" else children(host.pid)
    code, err = host.end() if when == "stopped" else host.end(0)
    assert code == 1
    assert err.strip().splitlines()[-1] == "error: LookupError: this receiver is broken"
    assert "Traceback" not in err
    assert {path.name for path in host.config.iterdir()} <= {"server.lock"}
    for worker in workers:
        poll(lambda pid=worker: gone(pid))


def test_file_that_can_not_be_withdrawn_is_one_line(start_host: Start) -> None:
    host = start_host(preexec=without_override)
    host.config.chmod(0o500)
    code, err = host.end()
    host.config.chmod(0o700)
    assert code == 1
    assert err.strip().splitlines()[-1] == f"error: {host.port_file}: Permission denied"
    assert "Traceback" not in err
