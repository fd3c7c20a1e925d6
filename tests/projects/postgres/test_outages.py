"""A server that is away, that only reads, or whose disk is full: one clear answer, and no restart afterwards."""

from __future__ import annotations

import http.client
import os
import pwd
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from rest_framework.test import APIClient

from pmsite.team_environment import database
from projects.entities.project import DEFAULT_POLICIES
from projects.models import IdempotentAnswer, Project, User
from projects.postgres.base import DatabaseWrapper
from projects.resource_errors import explain
from tests.file_systems import needs_root
from tests.postgres.cluster import ACCOUNT, Cluster, client
from tests.postgres.databases import TEMPLATE, url
from tests.postgres.relay import Relay
from tests.postgres.sites import Node, Site
from tests.processes import DEADLINE, poll, scaled
from tests.projects.conftest import signed_in

THREADS = 4
AWAY = "the database is temporarily unavailable; try again"
IN_DOUBT = "the database was lost during the commit; it may have been done anyway: check before you retry"
READ_ONLY = "the database is read-only, as a standby is; try again when its operator has changed that"
FULL = "the disk of the database is full; try again when its operator has freed some space"
REQUESTS = (
    ("GET", "/"),
    ("GET", "/ready"),
    ("GET", "/login/"),
    ("GET", "/admin/"),
    ("POST", "/login/"),
    ("GET", "/api/v1/projects/"),
    ("POST", "/api/v1/projects/"),
    ("POST", "/api/v1/device-codes/"),
    ("GET", "/api/v1/changes/?since=0"),
)


@pytest.fixture
def relay(transactional_db: None) -> Iterator[Relay]:
    """A relay to the database of the test."""
    found = Relay(url(str(connection.settings_dict["NAME"])))
    yield found
    found.close()


def through(relay: Relay, options: str = "") -> Any:  # Any: a wrapper whose inner connection tests use
    settings = connection.settings_dict | database({"PM_DATABASE_URL": relay.url + options})
    return DatabaseWrapper(settings, "relay")


def connects(wrapper: Any) -> bool:
    try:
        wrapper.ensure_connection()
    except OperationalError as error:
        return explain(error) != AWAY
    return True


def test_server_that_is_away_is_asked_once_for_all_requests(relay: Relay) -> None:
    wrapper = through(relay)
    wrapper.ensure_connection()
    relay.cut()
    wrapper.close()
    begin = time.monotonic()
    assert not any(connects(wrapper) for _ in range(200))
    took = time.monotonic() - begin
    assert relay.refused <= 2 + took / 0.2
    relay.mend()
    poll(lambda: connects(wrapper), 5, "a new connection")
    wrapper.close()


@pytest.mark.parametrize("size", [1, 4])
def test_pool_refuses_at_once_while_the_server_is_away(relay: Relay, size: int) -> None:
    """By itself it lets each request wait for 20 seconds, and a server that was away for long even longer."""
    wrappers = [through(relay, f"?pool={size}") for _ in range(size)]
    try:
        for wrapper in wrappers:
            wrapper.ensure_connection()
        for wrapper in wrappers:
            wrapper.close()
        relay.cut()
        for _ in range(3):
            begin = time.monotonic()
            assert not any(connects(wrapper) for wrapper in wrappers)
            assert time.monotonic() - begin < scaled(5)
        relay.mend()
        poll(lambda: all(connects(wrapper) for wrapper in wrappers), 5, "new connections")
    finally:
        for wrapper in wrappers:
            wrapper.close()
        wrappers[0].close_pool()


def test_pool_lets_requests_wait_for_each_other(relay: Relay) -> None:
    one, two, three = (through(relay, "?pool=1") for _ in range(3))
    one.ensure_connection()
    two.ensure_connection()  # as the thread that listens
    waiting = threading.Thread(target=three.ensure_connection)
    waiting.start()
    try:
        waiting.join(0.2)
        assert waiting.is_alive()
        one.close()
        waiting.join(DEADLINE)
        assert three.connection is not None
    finally:
        for wrapper in (one, two, three):
            wrapper.close()
        one.close_pool()


def ask(node: Node, method: str, path: str, **cookies: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {node.site.token}", "Host": "localhost", "X-Forwarded-Proto": "https"}
    headers |= {"X-PM-Actor": "scout", "Content-Type": "application/json", "Accept": "application/json"}
    headers["Cookie"] = "; ".join(f"__Host-pm_{name}={value}" for name, value in cookies.items())
    with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=DEADLINE)) as held:
        held.request(method, path, "{}" if method == "POST" else None, headers)
        response = held.getresponse()
        return response.status, response.read().decode()


@pytest.mark.parametrize("options", ["", "?pool=1"])
def test_node_answers_503_while_the_server_is_away_and_heals(relay: Relay, tmp_path: Path, options: str) -> None:
    site = Site(tmp_path, relay.url + options)
    node = Node(site, "one", workers=1)
    try:
        node.start()
        assert ask(node, "GET", "/api/v1/projects/")[0] == 200
        relay.cut()
        for _ in range(THREADS + 1):  # each thread has a connection that it doesn't know to be dead
            for method, path in REQUESTS:
                status, text = ask(node, method, path, session="s" * 32)  # which the database doesn't know
                # A form without its cookie is refused before the database is asked.
                assert status == 503 or (path == "/login/" and status in (200, 403)), (method, path, status, text)
        assert ask(node, "GET", "/health")[0] == 200
        relay.mend()
        poll(lambda: ask(node, "GET", "/ready")[0] == 200, 5, "the database")
        assert ask(node, "GET", "/api/v1/projects/")[0] == 200
    finally:
        node.stop()
    assert "Traceback" not in node.log.read_text()


@contextmanager
def connected_to(database_url: str) -> Iterator[None]:
    """Let the tests' connection lead to another server, or there in another way."""
    before = connection.settings_dict.copy()
    found = database({"PM_DATABASE_URL": database_url})
    connection.close()
    connection.settings_dict |= {name: found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def test_commit_whose_answer_is_lost_is_in_doubt(relay: Relay, api: APIClient) -> None:
    body, key = {"key": "PTWO", "title": "Two"}, {"HTTP_IDEMPOTENCY_KEY": "k" * 32}

    def lose_next_commit(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.startswith('INSERT INTO "projects_project"'):
            relay.last_words = b"COMMIT"
        return execute(sql, *arguments)

    with connected_to(relay.url):
        with connection.execute_wrapper(lose_next_commit):
            answer = api.post("/api/v1/projects/", body, **key)
        assert (answer.status_code, answer.json()["error"]["message"]) == (503, IN_DOUBT)
        relay.last_words = None
        relay.mend()
        poll(lambda: api.get("/api/v1/projects/").status_code == 200, 5, "the database")
        assert Project.objects.filter(key="PTWO").exists()
        assert api.post("/api/v1/projects/", body, **key).status_code == 201  # the stored answer
    assert Project.objects.count() == 1


@contextmanager
def read_only() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")


def test_read_only_database_is_read(
    transactional_db: None, api: APIClient, make_project: Callable[..., Project], browser: Client
) -> None:
    make_project()
    body = {"key": "PTWO", "title": "Two"}
    with read_only():
        listed = api.get("/api/v1/projects/")
        assert [row["key"] for row in listed.json()["results"]] == ["PONE"], listed.json()
        assert browser.get("/", follow=True).status_code == 200
        answer = api.post("/api/v1/projects/", body)
        assert (answer.status_code, answer.json()["error"]["message"]) == (503, READ_ONLY)
        page = browser.post("/admin/projects/project/add/", body | {"status": "active"} | DEFAULT_POLICIES)
        assert (page.status_code, READ_ONLY.encode() in page.content) == (503, True)
    assert api.post("/api/v1/projects/", body).status_code == 201


@pytest.fixture
def small_disk() -> Iterator[tuple[Path, str]]:
    """A file system of 48 MiB and the URL of a board that is stored on it.

    Its server is one of its own: the processes of a server write each other's pages, so a database whose disk is
    full is an error for those who work on another one.
    """
    account = pwd.getpwnam(ACCOUNT)
    folder = Path(tempfile.mkdtemp(prefix="pm-small-disk-"))
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size=48m,uid={account.pw_uid},gid={account.pw_gid},mode=700", "tmpfs"]
    subprocess.run([*mount, str(folder)], check=True)
    try:
        os.makedirs(folder / "space")
        os.chown(folder / "space", account.pw_uid, account.pw_gid)
        with Cluster() as cluster:
            cluster.query("postgres", f"CREATE TABLESPACE small LOCATION '{folder}/space'")
            cluster.query("postgres", "CREATE DATABASE small TEMPLATE template0 TABLESPACE small")
            dumped = client(cluster.programs, url(TEMPLATE), "pg_dump", "--no-owner")
            board = cluster.folder / "board.sql"
            board.write_text(dumped)
            client(cluster.programs, cluster.url("small"), "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", str(board))
            yield folder, cluster.url("small")
            (folder / "filled").unlink(missing_ok=True)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@needs_root
def test_full_disk_is_unavailable_and_read(
    small_disk: tuple[Path, str], api: APIClient, transactional_db: None
) -> None:
    folder, there = small_disk
    body = {"key": "PTWO", "title": "Two", "description": "d" * 90_000}
    with connected_to(there):
        assert api.get("/api/v1/projects/").status_code == 200  # a full disk refuses new connections
        person = signed_in(User.objects.owner())
        with suppress(OSError), (folder / "filled").open("wb") as file:
            while True:
                file.write(os.urandom(1 << 16))
        answers = [
            api.post("/api/v1/projects/", body | {"key": f"P{number:03}"}, HTTP_IDEMPOTENCY_KEY=f"key-{number}")
            for number in range(100)
        ]
        full = [answer for answer in answers if answer.status_code == 503]
        assert full
        assert full[0].json()["error"]["message"] == FULL
        form = body | {"key": "FORM", "status": "active"} | DEFAULT_POLICIES
        page = person.post("/admin/projects/project/add/", form, HTTP_ACCEPT="text/html")
        assert (page.status_code, FULL.removeprefix("the ").encode() in page.content) == (503, True)
        assert api.get("/api/v1/projects/").status_code == 200
        assert Project.objects.count() == IdempotentAnswer.objects.count() == len(answers) - len(full)
        (folder / "filled").unlink()
        assert api.post("/api/v1/projects/", body | {"key": "LAST"}).status_code == 201
