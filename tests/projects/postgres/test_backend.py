"""The backend for PostgreSQL: what it sends and receives, its lock, and lost connections."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from projects.lock_waits import short_waits
from projects.models import ApiToken, User
from projects.models.fts import TOKENIZER
from projects.models.prepared_queries import run
from projects.postgres import checks, triggers
from projects.postgres.statements import PREPARED_AT
from projects.resource_errors import explain
from projects.sqlite.triggers import definitions
from projects.team.authentication import TokenAuthentication
from tests.processes import poll

TEXTS = (
    "Naïve café, ÅNGSTRÖM and src/main.py",
    "snake_case kebab-case 1e5 3d v2.0 ½ ² №5",
    "Straße ΣΊΣΥΦΟΣ ﬁn Ǆ İstanbul",
    "日本語 テスト 한국어 हिन्दी עברית العربية",
    "x́y é é \U0001f600 a\U0001f600b tab\tline\nend",
)


def other() -> Any:
    """Return a second connection to the database of the test."""
    return connection.copy()


def test_raw_rows_look_as_on_sqlite(db: None) -> None:
    user = User.objects.person("ada")
    with connection.cursor() as cursor:
        cursor.execute('SELECT id, date_joined, CAST(\'{"b": 1, "a": 2}\' AS json) FROM projects_user')
        [(pk, joined, document)] = cursor.fetchall()
    assert (pk, document) == (user.pk.hex, '{"b": 1, "a": 2}')
    assert type(joined) is datetime
    assert joined.tzinfo is None


def test_writer_holds_the_lock_of_the_board(transactional_db: None) -> None:
    second = other()
    try:
        with transaction.atomic(), second.cursor() as cursor:
            User.objects.count()  # the lock is taken before the first statement
            cursor.execute("SELECT pg_try_advisory_lock(28781)")
            assert cursor.fetchone() == (False,)
            cursor.execute("SELECT count(*) FROM projects_user")  # a reader does not wait
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(28781)")
            assert cursor.fetchone() == (True,)
    finally:
        second.close()


def test_transaction_without_statements_waits_for_no_writer(transactional_db: None) -> None:
    second = other()
    connection.ensure_connection()
    connection.connection.execute("SET lock_timeout = 50")
    try:
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(28781)")
        with transaction.atomic():
            pass
    finally:
        second.close()
        connection.connection.execute("RESET lock_timeout")


def test_short_wait_limits_the_wait_for_the_board_alone(transactional_db: None) -> None:
    usual = run("SHOW lock_timeout", []).fetchone()
    with short_waits(), transaction.atomic():
        assert run("SHOW lock_timeout", []).fetchone() == usual


def test_writer_reads_what_the_writer_before_has_committed(transactional_db: None) -> None:
    """Although its first statement is sent together with the wait for the lock."""
    second = other()
    found: list[list[str]] = []

    def names() -> list[str]:
        return [name for (name,) in run("SELECT username FROM projects_user WHERE username LIKE %s", ["a%"]).fetchall()]

    def write() -> None:
        try:
            for _ in range(PREPARED_AT + 1):
                found.append(names())
            with transaction.atomic():
                found.append(names())
        finally:
            connection.close()

    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 28781 AND NOT granted"
    writer = threading.Thread(target=write)
    try:
        with second.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_advisory_xact_lock(28781)")
            writer.start()
            poll(lambda: (cursor.execute(waiting), cursor.fetchone())[1] == (1,), what="a writer that waits")
            cursor.execute(
                "INSERT INTO projects_user (id, username, password, is_superuser, first_name, last_name, email,"
                " is_staff, is_active, date_joined, is_agent, is_kind_confirmed, news_cursor)"
                " VALUES (gen_random_uuid(), 'ada', '', false, '', '', '', false, true, now(), false, false, 0)"
            )
            cursor.execute("COMMIT")
    finally:
        writer.join()
        second.close()
    assert found == [[]] * (PREPARED_AT + 1) + [["ada"]]


def test_lost_connection_is_a_shortage_and_heals(transactional_db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [(pid,)] = cursor.fetchall()
    second = other()
    try:
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    finally:
        second.close()
    with pytest.raises(OperationalError) as refused:
        User.objects.count()
    assert explain(refused.value) == "the database is temporarily unavailable; try again"
    connection.close_if_unusable_or_obsolete()  # as at the start of each request
    assert Client().get("/ready").status_code == 200


def test_long_wait_for_a_writer_is_a_shortage(transactional_db: None) -> None:
    second = other()
    try:
        second.ensure_connection()
        second.connection.execute("SET lock_timeout = 50")
        with transaction.atomic():
            User.objects.count()
            with second.cursor() as cursor, pytest.raises(OperationalError) as refused:
                cursor.execute("SELECT pg_advisory_xact_lock(28781)")
    finally:
        second.close()
    assert explain(refused.value) == "others have been writing for too long; try again"


def test_wait_for_a_writer_that_is_too_long_leaves_no_transaction(transactional_db: None) -> None:
    second = other()
    second.ensure_connection()
    connection.ensure_connection()
    connection.connection.execute("SET lock_timeout = 50")
    try:
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(28781)")
        with pytest.raises(OperationalError), transaction.atomic():
            User.objects.count()
        assert User.objects.count() == 0
    finally:
        second.close()
        connection.connection.execute("RESET lock_timeout")
    with transaction.atomic():
        User.objects.person("ada")


def test_reader_with_a_token_waits_for_no_writer(transactional_db: None, settings: Any) -> None:
    settings.PM_CALLS_PER_MINUTE = 60
    text, _ = ApiToken.objects.issue(User.objects.person("ada"), "laptop", ["read"])
    second = other()
    connection.connection.execute("CREATE TABLE team_ratelimit (key text PRIMARY KEY, ends_at bigint, used integer)")
    connection.connection.execute("SET lock_timeout = 50")
    try:
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(28781)")
        request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {text}"))
        assert TokenAuthentication().authenticate(request)  # counts the call, and notes the use of the token
        wrong = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION="Bearer pmt_wrong"))
        with pytest.raises(AuthenticationFailed):
            TokenAuthentication().authenticate(wrong)
    finally:
        second.close()
        connection.connection.execute("RESET lock_timeout; DROP TABLE team_ratelimit")
    assert ApiToken.objects.get().last_used_at


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_folded_and_split_as_on_sqlite(db: None, text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(f"CREATE VIRTUAL TABLE text USING fts5(body, tokenize = '{TOKENIZER}')")
        memory.execute("CREATE VIRTUAL TABLE words USING fts5vocab(text, 'instance')")
        memory.execute("INSERT INTO text VALUES (?)", [text])
        words = [word for (word,) in memory.execute("SELECT term FROM words ORDER BY offset")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pm_casefold(%s), pm_tokens(%s)", [text, text])
        assert cursor.fetchone() == (text.casefold(), words)


def test_other_triggers_are_reported_and_replaced(db: None) -> None:
    assert triggers.differences(connection) == []
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER item_link_status ON projects_workitem")
    assert triggers.differences(connection) == ["item_link_status"]
    triggers.synchronize(connection)
    assert triggers.differences(connection) == []


def test_triggers_are_those_of_sqlite(db: None) -> None:
    """Some have one trigger here for two there, which differ only in what fires them."""
    joined = {"change": ("insert", "delete"), "told": ()}
    names: set[str] = set()
    for name in triggers.names():
        stem, _, event = name.rpartition("_")
        names |= {f"{stem}_{one}" for one in joined.get(event, (event,))}
    assert names == set(definitions())


def test_database_that_icu_sorts_is_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_json(pg_database)->>'datlocprovider' FROM pg_database WHERE datname = current_database()"
        )
        [(provider,)] = cursor.fetchall()
    monkeypatch.setattr(checks, "ICU", provider)
    monkeypatch.setattr(checks, "_checked", set())
    with pytest.raises(OperationalError, match=r"collation of ICU .* createdb --template template0"):
        checks.check_database(connection)


def test_database_that_sorts_otherwise_is_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "COLLATIONS", ("C",))
    monkeypatch.setattr(checks, "_checked", set())
    with pytest.raises(OperationalError, match=r"collation C\.UTF-8 .* createdb --template template0"):
        checks.check_database(connection)
