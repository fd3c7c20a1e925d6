from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from projects.models import Project, Sprint, User
from tests.projects.web.sprints import TODAY, Make


@pytest.fixture
def make_sprint(project: Project, user: User) -> Make:
    """Create sprints of PONE with `make_sprint(name, **values)`, of two weeks from today."""

    def make(name: str = "One", **values: Any) -> Sprint:
        dates = {"start_date": TODAY, "end_date": TODAY + timedelta(days=13)}
        return Sprint.objects.create(actor=user, **{"project": project, "name": name} | dates | values)

    return make
