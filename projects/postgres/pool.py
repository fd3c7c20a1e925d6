"""psycopg's pool of connections, for `?pool=` in PM_DATABASE_URL, so that a server that is away costs no time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool


def options(size: int, timeout: float) -> dict[str, Any]:  # Any: as psycopg_pool declares them
    """Return the options of a pool with `size` connections for requests, and one for the thread that listens.

    A request waits up to `timeout` seconds for a connection that others use, but not for a server that is away: by
    itself the pool would let it wait, and ask at ever longer intervals whether the server is back.
    """
    return {
        "min_size": 1,
        "max_size": size + 1,
        "timeout": timeout,
        "reconnect_timeout": 0,
        "reconnect_failed": refuse_waiting,
    }


def refuse_waiting(pool: ConnectionPool[Any]) -> None:  # Any: of any row
    """Let the requests that wait for a new connection fail now; the next request makes the pool try again."""
    with pool._lock:  # the pool has no public way to end its queue
        waiting = list(pool._waiting)
        pool._waiting.clear()
    for request in waiting:
        request.fail(psycopg.OperationalError("the server took no new connection"))


def living(pool: ConnectionPool[Any], take: Callable[[], Any]) -> Any:  # Any: as above
    """Return a connection that works. Raises psycopg.OperationalError.

    The pool can check by itself, but it sleeps for longer and longer between two dead connections, and all are dead
    after a restart of the server.
    """
    for _ in range(pool.max_size):
        connection = take()
        try:
            pool.check_connection(connection)
        except psycopg.OperationalError:
            pool.putconn(connection)  # which replaces it
        else:
            return connection
    return take()
