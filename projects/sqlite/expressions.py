"""SQLite expressions that Django lacks, for constraints, partial indexes and queries.

All but `IsPast`, `IsSoon`, `IsOld`, `IsRecent` and `Unindexed` are part of the schema. Migrations import them, so never
change or remove a class here: add a new class for a new condition. A test pins the SQL of each.
"""

from __future__ import annotations

import re

from django.db.models import BooleanField, Func

from projects.loose_types import Framework


class Glob(Func):
    """SQLite's `text GLOB pattern`; unlike Django's regex lookup it works in any program that opens the file."""

    arity = 2
    template = "%(expressions)s"
    arg_joiner = " GLOB "
    output_field = BooleanField()

    def as_postgresql(self, compiler: Framework, connection: Framework, **context: Framework) -> Framework:
        """Return a regular expression for the pattern, which has only `*`, `?` and classes."""
        text, pattern = self.get_source_expressions()
        sql, parameters = compiler.compile(text)
        return f"({sql}) ~ %s", (*parameters, f"^{_regular(pattern.value)}$")


def _regular(pattern: str) -> str:
    """Return the regular expression of a GLOB pattern."""
    return re.sub(r"[*?]", lambda found: ".*" if found[0] == "*" else ".", pattern)


class _Literal(Func):
    """A condition without bound parameters: SQLite uses a partial index only if the WHERE term has none."""

    arity = 1
    output_field = BooleanField()


class IsOpen(_Literal):
    """The status is not `done`; indexes of earlier migrations use it."""

    template = "%(expressions)s <> 'done'"


class IsNotClosed(_Literal):
    """The status is neither `done` nor `cancelled`."""

    template = "%(expressions)s NOT IN ('done', 'cancelled')"


class MayBegin(_Literal):
    """The status allows an item to be ready; an item in progress is ready when its claim has expired."""

    template = "%(expressions)s IN ('backlog', 'todo', 'in_progress')"


class IsNoEpic(_Literal):
    """The type is not `epic`."""

    template = "%(expressions)s <> 'epic'"


class IsAsked(_Literal):
    """The status of a question is `open`."""

    template = "%(expressions)s = 'open'"


class IsZero(_Literal):
    """The number is 0."""

    template = "%(expressions)s = 0"


class IsNotBlank(_Literal):
    """The text is not empty."""

    template = "%(expressions)s <> ''"


class IsIdle(_Literal):
    """So many leases ran out without progress that the item is stuck; see MAX_IDLE_LEASES."""

    template = "%(expressions)s >= 3"


class MayWait(_Literal):
    """The status is one in which an item may wait for a person; see `projects.models.inbox`."""

    template = "%(expressions)s IN ('in_progress', 'review', 'blocked')"


class IsDecision(_Literal):
    """The kind of a comment is `decision`."""

    template = "%(expressions)s = 'decision'"


class IsNoPass(_Literal):
    """The outcome of a run of a check is not `passed`."""

    template = "%(expressions)s <> 'passed'"


class IsPast(_Literal):
    """The day is before today; see `projects.today`."""

    template = "%(expressions)s < pm_today()"


class IsSoon(_Literal):
    """The day is today or in the seven days after it."""

    template = "%(expressions)s BETWEEN pm_today() AND date(pm_today(), '+7 days')"

    def as_postgresql(self, compiler: Framework, connection: Framework, **context: Framework) -> Framework:
        return self.as_sql(compiler, connection, template="%(expressions)s BETWEEN pm_today() AND pm_today() + 7")


class IsOld(_Literal):
    """The moment is at least a day ago."""

    template = "%(expressions)s <= datetime('now', '-1 day')"

    def as_postgresql(self, compiler: Framework, connection: Framework, **context: Framework) -> Framework:
        return self.as_sql(compiler, connection, template="%(expressions)s <= now() - interval '1 day'")


class IsRecent(_Literal):
    """The moment is at most 30 days ago."""

    template = "%(expressions)s >= datetime('now', '-30 days')"

    def as_postgresql(self, compiler: Framework, connection: Framework, **context: Framework) -> Framework:
        return self.as_sql(compiler, connection, template="%(expressions)s >= now() - interval '30 days'")


class Unindexed(Func):
    """Unary plus: keep SQLite from using an index on this column.

    For a list by time in one project, the planner would read all rows of the project and sort them. With this
    expression it walks the index of the list's ordering and stops when the page is full.
    Source: https://www.sqlite.org/optoverview.html, "Disqualifying Terms".
    """

    arity = 1
    template = "+%(expressions)s"

    def as_postgresql(self, compiler: Framework, connection: Framework, **context: Framework) -> Framework:
        return self.as_sql(compiler, connection, template="%(expressions)s")
