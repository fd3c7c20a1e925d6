"""What a start does to the databases of a site."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Server, poll

Start = Callable[..., Server]

CREATE = "operations = [migrations.CreateModel('Thing', [('id', models.AutoField(primary_key=True))])]"
VACUUM = "atomic = False\n    operations = [migrations.RunSQL('VACUUM')]"
DURABLE = "atomic = False\n    operations = [migrations.RunPython(durable)]"
OWN_CONNECTION = "operations = [migrations.RunPython(own_connection)]"
ENDLESS = """operations = [migrations.RunSQL([
        "INSERT INTO things_thing DEFAULT VALUES",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    ])]"""
HEAD = """import sqlite3
from django.db import migrations, models, transaction


def durable(apps, editor):
    with transaction.atomic(durable=True):
        pass


def own_connection(apps, editor):
    own = sqlite3.connect(editor.connection.settings_dict["NAME"])
    own.execute("SELECT * FROM things_thing")
    own.close()


class Migration(migrations.Migration):
    dependencies = {dependencies}
    {body}
"""
RECEIVER = """from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_migrate


def durable(**kwargs):
    with transaction.atomic(durable=True):
        pass


class Things(AppConfig):
    name = "things"

    def ready(self):
        post_migrate.connect(durable)
"""


class Site:
    """A site with the app `things`, whose migrations the test writes."""

    def __init__(self, start_host: Start, directory: Path) -> None:
        self.start_host, self.directory = start_host, directory
        self.database = directory / "db.sqlite3"
        (directory / "things" / "migrations").mkdir(parents=True)
        for package in ("things", "things/migrations"):
            (directory / package / "__init__.py").touch()

    def write(self, *bodies: str) -> None:
        """Replace the migrations of `things`."""
        for path in (self.directory / "things" / "migrations").glob("0*.py"):
            path.unlink()
        for number, body in enumerate(bodies, 1):
            dependencies = [("things", f"{number - 1:04}")] if number > 1 else []
            text = HEAD.format(dependencies=dependencies, body=body)
            (self.directory / "things" / "migrations" / f"{number:04}.py").write_text(text)

    def start(self, *arguments: str, ready: bool = True, **settings: Any) -> Server:
        settings = {
            "INSTALLED_APPS": ["discovery", "things"],
            "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(self.database)}},
            **settings,
        }
        # Without cached bytecode: a test replaces a migration within the second of the cache's time stamp.
        env = {"PYTHONPATH": str(self.directory), "PYTHONDONTWRITEBYTECODE": "1"}
        return self.start_host(*arguments, ready=ready, env=env, **settings)

    def tables(self, database: Path | None = None) -> set[str]:
        with sqlite3.connect(database or self.database) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        connection.close()
        return {name for (name,) in rows}


@pytest.fixture
def site(start_host: Start, tmp_path: Path) -> Site:
    return Site(start_host, tmp_path)


@pytest.mark.parametrize("body", [VACUUM, DURABLE, OWN_CONNECTION])
def test_migration_that_needs_its_own_transaction_is_applied(site: Site, body: str) -> None:
    site.write(CREATE, body)
    assert site.start(DISCOVERY_MIGRATE=True).end() == (0, "")
    assert "things_thing" in site.tables()


def test_receiver_of_post_migrate_may_need_its_own_transaction(site: Site) -> None:
    site.write(CREATE)
    (site.directory / "things" / "apps.py").write_text(RECEIVER)
    assert site.start(DISCOVERY_MIGRATE=True).end() == (0, "")
    assert "things_thing" in site.tables()


def test_kill_between_schema_migrations_leaves_the_database_as_it_was(site: Site) -> None:
    site.write(CREATE, ENDLESS)
    host = site.start(ready=False, DISCOVERY_MIGRATE=True)
    journal = site.directory / "db.sqlite3-journal"
    poll(lambda: journal.exists() and time.time() - journal.stat().st_mtime > 1, what="the second migration")
    host.process.kill()
    host.end()
    assert site.tables() == set()
    site.write(CREATE)
    assert site.start(DISCOVERY_MIGRATE=True).end() == (0, "")


def test_failing_migration_is_one_line(site: Site) -> None:
    site.write("operations = [migrations.RunSQL('nonsense')]")
    code, err = site.start(ready=False, DISCOVERY_MIGRATE=True).end()
    assert code == 1
    assert err == f'error: the database {site.database} can\'t be migrated: near "nonsense": syntax error\n'


@pytest.mark.parametrize("arguments", [[], ["--no-migrate"]])
def test_database_of_another_branch_is_served_with_a_warning(site: Site, arguments: list[str]) -> None:
    site.write(CREATE, VACUUM)
    site.start(DISCOVERY_MIGRATE=True).end()
    site.write(CREATE)
    code, err = site.start(*arguments, DISCOVERY_MIGRATE=True).end()
    assert code == 0
    assert "has migrations that this code lacks (things.0002)" in err


def test_strict_site_refuses_a_database_of_a_newer_version(site: Site) -> None:
    site.write(CREATE, VACUUM)
    site.start(DISCOVERY_MIGRATE=True).end()
    site.write(CREATE)
    code, err = site.start("--no-migrate", ready=False, DISCOVERY_MIGRATE=True, DISCOVERY_STRICT_MIGRATIONS=True).end()
    assert code == 1
    assert "was written by a newer version (things.0002)" in err


def test_strict_site_accepts_the_rows_of_squashed_migrations(site: Site) -> None:
    site.write(CREATE)
    settings = {"DISCOVERY_MIGRATE": True, "DISCOVERY_STRICT_MIGRATIONS": True}
    site.start(**settings).end()
    with sqlite3.connect(site.database) as connection:
        connection.execute("INSERT INTO django_migrations VALUES (0, 'things', '0000_squashed', '2026-01-01')")
    connection.close()
    assert site.start(**settings).end() == (0, "")


def test_unapplied_migrations_are_one_warning(site: Site) -> None:
    site.write(CREATE, VACUUM)
    assert site.start().end() == (0, f"{site.database} has 2 unapplied migrations (things); apply with: migrate\n")


def test_unreachable_database_warns_and_does_not_stop_the_server(site: Site) -> None:
    site.database = site.directory / "missing" / "db.sqlite3"
    site.write(CREATE)
    code, err = site.start().end()
    assert code == 0
    assert err == f"the migrations of {site.database} can't be checked: unable to open database file\n"


@pytest.mark.parametrize(
    ("migrate", "migrated"), [(True, {"default"}), (["default", "users"], {"default", "users"}), (["users"], {"users"})]
)
def test_listed_databases_are_migrated(site: Site, migrate: Any, migrated: set[str]) -> None:
    site.write(CREATE)
    paths = {alias: site.directory / f"{alias}.sqlite3" for alias in ("default", "users", "other")}
    databases = {alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)} for alias, path in paths.items()}
    code, err = site.start(DATABASES=databases, DISCOVERY_MIGRATE=migrate).end()
    assert code == 0
    assert {alias for alias, path in paths.items() if path.exists()} == migrated
    assert all("things_thing" in site.tables(paths[alias]) for alias in migrated)
    assert ("discovery.W001" in err) == (migrate is True)


@pytest.mark.parametrize("databases", [{}, {"default": {}}])
def test_site_without_a_database_has_nothing_to_migrate(site: Site, databases: dict[str, Any]) -> None:
    assert site.start(DATABASES=databases, DISCOVERY_MIGRATE=True).end() == (0, "")
