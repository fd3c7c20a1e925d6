"""Refuse a database that would sort or store texts in another way than SQLite does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from django.db import OperationalError

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

COLLATIONS = ("C", "POSIX", "C.UTF-8", "C.utf8")  # texts are ordered by their code points
ICU = "i"  # a locale provider; PostgreSQL 14 has no choice for a database, and no column for it
OLDEST = 14
SHARED = (
    "its connections are pooled by transaction, as PgBouncer's pool_mode = transaction does; prepared statements and "
    "notifications of pm need pool_mode = session"
)
_checked: set[str] = set()  # databases


def check_database(connection: BaseDatabaseWrapper) -> None:
    """Raise OperationalError unless the database sorts by code points and stores UTF-8; asks once per process."""
    name = str(connection.settings_dict["NAME"])
    if name in _checked:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT datcollate, datctype, pg_encoding_to_char(encoding), "
            "current_setting('server_version_num')::integer, to_json(pg_database)->>'datlocprovider' "
            "FROM pg_database WHERE datname = current_database()"
        )
        [(collation, kind, encoding, version, provider)] = cursor.fetchall()
    if version < OLDEST * 10_000:
        raise OperationalError(f"PostgreSQL {version // 10_000} is too old; pm needs {OLDEST} or newer")
    if provider == ICU:  # the locale of libc, which datcollate names, then orders nothing
        collation = "of ICU"
    if encoding != "UTF8" or collation not in COLLATIONS or kind not in COLLATIONS:
        raise OperationalError(
            f"the database {name} has the encoding {encoding}, the collation {collation} and the character type "
            f"{kind}; pm needs UTF8 and C.UTF-8, or pages and exports would be in another order. Create it with: "
            f"createdb --template template0 --encoding UTF8 --locale C.UTF-8 {name}"
        )
    _checked.add(name)


def check_sessions(connection: BaseDatabaseWrapper) -> None:
    """Raise OperationalError if two open connections lead to one session of the server.

    A pooler of transactions gives the session that has just become idle to the next client, unless others are faster.
    """
    parameters = connection.get_connection_params() | {"autocommit": True}
    try:
        with psycopg.connect(**parameters) as one, psycopg.connect(**parameters) as other:
            sessions = {each.execute("SELECT pg_backend_pid()").fetchone() for each in (one, other)}
    except psycopg.Error as error:
        raise OperationalError(*error.args) from error
    if len(sessions) == 1:
        raise OperationalError(SHARED)
