"""Create users that a file refers to and the board lacks, without a password or permissions."""

from __future__ import annotations

import uuid

from django.contrib.auth.hashers import make_password
from django.db import connection

from projects.engine import dialect
from projects.models import User
from projects.models.user import AGENT_ID, AGENT_NAME
from projects.transfer.merge_plan import WRITTEN
from projects.transfer.staging import USERS
from projects.transfer.tables import TABLES


def create_missing() -> int:
    """Create missing users that rows refer to, with the file's usernames where given; return the number created."""
    named = " UNION ".join(
        f'SELECT "{column.sql}" AS id FROM {table.staged} WHERE act IN {WRITTEN}'  # noqa: S608
        for table in TABLES
        for column in table.columns
        if column.kind == "user"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT named.id, max(u.username), {dialect.ANY_TRUE}(u.is_agent) FROM ({named}) named
            LEFT JOIN {USERS} u ON u.id = named.id
            WHERE named.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM projects_user here WHERE here.id = named.id)
            GROUP BY named.id ORDER BY named.id
            """  # noqa: S608
        )
        missing = cursor.fetchall()
    for digits, username, is_agent in missing:
        pk = uuid.UUID(digits)
        User(
            pk=pk,
            username=_free_name(pk, username),
            is_agent=bool(is_agent) or pk == AGENT_ID,
            password=make_password(None),
        ).save(force_insert=True)
    return len(missing)


def _free_name(pk: uuid.UUID, wanted: str | None) -> str:
    """Return the wanted username, or a stand-in if it is taken."""
    if pk == AGENT_ID:
        return AGENT_NAME
    if not wanted or wanted == f"user-{pk}":  # the stand-in of earlier versions
        return User.objects.stand_in(pk)
    # `llm` is reserved for AGENT_ID, which may be created later.
    if wanted == AGENT_NAME or User.objects.filter(username=wanted).exists():
        return User.objects.stand_in(pk, wanted)
    return wanted
