"""A node behind PgBouncer: sessions are enough, and pooled transactions are refused in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from pmsite.team_environment import LIMITS
from projects.postgres.checks import SHARED
from tests.postgres.databases import TEMPLATE, copied, url
from tests.postgres.pooler import PACKAGE, Pooler, program
from tests.postgres.sites import Node, Site
from tests.projects.postgres.test_nodes import assert_one_server

pytestmark = [pytest.mark.django_db, pytest.mark.skipif(program() is None, reason=PACKAGE)]


@pytest.fixture
def pooled(tmp_path: Path) -> Iterator[Callable[[str], Site]]:
    """Return a board behind a PgBouncer with the mode that it is given."""
    poolers = []

    def start(mode: str) -> Site:
        direct = url(copied(TEMPLATE))
        site = Site(tmp_path, direct)
        with connection.cursor() as cursor:
            name = urlsplit(direct).path[1:]
            for limit, value in {**LIMITS, "timezone": "UTC"}.items():
                cursor.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {name} SET {limit} = '{value}'")
        poolers.append(Pooler(direct, mode))
        return site.moved(tmp_path, poolers[-1].url)

    yield start
    for pooler in poolers:
        pooler.stop()


def test_nodes_are_one_server_in_session_mode(pooled: Callable[[str], Site]) -> None:
    site = pooled("session")
    also = site.moved(site.folder, f"{site.database}?pool=1")
    nodes = [Node(site, "one", workers=1), Node(also, "two", workers=1)]
    try:
        for node in nodes:
            node.start()
        assert_one_server(nodes)
    finally:
        for node in nodes:
            node.stop()
    for node in nodes:
        assert "Traceback" not in node.log.read_text()


@pytest.mark.parametrize("options", ["", "?pool=1"])
def test_transaction_mode_is_refused(pooled: Callable[[str], Site], options: str) -> None:
    site = pooled("transaction")
    command = ("serve", "--port", "0", "--behind-proxy", "127.0.0.1", "--name", "localhost")
    call = site.call(*command, PM_DATABASE_URL=site.database + options)
    assert (call.returncode, call.stdout) == (1, "")
    assert call.stderr.splitlines() == [f"error: can't use the database: {SHARED}"]
