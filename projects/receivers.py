"""Signal receivers that connect the board to its server. They run in the master process."""

from __future__ import annotations

import functools
import gc
import logging
import os

from django.db import connection
from django.db.models.signals import pre_migrate

from discovery.portfile import ServerInfo
from discovery.signals import ServerStop, person_url_requested, server_checked, server_starting, server_stopped
from projects import background_defaults, background_sync, board_record, git_guard, stale_files
from projects.engine import identity

logger = logging.getLogger(__name__)
_guard = functools.cache(git_guard.Guard)
_defaults = functools.cache(background_defaults.BackgroundDefaults)
_background = functools.cache(background_sync.BackgroundSync)


def connect() -> None:
    """Connect the receivers below; repeated calls have no effect."""
    pre_migrate.connect(collect_garbage, dispatch_uid="projects.collect_garbage")
    server_starting.connect(prepare_database, dispatch_uid="projects.prepare_database")
    server_checked.connect(check_database, dispatch_uid="projects.check_database")
    server_checked.connect(keep_out_of_git, dispatch_uid="projects.keep_out_of_git")
    server_checked.connect(sync_in_background, dispatch_uid="projects.sync_in_background")
    server_checked.connect(take_defaults, dispatch_uid="projects.take_defaults")
    server_stopped.connect(stop_background_sync, dispatch_uid="projects.stop_background_sync")
    person_url_requested.connect(issue_login_link, dispatch_uid="projects.issue_login_link")


def collect_garbage(**kwargs: object) -> None:
    """Turn garbage collection on again, which `pmsite` turns off while a start loads modules: a migration needs it."""
    gc.enable()


def prepare_database(**kwargs: object) -> None:
    """Record the database file's identity, and remove login tickets and temporary files of earlier servers."""
    from projects.models import LoginTicket

    directory = os.path.dirname(identity.path())
    stale_files.remove(directory)
    try:
        LoginTicket.objects.all().delete()
    finally:
        connection.close()  # an open connection must not cross the fork
    identity.remember()
    try:
        board_record.note(directory)
    except OSError as error:  # a read-only repository
        logger.info("the board is not recorded in the repository: %s", error.strerror)


def check_database(**kwargs: object) -> bool:
    """Stop the server if its database was deleted or replaced, since its writes would be lost.

    Return True to replace the workers after the database became writable again: SQLite opened it read-only, and
    keeps it so while any connection of the process is open.
    """
    if not identity.is_unchanged():
        raise ServerStop(f"{identity.path()} was deleted or replaced while the server was running; start it again")
    return identity.became_writable()


def keep_out_of_git(**kwargs: object) -> None:
    """Restore the exclude block that keeps git from adding or cleaning the board."""
    _guard(os.path.dirname(identity.path())).look()


def sync_in_background(**kwargs: object) -> None:
    """Start `pm sync` when the interval of the joined board is over."""
    _background(os.path.dirname(identity.path())).look()


def take_defaults(**kwargs: object) -> None:
    """Take the defaults of questions whose time is over."""
    _defaults(os.path.dirname(identity.path())).look()


def stop_background_sync(**kwargs: object) -> None:
    """End a running background sync."""
    _background(os.path.dirname(identity.path())).stop()


def issue_login_link(*, info: ServerInfo, seconds: int, **kwargs: object) -> str:
    """Return a single-use login URL."""
    from django.urls import reverse

    from projects.models import LoginTicket

    try:
        ticket, _ = LoginTicket.objects.issue(seconds)
    finally:
        connection.close()  # an open connection must not cross the fork of the next worker
    return f"{info.url}{reverse('login-link', args=[ticket])}"
