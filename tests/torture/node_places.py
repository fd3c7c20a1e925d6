"""Several nodes of a team's server on one database, behind nginx."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.postgres.sites import Node, Site, free_port
from tests.processes import DEADLINE, poll
from tests.torture.data_writers import TIMEOUT, Busy, Wire
from tests.torture.ground import need

AGAIN = (429, 502, 503, 504)  # no answer of the board: ask again
# What a node says while the engine is away; the clients ask again.
AWAY = (
    "temporarily unavailable",
    "lost during the commit",
    "Service Unavailable",
    "others have been writing for too long",
)
NO_WORDS = ("Traceback", " ERROR ", '"level": "error"', "database is locked", "deadlock")


class Balancer:
    """nginx before the nodes, which takes each request to the next one. It speaks plain HTTP and says HTTPS."""

    def __init__(self, folder: Path, nodes: list[Node]) -> None:
        self.folder, self.port = folder / "nginx", free_port()
        self.folder.mkdir()
        self.program = need("nginx", "nginx-light") if shutil.which("nginx") else "/usr/sbin/nginx"
        servers = "".join(f"server 127.0.0.1:{node.port} max_fails=0;" for node in nodes)
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"{'user root; ' if os.geteuid() == 0 else ''}"  # another user can't write large bodies to our folder
            f"pid {self.folder}/nginx.pid; error_log {self.folder}/error.log crit; daemon off; worker_processes 1;\n"
            f"events {{ worker_connections 1024; }}\n"
            f"http {{ access_log off; {temporary}\nupstream nodes {{ {servers} }}\n"
            f"server {{ listen 127.0.0.1:{self.port}; client_max_body_size 0; location / {{\n"
            "proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Connection ''; "
            "proxy_set_header Host localhost; proxy_set_header X-Forwarded-Proto https; "
            "proxy_set_header X-Forwarded-For $remote_addr; proxy_connect_timeout 2s; proxy_read_timeout 120s; }\n} }\n"
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self.program, "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        poll(self._answers, what="nginx")

    def _answers(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/health", headers={"Host": "localhost"})
                return connection.getresponse().status == 200
            except OSError:
                return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE)


class NodeWire(Wire):
    """Sends requests to the balancer, again and again until the board answers."""

    def __init__(self, site: Site, port: int, actor: str) -> None:
        super().__init__(site.folder, actor)
        self.site, self.port = site, port

    def _try(self, method: str, path: str, content: str | None, key: str | None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.site.token}", "X-PM-Actor": self.actor, "Host": "localhost"}
        headers |= {"Connection": "close", "Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)) as connection:
            connection.request(method, f"/api/v1/{path}", content, headers)
            response = connection.getresponse()
            text = response.read().decode()
        if response.status in AGAIN:
            if response.headers["Retry-After"]:
                raise Busy(float(response.headers["Retry-After"]))
            raise ConnectionError(text)
        return response.status, text


@contextmanager
def site_of(folder: Path, database: str, count: int = 2) -> Iterator[tuple[Site, list[Node], Balancer]]:
    """Start a board with its nodes and a balancer; end them all at last."""
    site = Site(folder, database)
    with served(site, count) as (nodes, balancer):
        yield site, nodes, balancer


@contextmanager
def served(site: Site, count: int) -> Iterator[tuple[list[Node], Balancer]]:
    """Start nodes of a board and a balancer; end them all at last."""
    nodes = [Node(site, f"node-{number}") for number in range(count)]
    balancer = Balancer(site.folder, nodes)
    try:
        for node in nodes:
            node.start()
        balancer.start()
        yield nodes, balancer
    finally:
        for each in (balancer, *nodes):
            if getattr(each, "process", None) is not None and each.process.poll() is None:
                if each is balancer:
                    each.process.terminate()  # the master of nginx ends its worker, which would outlive it
                else:
                    each.process.kill()
                each.process.wait()


def logged(node: Node) -> list[str]:
    """Return lines that a node should not log."""
    lines = node.log.read_text().splitlines()
    wrong = [line for line in lines if any(word in line for word in NO_WORDS)]
    found = dict.fromkeys(message for line in wrong if not any(word in (message := _message(line)) for word in AWAY))
    return [f"{node.name} logged: {line}" for line in found][:3]


def _message(line: str) -> str:
    """Return the message of a line of a log, and the end of its exception."""
    try:
        record = json.loads(line)
        return f"{record['message']} {record.get('exception', '').strip()[-600:]}"
    except (ValueError, KeyError):
        return line[:300]
