from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F, Value

from projects.models import WorkItem
from projects.sqlite.expressions import (
    Glob,
    IsDecision,
    IsIdle,
    IsNoEpic,
    IsNotBlank,
    IsNotClosed,
    IsOpen,
    IsZero,
    MayBegin,
    MayWait,
)


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        (lambda: Glob(F("title"), Value("a*")), '"projects_workitem"."title" GLOB a*'),
        (lambda: IsOpen("status"), '"projects_workitem"."status" <> \'done\''),
        (lambda: IsNotClosed("status"), "\"projects_workitem\".\"status\" NOT IN ('done', 'cancelled')"),
        (lambda: MayBegin("status"), "\"projects_workitem\".\"status\" IN ('backlog', 'todo', 'in_progress')"),
        (lambda: MayWait("status"), "\"projects_workitem\".\"status\" IN ('in_progress', 'review', 'blocked')"),
        (lambda: IsDecision("item_type"), '"projects_workitem"."item_type" = \'decision\''),
        (lambda: IsNoEpic("item_type"), '"projects_workitem"."item_type" <> \'epic\''),
        (lambda: IsNotBlank("title"), '"projects_workitem"."title" <> \'\''),
        (lambda: IsIdle("idle_leases"), '"projects_workitem"."idle_leases" >= 3'),
        (lambda: IsZero("open_blockers"), '"projects_workitem"."open_blockers" = 0'),
    ],
)
def test_expression_that_migrations_use_never_changes(db: None, expression: Callable[[], Any], sql: str) -> None:
    # Released migrations use these in constraints and indexes; add a class instead of changing one.
    assert sql in str(WorkItem.objects.filter(expression()).query)
