"""Scenario 4: the master is killed while a worker serves a slow request."""

from __future__ import annotations

import json
import select
import socket
from functools import partial

from discovery import lock, portfile
from tests.processes import DEADLINE, MANAGE, Server, gone, poll
from tests.torture.ground import ended, patched, projects_of, repository
from tests.torture.reporter import Result

# As on a system whose kernel does not end a worker with its master.
ORPHANING = patched("import discovery.worker\ndiscovery.worker._libc = None")


def killed_during_request(count: int) -> Result:
    """Kill the master while a body arrives, and start again at once: no second owner runs next to a worker.

    Every second time the kernel does not end the worker: it lives on, and may still acknowledge its request.
    """
    result = Result("SIGKILL of the master during a slow request", "a start after the last worker exits")
    with repository() as directory:
        promised: set[str] = set()
        for number in range(count):
            orphaning = number % 2 == 1
            with result.attempt("the worker lives on" if orphaning else "the worker dies too"):
                server = Server(directory, command=ORPHANING if orphaning else MANAGE).ready()
                workers, key = server.workers(), f"K{number}"
                with ended(server), SlowRequest(server, key) as request:
                    request.send_half()
                    server.process.kill()
                    server.process.wait()
                    successor = Server(directory)
                    with ended(successor):
                        if orphaning:
                            _stays_alone(server, successor, workers)
                        if request.send_rest():
                            promised.add(key)
                        poll(partial(_are_gone, workers), what="the workers' end")
                        with result.clock():
                            successor.ready()
                        stored = projects_of(successor)
                        result.lost += len(promised - stored)
                        assert promised <= stored, f"acknowledged, but missing: {promised - stored}"
                        assert stored - promised <= {key}, "a project that was never requested"
                        assert successor.end()[0] == 0
                    promised = stored
    return result


class SlowRequest:
    """A POST of a project whose body is too long for the event loop to buffer, so a worker's thread waits for it."""

    def __init__(self, server: Server, key: str) -> None:
        body = json.dumps({"key": key, "title": "t", "description": "x" * 100_000}).encode()
        head = (
            f"POST /api/v1/projects/ HTTP/1.1\r\nHost: 127.0.0.1:{server.info['port']}\r\nConnection: close\r\n"
            f"Authorization: Bearer {server.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.message = head.encode() + body
        self.socket = socket.create_connection(("127.0.0.1", server.info["port"]), DEADLINE)

    def __enter__(self) -> SlowRequest:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send_half(self) -> None:
        """Send the head and half of the body, and wait until a worker has read it."""
        self.socket.sendall(self.message[: len(self.message) // 2])
        poll(lambda: not _unsent(self.socket))

    def send_rest(self) -> bool:
        """Send the rest; return whether the write was acknowledged."""
        try:
            self.socket.sendall(self.message[len(self.message) // 2 :])
            answer = b""
            while piece := self.socket.recv(65536):
                answer += piece
        except OSError:
            return False
        assert not answer or answer.startswith(b"HTTP/1.1 201 "), answer[:200]
        return bool(answer)


def _are_gone(pids: list[int]) -> bool:
    return all(map(gone, pids))


def _unsent(connection: socket.socket) -> int:
    """Return how many bytes the other side has not acknowledged (SIOCOUTQ of tcp(7))."""
    import array
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(connection, termios.TIOCOUTQ, count)
    return int(count[0])


def _stays_alone(server: Server, successor: Server, workers: list[int]) -> None:
    """Assert that for a while a worker lives, and no other process serves or takes its lock."""
    out = successor.process.stdout
    assert out is not None
    assert not select.select([out], [], [], 1.5)[0], "a second server is ready, or has exited"
    assert not all(map(gone, workers)), "no worker outlived its master, so nothing was tested"
    assert lock.probe(portfile.lock_path(str(server.port_file))) == lock.HELD, "a worker lives, but its lock is free"
    assert json.loads(server.port_file.read_text()) == server.info, "a second owner has published"
