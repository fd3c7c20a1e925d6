"""The migration that decides which users of earlier versions are agents."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db.migrations.executor import MigrationExecutor

from projects.models.user import id_of
from projects.sqlite.base import DatabaseWrapper
from tests.projects.sqlite.boards import connected, unpack

BEFORE, AFTER = ("projects", "0015_sync_skipped"), ("projects", "0016_kinds_of_users")
CLAIM = '[{{"field": "claimed_by_id", "old": null, "new": "{}"}}]'
USERS = {  # password, last login, superuser
    "signed-in": ("!", "2026-01-01 00:00:00", 0),
    "root": ("!", None, 1),
    "secret": ("pbkdf2_sha256$1$x$y", None, 0),
    "claimant": ("!", None, 0),
    "both": ("!", "2026-01-01 00:00:00", 0),
    "other": ("!", None, 0),
}


@pytest.mark.slow
def test_kinds_are_decided_once(tmp_path: Path, db: None) -> None:
    path = tmp_path / "data.db"
    unpack(path)
    with connected(path) as own:
        MigrationExecutor(own).migrate([BEFORE])
        fill(own)
        MigrationExecutor(own).migrate([AFTER])
        with own.cursor() as cursor:
            cursor.execute("SELECT username, is_agent, is_kind_confirmed FROM projects_user")
            found = {name: (bool(agent), bool(confirmed)) for name, agent, confirmed in cursor.fetchall()}
    assert {name: found[name] for name in (*USERS, "llm")} == {
        **dict.fromkeys(("signed-in", "root", "secret", "both"), (False, True)),
        **dict.fromkeys(("claimant", "llm"), (True, True)),
        "other": (False, False),
    }


def fill(own: DatabaseWrapper) -> None:
    with own.cursor() as cursor:
        cursor.execute("UPDATE projects_user SET is_agent = 0 WHERE username = 'llm'")
        for name, (password, login, is_superuser) in USERS.items():
            cursor.execute(
                "INSERT INTO projects_user (id, username, password, last_login, is_superuser, is_staff, is_active, "
                "is_agent, first_name, last_name, email, date_joined) "
                "VALUES (%s, %s, %s, %s, %s, 0, 1, 0, '', '', '', '2026-01-01 00:00:00')",
                [id_of(name).hex, name, password, login, is_superuser],
            )
        for name in ("claimant", "both"):
            cursor.execute(
                "UPDATE projects_activity SET changes = %s WHERE id = (SELECT max(id) - %s FROM projects_activity)",
                [CLAIM.format(id_of(name)), len(name)],
            )
