"""The databases of a run of tests on PostgreSQL."""

from __future__ import annotations

import itertools
import os

TEMPLATE = "pm_template"  # a new board
ON_POSTGRES = "PM_TEST_DATABASE" in os.environ  # set by `python -m tests.postgres`, to the URL of TEMPLATE
_numbers = itertools.count(1)


def copied(template: str) -> str:
    """Create a database of this process as a copy of another one, which nobody uses now; return its name."""
    name = f"pm_{os.getpid()}_{next(_numbers)}"
    _run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return name


def drop(name: str) -> None:
    """Drop a database and end its sessions."""
    _run(f'DROP DATABASE "{name}" WITH (FORCE)')


def _run(statement: str) -> None:
    import psycopg  # which only those need who have PostgreSQL

    with psycopg.connect(url("postgres"), autocommit=True) as server:
        server.execute(statement.encode())


def url(name: str) -> str:
    """Return the URL of a database."""
    return os.environ["PM_TEST_DATABASE"].rpartition("/")[0] + f"/{name}"
