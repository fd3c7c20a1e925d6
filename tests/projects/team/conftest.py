from __future__ import annotations

import pytest
from django.db import connection

from projects.team import throttling
from projects.team.limits import Limiter


@pytest.fixture
def table(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of limits, which only a team's server has, and a worker that has counted nothing."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE team_ratelimit (key varchar(64) PRIMARY KEY, ends_at bigint, used integer)")
    monkeypatch.setattr(throttling, "limiter", Limiter())
