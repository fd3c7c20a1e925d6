"""What the running server knows of itself; set once before the workers are forked.

Outside `runserver_discover` (tests, `runserver`, management commands) all of it is empty.
"""

from __future__ import annotations

from dataclasses import dataclass

from discovery.portfile import ServerInfo


@dataclass
class Runtime:
    """`token` is the bearer token of this run; `hosts` the exact `Host` headers that are served."""

    info: ServerInfo | None = None
    token: str | None = None
    hosts: frozenset[str] = frozenset()


current = Runtime()
