"""What an attacker of a team's server finds: people, tokens, a board; see `test_attacks`."""

from __future__ import annotations

import base64
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from projects.team.limits import Limit, digest_of, end_of
from tests.postgres.databases import ON_POSTGRES, TEMPLATE, copied, url
from tests.projects.team.browsers import NAME, Answer, Browser
from tests.projects.team.places import PASSWORD, TeamServer

WRONG_PASSWORD = "Summer2026!"
_SET_UP = f"""
import json, sys
from datetime import timedelta
from projects.models import ApiToken, Membership, Project, User, WorkItem
ada = User.objects.named("ada")
people = {{name: User.objects.actor(name, is_agent=False) for name in ("bob", "eve", "gone", "zoe", "carl")}}
for user in people.values():
    user.set_password("{PASSWORD}")
    user.save()
people["carl"].is_superuser = people["carl"].is_staff = True
people["carl"].save()
bot = User.objects.actor("ci-bot")
own = Project(key="OWN", title="Own")
own.insert(actor=ada)
Membership.objects.give(people["zoe"], own, "maintainer", actor=ada)
project = Project(key="SITE", title="Site")
project.insert(actor=ada)
item = WorkItem(project=project, title="Secret plan", item_type="task")
item.insert(actor=ada)
for user, role in ((people["bob"], "member"), (people["gone"], "member"), (bot, "member"), (people["eve"], "viewer")):
    Membership.objects.give(user, project, role, actor=ada)
def issue(user, *scopes):
    return ApiToken.objects.issue(user, "test", scopes)[0]
bob = people["bob"]
texts = {{
    "read": issue(bob, "read"), "claim": issue(bob, "claim"), "write": issue(bob, "read", "write"),
    "all": issue(bob, "read", "write", "claim", "act-as"), "bot": issue(bot, "read", "write", "claim"),
    "gone": issue(people["gone"], "read", "write"), "admin": issue(people["carl"], "read", "admin"),
    "ada": issue(ada, "read"), "eve": issue(people["eve"], "read", "write"),
    "viewer": issue(people["eve"], "read", "write"), "carl": issue(people["carl"], "read", "write"),
    "stranger": issue(people["zoe"], "read", "write", "claim"),
}}
ids = {{name: str(user.pk) for name, user in people.items()}} | {{"ada": str(ada.pk)}}
sys.stdout.write(json.dumps({{"tokens": texts, "ids": ids, "item": str(item.pk)}}))
"""


class Field:
    """The server, and what the attacker has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cookies: dict[str, dict[str, str]] = {}
        self.database = url(copied(TEMPLATE)) if ON_POSTGRES else ""
        self.server = TeamServer(folder / "board", NAME, database=self.database)
        found = json.loads(self.server.manage("shell", "--no-imports", "--command", _SET_UP).splitlines()[-1])
        self.tokens: dict[str, str] = found["tokens"]
        self.ids: dict[str, str] = found["ids"]
        self.item: str = found["item"]

    def browser(self, name: str = "", address: str = "") -> Browser:
        """Return a browser, signed in if a name is given."""
        found = Browser(self.server, address)
        if name:
            found.cookies = dict(self._cookies.get(name, {}))  # a password takes a third of a second
            if found.who() != name:
                found.cookies = {}
                found.sign_in(name)
                self._cookies[name] = dict(found.cookies)
                assert found.who() == name
        return found

    def spend(self, limit: Limit, subject: str, count: int) -> None:
        """Count failures, as if they had happened: each would take a third of a second."""
        ends = end_of(limit, time.time() + limit.seconds)  # it must not end meanwhile
        self.change(
            "INSERT INTO team_ratelimit (key, ends_at, used) VALUES (?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET ends_at = excluded.ends_at, used = excluded.used",
            *(digest_of(limit, subject), ends, count),
        )

    def call(self, method: str, path: str, token: str = "", data: object = None, **headers: str) -> Answer:
        """Call the API with one of the tokens, or with the text of another."""
        text = self.tokens.get(token, token)
        if text:
            headers.setdefault("Authorization", f"Bearer {text}")
        content = {"Content_Type": "application/json"} if data is not None else {}
        return Browser(self.server).send(
            method, f"/api/v1/{path}", data, **{"Accept": "application/json", **content, **headers}
        )

    def code(self, *scopes: str) -> dict[str, str]:
        """Ask for a device code."""
        body = {"name": "laptop", "scopes": list(scopes or ("read",))}
        return dict(self.call("POST", "device-codes/", data=body).json())

    def redeem(self, code: dict[str, str]) -> Answer:
        """Ask for the token of a device code."""
        return self.call("POST", "device-codes/token/", data={"device_code": code["device_code"]})

    def change(self, statement: str, *values: object) -> None:
        """Change the database beside the server; starting Django for it would take a second."""
        with closing(self._connect()) as connection, connection:
            assert connection.execute(self._statement(statement), values).rowcount

    @contextmanager
    def held_lock(self) -> Iterator[None]:
        """Hold the lock of the board's writers, as a long write does."""
        lock = "SELECT pg_advisory_xact_lock(28781)" if self.database else "BEGIN IMMEDIATE"
        with closing(self._connect()) as connection:
            connection.execute(lock)
            yield
            connection.rollback()

    @contextmanager
    def without_role(self, name: str) -> Iterator[None]:
        """Take away a user's role in SITE, for a time: other attacks may come later. It is one in OWN meanwhile."""
        move = (
            "UPDATE projects_membership SET project_id = (SELECT id FROM projects_project WHERE key = ?)"
            " WHERE user_id = (SELECT id FROM projects_user WHERE username = ?)"
        )
        self.change(move, "OWN", name)
        try:
            yield
        finally:
            self.change(move, "SITE", name)

    def value(self, statement: str, *values: object) -> Any:  # Any: of any column
        """Return the only value that a query finds."""
        with closing(self._connect()) as connection:
            [(found,)] = connection.execute(self._statement(statement), values).fetchall()
        return found

    def _connect(self) -> Any:  # Any: a connection to either engine
        if self.database:
            import psycopg  # which only those need who have PostgreSQL

            return psycopg.connect(self.database)
        return sqlite3.connect(self.folder / "board" / "data.db", timeout=20)

    def _statement(self, statement: str) -> str:
        return statement.replace("?", "%s") if self.database else statement

    def set_user(self, name: str, column: str, value: object) -> None:
        """Change a column of a user."""
        self.change(f"UPDATE projects_user SET {column} = ? WHERE username = ?", value, name)


def basic(name: str, password: str) -> str:
    """Return the header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def refused(answer: Answer, *statuses: int) -> None:
    """Check that the server refused a request."""
    assert answer.status_code in (statuses or (401, 403)), f"{answer.status_code} {answer.text[:300]}"
