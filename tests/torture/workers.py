"""Fires 5 to 7: killed workers under load, every signal, every way to stop."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import uuid

import requests

from tests.processes import Server, children, poll
from tests.torture.ground import ended, projects_of, repository
from tests.torture.reporter import Result

WRITERS = 4
BACK_WITHIN = 1.0  # seconds until the service answers after a kill


class Writers:
    """Threads that create projects, each with an idempotency key, and remember what was acknowledged."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acknowledged: set[str] = set()
        self.wrong: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            key, headers = f"W{writer}_{number}", {"Idempotency-Key": uuid.uuid4().hex}
            while not self._stop.is_set():
                try:
                    response = self.server.api(
                        "POST", "projects/", json={"key": key, "title": "t"}, headers=headers, timeout=20
                    )
                except (requests.RequestException, OSError):
                    continue  # a killed worker's connection: again, with the same key
                if response.status_code == 201:
                    self.acknowledged.add(key)
                else:
                    self.wrong.append(f"{response.status_code} {response.text[:200]}")
                break


def killed_workers(count: int) -> Result:
    """Kill workers while clients write: the file stays, the service is back, nothing acknowledged is lost."""
    result = Result("SIGKILL of a worker under load", "an answer after the kill")
    with repository() as directory:
        server = Server(directory).ready()
        with ended(server):
            before = server.port_file.stat()
            with Writers(server) as writers:
                for _ in range(count):
                    with result.attempt():
                        victims = poll(lambda: children(server.pid))
                        os.kill(random.choice(victims), signal.SIGKILL)
                        with result.clock():
                            poll(lambda: _answers(server), 10, "an answer")
                        assert os.path.samestat(server.port_file.stat(), before), "server.json was touched"
                        assert result.times[-1] < BACK_WITHIN, f"back after {result.times[-1]:.2f} s"
            result.failures += writers.wrong[:5]
            result.lost = len(writers.acknowledged - projects_of_all(server))
            if result.lost:
                result.failures.append(f"{result.lost} acknowledged writes are gone")
            assert server.end()[0] == 0
    return result


def projects_of_all(server: Server) -> set[str]:
    """Return all keys, page by page."""
    keys: set[str] = set()
    path: str | None = "projects/?limit=1000&fields=key"
    while path:
        answer = server.api("GET", path).json()
        keys |= {row["key"] for row in answer["results"]}
        path = answer["next"].partition("/api/v1/")[2] if answer["next"] else None
    return keys


def _answers(server: Server) -> bool:
    try:
        return server.request("GET", "/health", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def signalled(count: int) -> Result:
    """Send every signal that does not stop a server: the file stays right and requests are answered."""
    result = Result("HUP, USR1, USR2, WINCH, TTIN, TTOU; TERM to a worker", "an answer after the signal")
    signals = [
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGWINCH,
        signal.SIGTTIN,
        signal.SIGTTOU,
    ]
    with repository() as directory:
        server = Server(directory).ready()
        with ended(server):
            for number in range(count):
                with result.attempt():
                    server.send(signals[number % len(signals)])
                    os.kill(poll(lambda: children(server.pid))[0], signal.SIGTERM)
                    with result.clock():
                        poll(lambda: _answers(server), 10, "an answer")
                    assert json.loads(server.port_file.read_text()) == server.info
            projects_of(server)
            assert server.end()[0] == 0
    return result


def stopped(count: int) -> Result:
    """Stop by each signal, idle and under load: the file is gone, exit 0, within the grace time."""
    result = Result("TERM, INT, QUIT, double INT; idle and under load", "the exit")
    with repository() as directory:
        for number in range(count):
            with result.attempt():
                server = Server(directory).ready()
                with ended(server):
                    ways = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, None)
                    way = ways[number % len(ways)]
                    loaded = number % 8 >= 4
                    with result.clock():
                        if loaded:
                            with Writers(server) as writers:
                                poll(lambda: writers.acknowledged)
                                _stop(server, way)
                                writers._stop.set()
                        else:
                            _stop(server, way)
                    assert server.process.returncode == 0, f"exit {server.process.returncode}"
                    assert not server.port_file.exists(), "the file is still there"
                    assert result.times[-1] < 12, f"exit after {result.times[-1]:.1f} s"
    return result


def _stop(server: Server, way: signal.Signals | None) -> None:
    server.send(way or signal.SIGINT)
    if way is None:
        server.send(signal.SIGINT)
    server.process.wait(30)
