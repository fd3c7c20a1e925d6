"""What the board does when something happens to its server. All of it runs in the master process."""

from __future__ import annotations

import os
from typing import Any

from django.db import connection

from discovery.signals import ServerStop, person_url_requested, server_checked, server_starting
from projects import leftovers
from projects.sqlite import identity


def connect() -> None:
    """Connect the receivers below; once is enough."""
    server_starting.connect(prepare_database, dispatch_uid="projects.prepare_database")
    server_checked.connect(check_database, dispatch_uid="projects.check_database")
    person_url_requested.connect(issue_login_link, dispatch_uid="projects.issue_login_link")


def prepare_database(**kwargs: Any) -> None:
    """Remember which file the database is, and drop what earlier servers left: tickets, copies half made."""
    from projects.models import LoginTicket
    from projects.transfer import backup

    backup.remove_leftovers()
    leftovers.remove(os.path.dirname(identity.path()))
    try:
        LoginTicket.objects.all().delete()
    finally:
        connection.close()  # an open one must not cross the fork
    identity.remember()


def check_database(**kwargs: Any) -> bool:
    """End the server whose database was deleted or replaced: what it writes is lost.

    After a time in which the database could not be written, ask for new workers: SQLite opened it for reading
    only, and stays at that while any connection of the process is open.
    """
    if not identity.is_unchanged():
        raise ServerStop(f"{identity.path()} was deleted or replaced while the server was running; start it again")
    return identity.became_writable()


def issue_login_link(*, info: Any, seconds: int, **kwargs: Any) -> str:
    """Return a URL that signs a person in, once."""
    from django.urls import reverse

    from projects.models import LoginTicket

    try:
        ticket, _ = LoginTicket.objects.issue(seconds)
    finally:
        connection.close()  # an open one must not cross the fork of the next worker
    return f"{info.url}{reverse('login-link', args=[ticket])}"
