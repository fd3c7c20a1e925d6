"""What SQLite's planner can't know."""

from __future__ import annotations

from django.db.models import BooleanField, Func


class Unindexed(Func):
    """A column by which no index shall be entered; https://www.sqlite.org/optoverview.html, "Disqualifying Terms".

    Of a list by time in one project, the planner would read all items of the project and sort what hangs on them;
    better it goes along the list's own index and stops when the page is full.
    """

    arity = 1
    template = "+%(expressions)s"


class _Literal(Func):
    """A condition without parameters: only such a one tells the planner that a partial index has all rows."""

    arity = 1
    output_field = BooleanField()


class IsOpen(_Literal):
    """A status is not `done`."""

    template = "%(expressions)s <> 'done'"


class MayBegin(_Literal):
    """A status in which an item may be ready; in progress it is when its claim ran out."""

    template = "%(expressions)s IN ('backlog', 'todo', 'in_progress')"


class IsNoEpic(_Literal):
    """A type is not `epic`."""

    template = "%(expressions)s <> 'epic'"


class IsZero(_Literal):
    """A number is 0."""

    template = "%(expressions)s = 0"
