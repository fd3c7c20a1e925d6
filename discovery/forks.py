"""Close what a fork must not share: database connections, their pools and cache clients.

Two processes that share a socket would read each other's responses.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from functools import partial

from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from discovery.django_private import close_pool, take_pools

logger = logging.getLogger("discovery")

_abandoned: list[object] = []


def close_resources() -> None:
    """Close the connections of this thread and the pools of all threads; call this right before a fork.

    Other threads keep their connections; no thread of the child can reach those.
    """
    for connection in _connections():
        _attempt(f"the connection to the database {connection.alias!r}", connection.close)
        _attempt(f"the pool of the database {connection.alias!r}", partial(close_pool, connection))
    for cache in caches.all(initialized_only=True):
        _attempt("a cache", cache.close)
    for alias in caches:
        with contextlib.suppress(AttributeError):  # not in use
            del caches[alias]  # some backends close only when their client is deleted


def abandon_pools() -> None:
    """Remove the pools that another thread opened in the meantime; call this in the child.

    They are kept without being used: closing them would end the sessions of the parent.
    """
    for connection in _connections():
        _abandoned.append(take_pools(connection))


def _connections() -> Iterator[BaseDatabaseWrapper]:
    """Yield the connection of every configured database; a pool belongs to the whole process."""
    for alias in connections:
        try:
            yield connections[alias]
        except ImproperlyConfigured:
            continue  # its driver is missing, so nothing is open


def _attempt(what: str, close: Callable[[], object]) -> None:
    try:
        close()
    except Exception as error:  # a third-party backend can raise anything; the server must go on
        logger.warning("%s could not be closed: %s", what, error)
