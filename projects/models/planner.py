"""What SQLite's planner can't know."""

from __future__ import annotations

from django.db.models import Func


class Unindexed(Func):
    """A column by which no index shall be entered; https://www.sqlite.org/optoverview.html, "Disqualifying Terms".

    Of a list by time in one project, the planner would read all items of the project and sort what hangs on them;
    better it goes along the list's own index and stops when the page is full.
    """

    arity = 1
    template = "+%(expressions)s"
