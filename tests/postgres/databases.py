"""The databases of a run of tests on PostgreSQL."""

from __future__ import annotations

import itertools
import os

from tests.postgres.cluster import client, programs

TEMPLATE = "pm_template"  # a new board
ON_POSTGRES = "PM_TEST_DATABASE" in os.environ  # set by `python -m tests.postgres`, to the URL of TEMPLATE
_numbers = itertools.count(1)


def copied(template: str) -> str:
    """Create a database of this process as a copy of another one, which nobody uses now; return its name."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"pm_{worker}_{next(_numbers)}"
    client(programs(), os.environ["PM_TEST_DATABASE"], "createdb", "--template", template, name)
    return name


def url(name: str) -> str:
    """Return the URL of a database."""
    return os.environ["PM_TEST_DATABASE"].rpartition("/")[0] + f"/{name}"
