"""Signals of the server's life, for receivers in any application.

All except `worker_started` are sent in the master process, before or between forks of workers. Receivers may use
databases and caches: the master closes connections, pools and cache clients before each fork.
"""

from __future__ import annotations

from django.dispatch import Signal


class ServerStop(Exception):
    """Raised by a receiver of `server_checked`: the server ends with exit status 1 and this message, one line."""


server_starting = Signal()
"""The lock is held and the database migrated; nothing is forked or published. An exception ends the start.

`info` is the ServerInfo. A receiver may put `info.url` into settings, which the workers inherit.
"""

server_started = Signal()
"""A worker is ready for requests; `info` is the ServerInfo. An exception ends the server."""

worker_started = Signal()
"""Sent in each worker before its first request: open what must not cross a fork. An exception ends the worker."""

server_checked = Signal()
"""Sent every 2 seconds while the server runs; `info` is the ServerInfo. True from a receiver replaces the workers."""

server_stopped = Signal()
"""The server accepts no more requests and finishes the current ones; `info` is the ServerInfo."""

person_url_requested = Signal()
"""A browser is about to be opened: a receiver may return a URL that is valid for `seconds`; `info` as above."""
