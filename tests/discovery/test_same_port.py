"""A server that starts again takes the port of the last one, so that an open page finds it; if that is free."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery.sockets import BLOCKED_PORTS
from tests.processes import Server

Start = Callable[..., Server]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_next_start_takes_the_port_of_the_last(repository: Path, start_server: Start, number: int) -> None:
    for _ in range(2):
        first = start_server(repository)
        first.end(number)
        second = start_server(repository)
        assert second.info["port"] == first.info["port"]
        assert second.info["instance_id"] != first.info["instance_id"]
        second.end(number)


def test_port_that_was_taken_meanwhile_is_left_to_its_owner(repository: Path, start_server: Start) -> None:
    first = start_server(repository)
    first.end()
    with socket.create_server(("127.0.0.1", first.info["port"])):
        second = start_server(repository)
        assert second.info["port"] != first.info["port"]
        code, err = second.end()
        assert (code, "WARNING" in err) == (0, False), err  # nobody asked for that port
    assert start_server(repository).info["port"] == second.info["port"]


def test_wanted_port_outranks_the_last(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    with socket.create_server(("127.0.0.1", 0)) as free:
        wanted = free.getsockname()[1]
    assert start_server(repository, "--port", str(wanted)).info["port"] == wanted


@pytest.mark.parametrize(
    "note", ["", "x 127.0.0.1 80\n", "x 127.0.0.1 6000\n", "x 127.0.0.1 99999\n", "\0\xff 1 2 3", "a b " + "9" * 900]
)
def test_note_that_names_no_port_is_passed_over(repository: Path, start_server: Start, note: str) -> None:
    server = start_server(repository)
    server.end()
    (server.config / "server.lock").write_text(note, "utf-8")
    again = start_server(repository)
    assert again.request("GET", "/health").status_code == 200
    assert again.info["port"] not in BLOCKED_PORTS
