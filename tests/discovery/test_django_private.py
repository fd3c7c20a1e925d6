"""What we expect of Django's undocumented names: an upgrade that changes one fails here, and says which."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal
from django.urls import get_resolver

from discovery import django_private
from discovery.django_private import BaseReloader, MigrationExecutor
from tests.processes import CHECKOUT, environment

SOURCE = CHECKOUT / "discovery" / "django_private.py"
UNDOCUMENTED = (
    "django.core.servers.basehttp",
    "django.db.migrations.executor",
    "django.db.migrations.loader",
    "django.template.autoreload",
    "django.utils.autoreload",
)
STANDARD_LIBRARY = {"_adjust_thread_count", "_threads", "_run_exitfuncs", "_exit", "_getframe"}  # tested elsewhere


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize("path", sorted((CHECKOUT / "discovery").rglob("*.py")), ids=lambda path: path.name)
def test_private_names_of_django_are_used_in_one_module_only(path: Path) -> None:
    if path in (SOURCE, SOURCE.with_name("gunicorn_private.py")):
        return
    tree = ast.parse(path.read_text())
    ours = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    ours |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_self(node.value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.module not in UNDOCUMENTED, node.module
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            assert node.attr in ours | STANDARD_LIBRARY, node.attr


def _is_self(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def test_get_internal_wsgi_application_and_populate_load_all_urls() -> None:
    django_private.load_application()
    assert get_resolver()._populated


def test_called_from_command_line_is_false_by_default_and_true_by_run_from_argv() -> None:
    class Command(BaseCommand):
        requires_system_checks = ()
        seen: list[bool] = []

        def handle(self, *args: object, **options: object) -> None:
            self.seen.append(django_private.is_called_from_command_line(self))

    assert not django_private.is_called_from_command_line(Command())
    assert hasattr(BaseCommand, "_called_from_command_line")
    command = Command()
    command.run_from_argv(["manage.py", "name"])
    assert command.seen == [True]


def test_take_pools_empties_the_pools_of_the_class() -> None:
    class Pooled(BaseDatabaseWrapper):
        _connection_pools = {"default": "pool"}

        def close_pool(self) -> None:
            self.closed = True

    pooled = object.__new__(Pooled)
    assert django_private.take_pools(pooled) == {"default": "pool"}
    assert django_private.take_pools(pooled) == {}
    django_private.close_pool(pooled)
    assert pooled.closed


def test_backend_without_pools_has_none() -> None:
    assert django_private.take_pools(connection) == {}
    django_private.close_pool(connection)


@pytest.mark.parametrize("name", ["_connection_pools", "close_pool"])
def test_postgresql_backend_has_the_name_of_its_pools(name: str) -> None:
    # Its module needs a driver, which is not installed everywhere.
    spec = Path(inspect.getfile(BaseDatabaseWrapper)).parents[1] / "postgresql" / "base.py"
    (wrapper,) = (node for node in ast.parse(spec.read_text()).body if getattr(node, "name", "") == "DatabaseWrapper")
    assert name in {
        *(node.name for node in wrapper.body if isinstance(node, ast.FunctionDef)),
        *(target.id for node in wrapper.body if isinstance(node, ast.Assign) for target in node.targets),
    }


@pytest.mark.parametrize("name", ["autoreload_started", "file_changed"])
def test_autoreloader_has_the_signal(name: str) -> None:
    assert isinstance(getattr(django_private, name), Signal)


def test_base_reloader_collects_extra_files_and_globs(tmp_path: Path) -> None:
    reloader = BaseReloader()
    assert reloader.extra_files == set()
    reloader.watch_dir(tmp_path, "*.txt")
    assert dict(reloader.directory_globs) == {tmp_path: {"*.txt"}}


def test_autoreload_started_names_the_folders_of_templates_to_its_sender(tmp_path: Path) -> None:
    code = (
        "import django; from django.conf import settings; engine = 'django.template.backends.django.DjangoTemplates'\n"
        f"settings.configure(TEMPLATES=[dict(BACKEND=engine, DIRS=[{str(tmp_path)!r}])])\n"
        "django.setup()\n"
        "from discovery.django_private import BaseReloader, autoreload_started\n"
        "reloader = BaseReloader(); autoreload_started.send(sender=reloader)\n"
        "print(*reloader.directory_globs)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=environment(), capture_output=True, text=True, check=True
    )
    assert str(tmp_path) in done.stdout.split()


def test_template_change_is_handled_by_a_receiver_of_file_changed(tmp_path: Path) -> None:
    assert parameters(django_private.reset_loaders) == []
    (handler,) = (
        receiver for receiver in _receivers(django_private.file_changed) if receiver.__name__ == "template_changed"
    )
    assert parameters(handler) == ["sender", "file_path", "kwargs"]
    assert handler(sender=None, file_path=tmp_path / "page.html") is None


def _receivers(signal: Signal) -> list[object]:
    return signal._live_receivers(None)[0]


def test_iter_all_python_module_files_yields_paths_of_loaded_modules(tmp_path: Path) -> None:
    module = ModuleType("late_module")
    path = tmp_path / "late_module.py"
    path.touch()
    module.__file__ = str(path)
    module.__spec__ = None
    files = set(django_private.iter_all_python_module_files())
    assert Path(__file__).resolve() in files
    assert all(isinstance(file, os.PathLike) for file in files)


@pytest.mark.django_db
def test_executor_plans_the_migrations_to_the_leaves() -> None:
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


@pytest.mark.django_db
def test_loader_knows_disk_and_applied_migrations_by_app_and_name() -> None:
    loader = MigrationExecutor(connection).loader
    assert ("projects", "0001_initial") in loader.disk_migrations
    assert ("projects", "0001_initial") in loader.applied_migrations
    assert "projects" in loader.migrated_apps
    assert loader.disk_migrations["projects", "0001_initial"].replaces == []
