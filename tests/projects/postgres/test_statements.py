"""The statements that a connection to PostgreSQL keeps prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from psycopg.pq import TransactionStatus
from rest_framework.test import APIClient

from pmsite.team_environment import database
from projects.models import Project, User, WorkItem
from projects.models.prepared_queries import run, run_later
from projects.models.work_items.claims import claim_next
from projects.postgres import statements
from projects.postgres.base import BEGIN, DatabaseWrapper
from projects.postgres.statements import PREPARED_AT
from tests.postgres.databases import url

OFTEN = PREPARED_AT + 1
NAMES = "SELECT name FROM projects_board_test ORDER BY name"


def kept(text: str) -> list[tuple[int, int]]:
    """Return the numbers of general and special plans of prepared statements that contain a text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE strpos(statement, %s) > 0", [text]
        )
        return list(cursor.fetchall())


def test_statement_that_comes_again_is_prepared_and_answers_the_same(db: None) -> None:
    sql = "SELECT CAST(%s AS text) || '%%', NULL WHERE 'kept 1' <> ''"
    answers = [run(sql, ["é"]) for _ in range(OFTEN + 1)]
    assert [(answer.rowcount, answer.fetchall()) for answer in answers] == [(1, [("é%", None)])] * (OFTEN + 1)
    assert len(kept("kept 1")) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("CAST('0a0b0c0d-0000-4000-8000-00000000000f' AS uuid)", "0a0b0c0d00004000800000000000000f"),
        ("CAST('2026-01-31 12:00:00.000001+02' AS timestamptz)", datetime(2026, 1, 31, 10, 0, 0, 1)),
        ("CAST('9998-12-31 00:00:00+00' AS timestamptz)", datetime(9998, 12, 31)),
        ("CAST('1969-12-31 23:59:59.5+00' AS timestamptz)", datetime(1969, 12, 31, 23, 59, 59, 500_000)),
        ("CAST('2026-01-31' AS date)", date(2026, 1, 31)),
        ("""CAST('{"b":1,  "a": [1.50, "é"]}' AS json)""", '{"b":1,  "a": [1.50, "é"]}'),
        ("CAST('é' AS text)", "é"),
        ("CAST('f0' AS bytea)", b"f0"),
        ("CAST(-7 AS integer)", -7),
        ("CAST(9223372036854775807 AS bigint)", 2**63 - 1),
        ("CAST(0.1 AS double precision)", 0.1),
        ("CAST(12.50 AS numeric)", Decimal("12.50")),
        ("1 = 1", True),
    ],
)
def test_each_type_is_the_same_prepared_or_not(db: None, value: str, expected: object) -> None:
    answers = [run(f"SELECT {value}, CASE WHEN 1 = 0 THEN {value} END").fetchall() for _ in range(OFTEN + 1)]
    assert answers == [[(expected, None)]] * (OFTEN + 1)
    assert {type(answer[0][0]) for answer in answers} == {type(expected)}


def test_rollback_keeps_prepared_statements(transactional_db: None) -> None:
    for _ in range(OFTEN):
        run("SELECT 'kept 2'")
    with transaction.atomic():
        for _ in range(OFTEN):
            User.objects.filter(username="kept 3").exists()  # which psycopg prepares
        transaction.set_rollback(True)
    assert run("SELECT 'kept 2'").fetchone() == ("kept 2",)
    assert len(kept("kept 2")) == 1


def test_oldest_statements_are_forgotten(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MAX_PREPARED", 2)
    for number in (1, 2, 1, 3):
        for _ in range(OFTEN):
            assert run(f"SELECT 'old {number}'").fetchall() == [(f"old {number}",)]
    assert len(kept("old 1")) == len(kept("old 3")) == 1
    assert kept("old 2") == []


def test_error_of_a_prepared_statement_is_that_of_its_cause(transactional_db: None) -> None:
    for divisor in (1, 1, 1, 2):
        run("SELECT 1 / CAST(%s AS int)", [divisor])
    with pytest.raises(Exception, match="division by zero") as refused:
        run("SELECT 1 / CAST(%s AS int)", [0])
    assert isinstance(refused.value.__cause__, psycopg.errors.DivisionByZero)


def test_prepared_statement_on_a_lost_connection_is_a_shortage(transactional_db: None) -> None:
    for _ in range(OFTEN):
        [(pid,)] = run("SELECT pg_backend_pid()").fetchall()
    second: Any = connection.copy()
    try:
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    finally:
        second.close()
    with pytest.raises(OperationalError):
        run("SELECT pg_backend_pid()")
    connection.close_if_unusable_or_obsolete()  # as at the start of each request
    assert run("SELECT pg_backend_pid()").fetchone() != (pid,)


def test_search_for_the_next_item_is_planned_once(make_item: Callable[..., WorkItem], user: User) -> None:
    """Its constants are in the text, so the planner need not see the values of each call."""
    items = [make_item(f"Item {number}", status="todo") for number in range(12)]
    for _ in items:
        claim_next(items[0].project, actor=user)
    [(general, special)] = kept('ORDER BY "projects_workitem"."turn"')
    assert general >= 3, special


def add(name: str) -> None:
    """Add a row by a statement that waits, once it came often enough."""
    run_later("INSERT INTO projects_board_test (name) VALUES (%s)", [name])


def names() -> list[str]:
    return [name for (name,) in run(NAMES).fetchall()]


@pytest.fixture
def table(transactional_db: None) -> Iterator[None]:
    run("CREATE TABLE projects_board_test (name text CHECK (name <> 'wrong'))")
    try:
        with transaction.atomic():
            for number in range(OFTEN):
                add(f"{number}")
                names()
            transaction.set_rollback(True)
        yield
    finally:
        run("DROP TABLE projects_board_test")


def test_statement_that_waits_is_run_before_the_next_one(table: None) -> None:
    with transaction.atomic():
        assert waiting() == len(BEGIN)
        add("a")
        add("b")
        assert waiting() == len(BEGIN) + 2
        assert names() == ["a", "b"]
        add("c")
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM projects_board_test")
            assert cursor.fetchone() == (3,)
        add("d")
        with transaction.atomic():
            assert waiting() == 0
        add("e")
        assert User.objects.filter(username="nobody").exists() is False
        assert waiting() == 0


def test_rows_of_a_statement_that_waits_are_read_when_they_are_used(table: None) -> None:
    with transaction.atomic():
        names()
        add("a")
        first, second = run_later(NAMES, []), run_later(NAMES, [])
        add("b")
        assert waiting() == 4
        assert second.fetchone() == ("a",)
        assert waiting() == 0
        assert first.fetchall() == [("a",)]
        assert second.fetchone() is None


def test_rows_of_a_statement_that_waited_for_a_rollback_are_an_error(table: None) -> None:
    with transaction.atomic():
        names()
        later = run_later(NAMES, [])
        transaction.set_rollback(True)
    with pytest.raises(InterfaceError, match="was rolled back"):
        later.fetchall()


def test_error_of_a_statement_that_waits_is_raised_by_its_rows(table: None) -> None:
    @transaction.atomic
    def write() -> None:
        names()
        add("wrong")
        run_later(NAMES, []).fetchall()

    with pytest.raises(IntegrityError):
        write()


def test_statement_that_waits_is_committed_or_rolled_back(table: None) -> None:
    with transaction.atomic():
        add("kept")
    with transaction.atomic():
        add("dropped")
        transaction.set_rollback(True)
    assert names() == ["kept"]
    second: Any = connection.copy()
    try:
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(28781), name FROM projects_board_test")
            assert cursor.fetchall() == [(True, "kept")]
    finally:
        second.close()


@pytest.mark.parametrize("following", [names, lambda: None])
def test_error_of_a_statement_that_waits_is_raised_by_the_next(table: None, following: Callable[[], object]) -> None:
    @transaction.atomic
    def write() -> None:
        add("before")
        add("wrong")
        following()

    with pytest.raises(IntegrityError, match="projects_board_test_name_check"):
        write()
    assert names() == []


def test_lost_connection_of_a_statement_that_waits_is_a_shortage(table: None) -> None:
    second: Any = connection.copy()

    @transaction.atomic
    def write() -> None:
        add("lost")
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [connection.connection.info.backend_pid])

    with pytest.raises(OperationalError):
        write()
    second.close()
    assert names() == []


def test_rollback_to_a_savepoint_drops_what_waits(table: None) -> None:
    with transaction.atomic():
        names()
        with transaction.atomic():
            add("wrong")
            transaction.set_rollback(True)
        add("kept")
    assert names() == ["kept"]


def test_statement_that_waits_is_dropped_when_the_connection_returns_to_a_pool(table: None) -> None:
    place = url(str(connection.settings_dict["NAME"]))
    settings = connection.settings_dict | database({"PM_DATABASE_URL": f"{place}?pool=1"})
    pooled: Any = DatabaseWrapper(settings, "pooled")
    try:
        pooled.ensure_connection()
        for _ in range(OFTEN):
            pooled.run(NAMES, [])
        pooled.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        assert len(pooled.connection.pm_statements._waiting) == len(BEGIN)
        pooled.close()
        assert pooled.run(NAMES, []).fetchall() == []
        assert pooled.connection.info.transaction_status == TransactionStatus.IDLE
    finally:
        pooled.close()
        pooled.close_pool()


def test_statement_that_waits_is_committed_although_queries_are_logged_since(table: None) -> None:
    try:
        with transaction.atomic():
            add("logged")
            assert waiting() == len(BEGIN) + 1
            connection.force_debug_cursor = True
        assert waiting() == 0
    finally:
        connection.force_debug_cursor = False
    assert names() == ["logged"]


def test_long_statements_that_wait_do_not_block(table: None) -> None:
    """More than the buffers of a socket hold, in both directions."""
    text = "x" * 4_000_000
    with transaction.atomic():
        for number in range(4):
            add(f"{number}{text}")
        assert [len(name) for name in names()] == [len(text) + 1] * 4


def waiting() -> int:
    """Return how many statements wait."""
    return len(connection.connection.pm_statements._waiting)


def test_create_takes_few_round_trips(transactional_db: None, api: APIClient, project: Project, tmp_path: Path) -> None:
    def create(number: int) -> None:
        body = {"project": project.key, "item_type": "task", "title": f"Number {number}"}
        answer = api.post("/api/v1/work-items/", body, format="json", headers={"Idempotency-Key": f"key {number}"})
        assert answer.status_code == 201, answer.content

    for number in range(OFTEN + 1):
        create(number)
    with (tmp_path / "trace").open("w") as file:
        connection.connection.pgconn.trace(file.fileno())
        create(OFTEN + 1)
        connection.connection.pgconn.untrace()
    trips = [line for line in (tmp_path / "trace").read_text().splitlines() if line.endswith(("Sync", "Query"))]
    # The lock with the caller, the answer to the key, the project, the number and position, the item with its activity
    # and what is shown of it, and the answer with the commit.
    assert len(trips) == 6
