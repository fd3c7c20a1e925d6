"""The database engine of this process: the one place that knows which of the two it is.

`projects.sqlite` and `projects.postgres` have modules with the same names: `dialect` has the SQL in which the engines
differ, `identity` watches the file, `new_board` creates the tables, `search_index` finds texts, and `triggers` keeps
derived data up to date. Import them from here. The driver of PostgreSQL is imported only for a board that is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

IS_POSTGRES = connection.vendor == "postgresql"

if IS_POSTGRES and not TYPE_CHECKING:
    from projects.postgres import dialect, identity, new_board, search_index, triggers
else:
    from projects.sqlite import dialect, identity, new_board, search_index, triggers

__all__ = ["IS_POSTGRES", "dialect", "identity", "new_board", "search_index", "triggers"]
