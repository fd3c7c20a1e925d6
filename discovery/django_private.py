"""Every name of Django that this package uses and that Django's documentation does not promise.

Import these names through this module only. `tests/discovery/test_django_private.py` has a test for each, which fails
first when an upgrade of Django changes one.
"""

from __future__ import annotations

from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import BaseCommand
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.template.autoreload import reset_loaders
from django.utils.autoreload import BaseReloader, autoreload_started, file_changed, iter_all_python_module_files

__all__ = [
    "BaseReloader",
    "MigrationExecutor",
    "autoreload_started",
    "file_changed",
    "iter_all_python_module_files",
    "reset_loaders",
]


def load_application() -> WSGIHandler:
    """Return the application of the setting WSGI_APPLICATION with all of its URLconf imported."""
    from django.core.servers.basehttp import get_internal_wsgi_application
    from django.urls import get_resolver

    application = get_internal_wsgi_application()
    get_resolver()._populate()
    return application


def is_called_from_command_line(command: BaseCommand) -> bool:
    """Return False if the command runs through `call_command`."""
    return getattr(command, "_called_from_command_line", False)


def close_pool(connection: BaseDatabaseWrapper) -> None:
    """Close the connection pool of a database, for backends that have pools."""
    close = getattr(connection, "close_pool", None)
    if close is not None:
        close()


def take_pools(connection: BaseDatabaseWrapper) -> dict[str, Any]:  # Any: the pools of a third-party driver
    """Remove the pools from the class of a backend, without closing them, and return them."""
    pools = getattr(type(connection), "_connection_pools", None)
    if not pools:
        return {}
    taken = dict(pools)
    pools.clear()
    return taken
