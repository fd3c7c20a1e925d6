from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from projects.models import Project, Sprint, User, WorkItem

Make = Callable[..., WorkItem]


@pytest.fixture
def sprint(project: Project, user: User) -> Sprint:
    """A planned sprint of PONE."""
    dates = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 15)}
    return Sprint.objects.create(actor=user, project=project, name="S", **dates)


@pytest.fixture
def other(make_project: Callable[..., Project], make_item: Make) -> WorkItem:
    """An epic in another project."""
    return make_item("Other", project=make_project("OTHER"), item_type="epic")
