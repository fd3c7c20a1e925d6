"""Several nodes of a team's server on one database, behind nginx, and the database's rows as a file for the audits."""

from __future__ import annotations

import http.client
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.postgres.sites import Node, Site, free_port
from tests.processes import DEADLINE, MANAGE, environment, poll
from tests.torture.data_writers import TIMEOUT, Busy, Wire
from tests.torture.ground import need

AGAIN = (429, 502, 503, 504)  # no answer of the board: ask again


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
            f"pid {self.folder}/nginx.pid; error_log {self.folder}/error.log crit; daemon off; worker_processes 1;\n"
            f"events {{ worker_connections 1024; }}\n"
            f"http {{ access_log off; {temporary}\nupstream nodes {{ {servers} }}\n"
            f"server {{ listen 127.0.0.1:{self.port}; client_max_body_size 0; location / {{\n"
            "proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Connection ''; "
            "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https; "
            "proxy_set_header X-Forwarded-For $remote_addr; proxy_connect_timeout 2s; }\n} }\n"
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
    nodes = [Node(site, f"node-{number}") for number in range(count)]
    balancer = Balancer(folder, nodes)
    try:
        for node in nodes:
            node.start()
        balancer.start()
        yield site, nodes, balancer
    finally:
        for each in (balancer, *nodes):
            if getattr(each, "process", None) is not None and each.process.poll() is None:
                if each is balancer:
                    each.process.terminate()  # the master of nginx ends its worker, which would outlive it
                else:
                    each.process.kill()
                each.process.wait()


def copied_rows(database: str, path: Path) -> Path:
    """Write the rows of a PostgreSQL database to a file as projects.sqlite would store them, for the audits."""
    import psycopg

    env = environment(PM_CONFIG_DIR=str(path.parent))
    subprocess.run([*MANAGE, "migrate", "--verbosity", "0"], env=env, stdin=subprocess.DEVNULL, check=True)
    (path.parent / "data.db").rename(path)
    with closing(sqlite3.connect(path)) as file, psycopg.connect(database) as source:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f'DROP TRIGGER "{name}"')
        tables = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'projects_%' AND sql NOT LIKE '%fts5%'"
        )
        for (table,) in file.execute(tables).fetchall():
            if table.startswith("projects_search"):
                continue  # each engine has a search of its own
            # Not those that SQLite generates.
            names = [row[1] for row in file.execute(f"PRAGMA table_info({table})")]
            columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
            rows = source.execute(f'SELECT {columns} FROM "{table}"')
            file.execute(f"DELETE FROM {table}")
            insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            file.executemany(insert, (list(map(_stored, row)) for row in rows))
        file.commit()
    return path


def _stored(value: Any) -> Any:
    """Return a value in the form in which SQLite stores it."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value) if hasattr(value, "isoformat") else value
