"""SQLite with a pool for each process, kept where Django's PostgreSQL backend keeps its own."""

from __future__ import annotations

import os
from typing import Any

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    _connection_pools: dict[str, int] = {}  # the process that opened the pool, by alias

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._connection_pools.setdefault(self.alias, os.getpid())
        return super().get_new_connection(conn_params)

    def close_pool(self) -> None:
        self._connection_pools.pop(self.alias, None)
