"""Requests that wait for news: they get an answer in time, and occupy no thread."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest

from discovery import parking
from tests.discovery.conftest import HOST
from tests.processes import DEADLINE, Server, scaled


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("parking")
    settings = json.dumps({"DISCOVERY_DIR": str(folder), "DISCOVERY_WORKERS": 1, "DISCOVERY_THREADS": 2})
    server = Server(folder, command=HOST, config=folder, HOST_SETTINGS=settings)
    try:
        yield server.ready()
    finally:
        server.end()


@pytest.fixture
def host(one_worker: Server) -> Server:
    report(one_worker, "5")
    return one_worker


def report(host: Server, number: str) -> None:
    assert host.request("GET", f"/news?newest={number}").status_code == 200


def waiting(host: Server, wish: str) -> socket.socket:
    """Send a request that may wait; return its socket."""
    client = socket.create_connection(("127.0.0.1", host.info["port"]), timeout=DEADLINE)
    head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nX-Wait: {wish}\r\nConnection: close\r\n\r\n"
    client.sendall(head.encode())
    return client


def is_silent(client: socket.socket) -> bool:
    client.settimeout(0.1)
    try:
        client.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return True
    finally:
        client.settimeout(DEADLINE)
    return False


def answered(client: socket.socket) -> float:
    """Return after how many seconds the answer came."""
    begin = time.monotonic()
    assert client.recv(12) == b"HTTP/1.1 200"
    client.close()
    return time.monotonic() - begin


def test_request_waits_for_news(host: Server) -> None:
    client = waiting(host, "5; 20")
    assert is_silent(client)
    report(host, "6")
    assert answered(client) < scaled(3)


def test_waiting_requests_occupy_no_thread(host: Server) -> None:
    clients = [waiting(host, "5; 20") for _ in range(12)]
    assert host.request("GET", "/").status_code == 200
    assert all(map(is_silent, clients))
    report(host, "6")
    assert max(map(answered, clients)) < scaled(3)


@pytest.mark.parametrize("wish", ["4; 20", "5; 0", "5", "x; 20", "-1; 5"], ids=str)
def test_request_for_which_there_is_news_is_answered_at_once(host: Server, wish: str) -> None:
    assert answered(waiting(host, wish)) < scaled(3)


def test_request_is_answered_when_its_time_is_over(host: Server) -> None:
    assert 0.9 < answered(waiting(host, "5; 1")) < scaled(5)


def test_requests_are_answered_when_the_host_cannot_know_any_more(host: Server) -> None:
    client = waiting(host, "5; 20")
    assert is_silent(client)
    report(host, "")
    assert answered(client) < scaled(3)
    assert answered(waiting(host, "5; 20")) < scaled(3)


def test_client_that_goes_is_forgotten(host: Server) -> None:
    for _ in range(3):
        client = waiting(host, "5; 20")
        assert is_silent(client)
        client.close()
    report(host, "6")
    assert host.request("GET", "/").status_code == 200


def test_stop_answers_those_that_wait(one_worker: Server) -> None:
    report(one_worker, "9")
    client = waiting(one_worker, "9; 20")
    assert is_silent(client)
    assert one_worker.end()[0] == 0
    assert answered(client) < scaled(3)


def test_wish_is_bounded() -> None:
    assert parking.requested_wait(b"GET / HTTP/1.1\r\nX-WAIT: 7; 99\r\n") == (7, parking.LONGEST)
