"""What happens to the server, for receivers of any application.

All but `worker_started` are sent in the master process, before the fork of a worker or between two. Receivers
may use databases and caches: the master closes connections, pools and cache clients before each fork.
"""

from __future__ import annotations

from django.dispatch import Signal


class ServerStop(Exception):
    """Raised by a receiver of `server_checked`: the server ends with exit 1 and this one line."""


server_starting = Signal()
"""The lock is held, the database migrated, nothing forked or published. An exception ends the start.

`info` is the ServerInfo: a receiver may put `info.url` into settings, and the workers inherit them.
"""

server_started = Signal()
"""A worker answers requests; `info` is the ServerInfo. An exception ends the server."""

worker_started = Signal()
"""Sent in each worker, before its first request: open here what must not cross a fork. An exception ends the worker."""

server_checked = Signal()
"""Sent every 2 seconds while the server runs; `info` is the ServerInfo. A receiver's True has the workers replaced."""

server_stopped = Signal()
"""The server takes no more requests; those it has are being finished. `info` is the ServerInfo."""

person_url_requested = Signal()
"""Somebody wants to open a browser: a receiver may answer a URL that is good for `seconds`; `info` as above."""
