"""Create the tables of a new board at once, from the state that all migrations lead to.

No board was on PostgreSQL before migration 0045, so the earlier ones, whose SQL is SQLite's, never run here. Later ones
run on boards that exist: a migration with SQL of its own must have a text for each engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.migrations.recorder import MigrationRecorder

from discovery.django_private import MigrationExecutor

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

APP = "projects"
TABLES = Path(__file__).with_name("tables.sql")


@contextmanager
def migration(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Run a migration in one transaction. Others wait for it, as long as it takes, and find nothing left to do."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            # PostgreSQL changes no table while a deferred check of it waits.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        yield


def create(connection: BaseDatabaseWrapper) -> None:
    """Create the tables in a database that has none of ours; call it in a transaction."""
    executor = MigrationExecutor(connection)
    if any(app == APP for app, _ in executor.loader.applied_migrations):
        return
    graph = executor.loader.graph
    [leaf] = graph.leaf_nodes(APP)
    plan = graph.forwards_plan(leaf)
    others = [key for key in plan if key[0] != APP]
    executor.migrate(others)
    state = executor.loader.project_state(leaf)
    with connection.schema_editor(atomic=False) as editor:
        for model in state.apps.get_app_config(APP).get_models():
            if model._meta.managed and not model._meta.proxy:
                editor.create_model(model)
    with connection.cursor() as cursor:
        cursor.execute(TABLES.read_text(encoding="utf-8"))
    recorder = MigrationRecorder(connection)
    for app, name in plan:
        if app == APP:
            recorder.record_applied(app, name)
