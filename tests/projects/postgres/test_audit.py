"""The audit of the torture tests detects each fault of PostgreSQL's search index."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.utils import timezone

from projects.models import WorkItem
from tests.torture import postgres_audit

pytestmark = pytest.mark.django_db
FAULTS = (
    "UPDATE projects_searchentry SET words = ''::tsvector",
    "DELETE FROM projects_searchentry",
    "DELETE FROM projects_searchshown",
    "UPDATE projects_searchshown SET project_id = gen_random_uuid()",
)


def test_audit_finds_every_fault_of_the_search_index(make_item: Callable[..., WorkItem]) -> None:
    make_item("One")
    WorkItem.objects.filter(pk=make_item("Two", external_ref="GH-2").pk).update(deleted_at=timezone.now())
    with connection.cursor() as cursor:
        assert postgres_audit.search_faults(cursor) == []
        for statement in FAULTS:
            with transaction.atomic():
                cursor.execute(statement)
                assert postgres_audit.search_faults(cursor), statement
                transaction.set_rollback(True)
