"""The database engine of this process: the one place that knows which of the two it is.

`projects.sqlite` and `projects.postgres` have modules with the same names: `dialect` has the SQL in which the engines
differ, `new_board` creates the tables, `triggers` keeps derived data up to date. Import them from here. The PostgreSQL
driver is imported only by the settings of a board that is on PostgreSQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

IS_POSTGRES = connection.vendor == "postgresql"

if IS_POSTGRES and not TYPE_CHECKING:
    from projects.postgres import dialect, new_board, triggers
else:
    from projects.sqlite import dialect, new_board, triggers

__all__ = ["IS_POSTGRES", "dialect", "new_board", "triggers"]
