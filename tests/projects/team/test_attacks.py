"""Attacks on a team's server, each of a kind that a public report names for a comparable program.

The table in docs/security-tests.md is this list; none may succeed. A report is a CVE, a GHSA or an issue on a hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres.databases import ON_POSTGRES
from tests.processes import CHECKOUT
from tests.projects.team import (
    attacks_by_requests,
    attacks_by_token,
    attacks_on_projects,
    attacks_on_site,
    attacks_on_stored_data,
)
from tests.projects.team.attack_field import Field
from tests.projects.team.attack_list import ATTACKS, Attack

pytestmark = pytest.mark.django_db  # so that they run on both engines
MODULES = (
    attacks_by_token,
    attacks_on_site,
    attacks_on_stored_data,
    attacks_by_requests,
    attacks_on_projects,
)  # they fill the list


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    found = Field(tmp_path_factory.mktemp("attacks"))
    yield found
    found.server.stop()


# On PostgreSQL, those that reach the database: passwords, headers and redirects are the same there.
TRIED = [each for each in ATTACKS if not (ON_POSTGRES and each[2].__module__.endswith(("_on_site", "_by_requests")))]


@pytest.mark.parametrize(("what", "report", "function"), TRIED, ids=[each[2].__name__ for each in TRIED])
def test_attack_fails(field: Field, what: str, report: str, function: Attack) -> None:
    function(field)


def test_documented_table_is_this_list() -> None:
    rows = re.findall(
        r"^\| \d+ \| (.*) \| (.*) \| refused \|$", Path(CHECKOUT / "docs" / "security-tests.md").read_text(), re.M
    )
    assert rows == [(what, report) for what, report, _ in ATTACKS]
    assert len(rows) >= 110
