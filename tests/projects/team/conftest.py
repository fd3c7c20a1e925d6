from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from projects.models.rights import current
from projects.team import throttling
from projects.team.limits import Limiter


@pytest.fixture(autouse=True)
def everybody() -> Iterator[None]:
    """Forget the rights of a request that a test made without its end."""
    yield
    current.set(None)


@pytest.fixture
def table(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of limits, which only a team's server has, and a worker that has counted nothing."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE team_ratelimit (key varchar(64) PRIMARY KEY, ends_at bigint, used integer)")
    monkeypatch.setattr(throttling, "limiter", Limiter())
