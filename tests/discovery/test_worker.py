"""What slow, silent and lingering clients do to the others: nothing."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.processes import DEADLINE, Server, poll, scaled

Start = Callable[..., Server]


@pytest.fixture
def host(shared_host: Server) -> Server:
    return shared_host


@contextlib.contextmanager
def connections(server: Server, count: int, data: bytes = b"") -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.info["port"]), timeout=DEADLINE))
            for _ in range(count)
        ]
        for sock in sockets:
            sock.sendall(data)
        yield sockets


def answer_time(server: Server) -> float:
    begin = time.monotonic()
    assert server.request("GET", "/").status_code == 200
    return time.monotonic() - begin


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1"], ids=["silent", "half a head"])
def test_clients_without_a_complete_head_do_not_delay_others(host: Server, data: bytes) -> None:
    with connections(host, 60, data):
        for _ in range(10):
            assert answer_time(host) < scaled(2)


def test_head_that_comes_by_pieces_is_served(host: Server) -> None:
    with connections(host, 1) as [sock]:
        for byte in f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nConnection: close\r\n\r\n".encode():
            sock.sendall(bytes([byte]))
        assert sock.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_head_that_is_never_finished_is_dropped_in_time(start_host: Start) -> None:
    host = start_host(DISCOVERY_REQUEST_TIMEOUT=1)
    with connections(host, 1, b"GET / HT") as [sock]:
        begin = time.monotonic()
        assert sock.recv(10) == b""
        assert 0.5 < time.monotonic() - begin < scaled(4)


def test_body_that_is_never_finished_is_dropped_in_time(start_host: Start) -> None:
    host = start_host(DISCOVERY_REQUEST_TIMEOUT=1)
    head = f"POST /body HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nContent-Length: 1000\r\n\r\nhalf"
    with connections(host, 4, head.encode()) as socks:
        begin = time.monotonic()
        for sock in socks:
            assert b" 200 " not in sock.makefile("rb").readline()
        assert time.monotonic() - begin < scaled(5)
        assert answer_time(host) < scaled(2)


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 1000\r\n\r\nhalf",
        b"Content-Length: 1000000\r\n\r\nhalf",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n",
        b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["short", "long", "chunked", "expect"],
)
def test_clients_without_a_complete_body_do_not_delay_others(host: Server, rest: bytes) -> None:
    head = f"POST /body HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\n".encode()
    with connections(host, 40, head + rest):
        for _ in range(10):
            assert answer_time(host) < scaled(2)


@pytest.mark.parametrize("size", [0, 1, 60_000, 65_536, 65_537, 2_000_000])
def test_body_arrives_whole(host: Server, size: int) -> None:
    assert host.request("POST", "/body", data=b"x" * size).text == str(size)
    chunks = (b"x" * 10_000 for _ in range(size // 10_000))
    assert host.request("POST", "/body", data=chunks).status_code == 200


def test_chunks_that_never_end_delay_no_body_of_known_length(start_host: Start) -> None:
    host = start_host("--workers", "1", "--threads", "2")
    head = f"POST /body HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"
    with connections(host, 4, head.encode()):
        assert host.request("POST", "/body", data=b"x" * 900_000).text == "900000"


def test_body_that_comes_by_pieces_is_served(host: Server) -> None:
    with connections(host, 1) as [sock]:
        request = f"POST /body HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nContent-Length: 20\r\n\r\n"
        for byte in request.encode() + b"y" * 20:
            sock.sendall(bytes([byte]))
        assert sock.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_request_that_takes_long_by_its_path_takes_no_thread_from_others(start_host: Start, tmp_path: Path) -> None:
    host = start_host("--workers", "1", "--threads", "1", DISCOVERY_LONG_PATHS=["/held"])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    request = f"GET /held?pipe={pipe} HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nConnection: close\r\n\r\n"
    with connections(host, 1, request.encode()) as [sock]:
        with pipe.open("w") as gate:  # opened once a thread serves the request
            assert host.request("GET", "/").status_code == 200
            gate.write("after the other one")
        assert sock.makefile("rb").read().endswith(b"after the other one")


@contextlib.contextmanager
def held_writers(server: Server, file: Path, count: int, header: str = "") -> Iterator[list[socket.socket]]:
    """Send requests that write, and that wait for the lock of a file until the end."""
    request = f"POST /locked?file={file} HTTP/1.1\r\nHost: 127.0.0.1:{server.info['port']}\r\n{header}\r\n"
    with contextlib.ExitStack() as stack:
        with file.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            writers = stack.enter_context(connections(server, count, request.encode()))
            yield writers
        for sock in writers:
            assert sock.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_writers_that_wait_keep_one_thread_free_for_readers(start_host: Start, tmp_path: Path) -> None:
    host = start_host("--workers", "1", "--threads", "3")
    with held_writers(host, tmp_path / "lock", count=8):
        for _ in range(10):
            assert answer_time(host) < scaled(2)


def test_writer_that_waits_for_news_takes_no_thread_from_readers(start_host: Start, tmp_path: Path) -> None:
    host = start_host("--workers", "1", "--threads", "3")
    assert host.request("GET", "/news?newest=5").status_code == 200
    with held_writers(host, tmp_path / "lock", count=8, header="X-Wait: 5; 25\r\n"):
        assert host.request("GET", "/news?newest=6").status_code == 200  # no writer waits for it
        for _ in range(10):
            assert answer_time(host) < scaled(2)


def test_writer_behind_a_reader_on_one_connection_takes_no_thread_from_readers(
    start_host: Start, tmp_path: Path
) -> None:
    host = start_host("--workers", "1", "--threads", "3")
    lock = tmp_path / "lock"
    lock.touch()
    head = f"HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\n"
    both = f"GET / {head}\r\nPOST /locked?file={lock} {head}\r\nGET / {head}Connection: close\r\n\r\n".encode()
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with connections(host, 8, both) as writers:
            for sock in writers:
                assert sock.recv(1) == b"H"
            for _ in range(10):
                assert answer_time(host) < scaled(2)
            fcntl.flock(held, fcntl.LOCK_UN)
            for sock in writers:
                assert sock.makefile("rb").read().count(b"TTP/1.1 200 OK") == 3


def test_writer_that_waited_too_long_is_late(start_host: Start, tmp_path: Path) -> None:
    host = start_host("--workers", "1", "--threads", "4", DISCOVERY_WRITERS=1, DISCOVERY_REQUEST_TIMEOUT=3)
    with held_writers(host, tmp_path / "lock", count=1):
        begin = time.monotonic()
        assert host.request("POST", "/late").status_code == 503
        assert time.monotonic() - begin > 0.9
    assert poll(lambda: host.request("POST", "/late").status_code == 200, what="a thread for a writer")


def test_clients_that_do_not_read_keep_no_thread_from_others(start_host: Start) -> None:
    host = start_host("--workers", "1", "--threads", "2")
    request = f"GET /large HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\n\r\n".encode()
    with connections(host, 2, request) as socks:
        assert answer_time(host) < scaled(15)
        assert sum(len(sock.makefile("rb").read()) < 20_000_000 for sock in socks) >= 1


def test_client_that_reads_steadily_gets_all_although_others_wait(start_host: Start) -> None:
    host = start_host("--workers", "1", "--threads", "1")
    request = f"GET /large HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nConnection: close\r\n\r\n".encode()
    with connections(host, 1, request) as [sock], ThreadPoolExecutor(1) as pool:
        other = pool.submit(answer_time, host)
        received, file = 0, sock.makefile("rb", buffering=0)
        while part := file.read(200_000):
            received += len(part)
            if received < 10_000_000:
                time.sleep(0.05)  # 4 MB a second
        assert received > 20_000_000
        assert other.result() > 1


def test_long_request_whose_client_left_before_a_thread_was_free_is_dropped(start_host: Start, tmp_path: Path) -> None:
    host = start_host("--workers", "1", "--threads", "1", DISCOVERY_LONG_PATHS=["/held", "/body"])
    pipes = [tmp_path / name for name in ("served", "left")]
    for pipe in pipes:
        os.mkfifo(pipe)
    first, second = (
        f"GET /held?pipe={pipe} HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nConnection: close\r\n\r\n".encode()
        for pipe in pipes
    )
    with connections(host, 1, first) as [sock]:
        with pipes[0].open("w") as gate:
            with connections(host, 3, second):  # nobody ever opens the other end of this pipe
                assert host.request("GET", "/").status_code == 200
            gate.write("done")
        assert sock.makefile("rb").read().endswith(b"done")
    assert host.request("POST", "/body", data=b"next").text == "4"


def test_many_long_bodies_at_once_are_all_served(host: Server) -> None:
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: host.request("POST", "/body", data=b"x" * 200_000).text, range(48)))
    assert set(answers) == {"200000"}


def test_kept_connection_serves_many_requests(host: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", host.info["port"], timeout=DEADLINE)
    seen = set()
    for _ in range(20):
        connection.request("GET", "/")
        seen.add(connection.getresponse().read())
    assert len(seen) == 1
    connection.close()


def test_pipelined_requests_are_answered_in_order(host: Server) -> None:
    one = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\n"
    with connections(host, 1, f"{one}\r\n{one}Connection: close\r\n\r\n".encode()) as [sock]:
        answer = sock.makefile("rb").read()
    assert answer.count(b"HTTP/1.1 200 OK") == 2


def test_idle_clients_after_a_response_do_not_delay_others(host: Server) -> None:
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\nConnection: close\r\n\r\n"
    with connections(host, 20, request.encode()) as socks:
        for sock in socks:
            assert b"200" in sock.recv(100)
        for _ in range(10):
            assert answer_time(host) < scaled(1)


def test_idle_kept_connections_do_not_delay_the_stop(start_host: Start) -> None:
    host = start_host()
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{host.info['port']}\r\n\r\n"
    with connections(host, 5, request.encode()) as kept, connections(host, 5):
        for sock in kept:
            assert b"200" in sock.recv(100)
        begin = time.monotonic()
        assert host.end()[0] == 0
        assert time.monotonic() - begin < scaled(1.9)  # the stock worker lingers for two


@pytest.mark.parametrize("size", [8_190, 16_384, 60_000])
def test_cookies_of_other_programs_are_accepted(host: Server, size: int) -> None:
    assert host.request("GET", "/", headers={"Cookie": f"other={'a' * size}"}).status_code == 200


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["endless", "whole"])
@pytest.mark.parametrize("size", [70_000, 200_000])
def test_head_that_is_too_long_gets_a_page_with_advice(host: Server, size: int, end: bytes) -> None:
    with connections(host, 1, b"GET / HTTP/1.1\r\nCookie: a=" + b"a" * size + end) as [sock]:
        head, _, page = sock.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert f"Content-Length: {len(page)}".encode() in head
    assert b"Delete the cookies of 127.0.0.1" in page


def test_half_sent_requests_hold_bounded_memory(start_host: Start) -> None:
    host = start_host("--workers", "1")
    [worker] = host.workers(1)
    before = resident(worker)
    with connections(host, 1200, b"GET / HTTP/1.1\r\nCookie: a=" + b"a" * 60_000):  # 72 MB
        for _ in range(10):
            assert answer_time(host) < scaled(2)
        assert resident(worker) - before < 56 << 20


def test_more_connections_than_descriptors_leave_the_server_serving(start_host: Start) -> None:
    host = start_host("--workers", "1", preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)))
    with connections(host, 400):
        assert poll(lambda: answer_time(host) < 5)
