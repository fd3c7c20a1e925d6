"""A server that starts again takes the port of the last one, so that an open page finds it; if that is free."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery import lock
from discovery.server import last_port
from tests.processes import Server

Start = Callable[..., Server]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_next_start_takes_the_last_port(board_repository: Path, start_server: Start, number: int) -> None:
    infos = []
    for _ in range(3):
        server = start_server(board_repository)
        infos.append(server.info)
        server.end(number)
    assert len({info["port"] for info in infos}) == 1
    assert len({info["instance_id"] for info in infos}) == 3


def test_port_that_was_taken_meanwhile_is_left_to_its_owner(board_repository: Path, start_server: Start) -> None:
    first = start_server(board_repository)
    first.end()
    with socket.create_server(("127.0.0.1", first.info["port"])):
        second = start_server(board_repository)
        assert second.info["port"] != first.info["port"]
        code, err = second.end()
        assert (code, "WARNING" in err) == (0, False), err  # nobody asked for that port
    assert start_server(board_repository).info["port"] == second.info["port"]


def test_wanted_port_outranks_the_last(board_repository: Path, start_server: Start) -> None:
    start_server(board_repository).end()
    with socket.create_server(("127.0.0.1", 0)) as free:
        wanted = free.getsockname()[1]
    assert start_server(board_repository, "--port", str(wanted)).info["port"] == wanted


@pytest.mark.parametrize(
    ("note", "port"),
    [
        ("1 127.0.0.1 5174\n", 5174),
        ("", 0),
        ("1 127.0.0.1\n", 0),
        ("1 127.0.0.1 5174 5\n", 0),
        ("1 127.0.0.1 80\n", 0),
        ("1 127.0.0.1 6000\n", 0),  # browsers refuse it
        ("1 127.0.0.1 99999\n", 0),
        ("1 127.0.0.1 -5174\n", 0),
        ("\0\xff 1 2 3", 0),
        ("a b " + "9" * 900, 0),
    ],
)
def test_last_port_is_read_from_a_valid_note_only(tmp_path: Path, note: str, port: int) -> None:
    lock_file = tmp_path / "server.lock"
    lock_file.write_text(note, "utf-8")
    held = lock.hold(str(lock_file))
    try:
        assert last_port(held) == port
    finally:
        held.release()
