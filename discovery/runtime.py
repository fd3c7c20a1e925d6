"""What the running server knows about itself; set once, before the workers are forked.

It is empty outside `runserver_discover` (tests, `runserver`, other management commands).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from discovery import lock, portfile
from discovery.conf import conf
from discovery.portfile import ServerInfo


@dataclass
class Runtime:
    """`token` is the bearer token of this run, `hosts` the accepted `Host` headers, `held` the server's lock.

    `host_advice` completes the error for a wrong Host header, after "use".
    """

    info: ServerInfo | None = None
    token: str | None = None
    hosts: frozenset[str] = frozenset()
    held: lock.Lock | None = None
    host_advice: str = "the URL that it printed, or start it with --allowed-host"

    def is_superseded(self) -> bool:
        """Return True if our lock was deleted and another server holds the new one: this server must not write."""
        if self.held is None or self.info is None or self.held.is_current():
            return False
        return self.held.successor_note() not in ("", portfile.lock_note(self.info))


current = Runtime()


def describe(info: ServerInfo, held: lock.Lock | None, *, named: str, allowed: Iterable[str]) -> None:
    """Fill `current` for a server bound to the host `named`, and allow its names in Django's settings.

    `allowed` are more `Host` headers, NAME or NAME:PORT, such as that of a forwarded port.
    """
    address = f"[{info.host}]" if ":" in info.host else info.host
    further = {name.lower() for name in allowed}
    names = {"127.0.0.1", "localhost", "[::1]", address, named.lower()} | further
    current.info = info
    current.held = held
    current.token = secrets.token_urlsafe(32) if conf.token_file else None
    current.hosts = frozenset({f"{name}:{info.port}" for name in names} | further)
    # HostMiddleware checks exactly; Django's own check must not refuse these names.
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *names, *(name.rpartition(":")[0] for name in further)]
    origins = [f"{scheme}://{name}" for name in further for scheme in ("http", "https")]
    settings.CSRF_TRUSTED_ORIGINS = [*settings.CSRF_TRUSTED_ORIGINS, *origins]
