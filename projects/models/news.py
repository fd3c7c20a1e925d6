"""What is new to a user: the changes by others since the last look, whose cursor is kept here.

A look changes no cursor. Only `acknowledge`, called when the news has arrived, moves it, and never back: what got lost
on the way is shown again.
"""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Max, Min, Q
from django.utils import timezone

from projects.models.activity import Activity, ActivityQuerySet, Standing
from projects.models.prepared_queries import Bound, Counts, Loading, Statement, run, stored
from projects.models.session import Session
from projects.models.sync import LostChange
from projects.models.user import User

if TYPE_CHECKING:
    from django.db.models import QuerySet

NEWSWORTHY = ("work_item", "comment", "dependency", "question", "review", "waiver", "sprint", "project")
FIRST_LOOK = timedelta(days=1)  # how far the first look of a user goes back


class Reader(NamedTuple):
    """Who looks: an agent's session, or a person, who has none."""

    user: User
    session: Session | None

    def unread(self, cursor: int, newest: int, most: int) -> list[Activity]:
        """Return changes after the activity `cursor` by anybody else, oldest first, until `newest` or `most` changes.

        Also what other clones void of theirs. Own changes that turned out not to count are `conflicts`.
        """
        return _unread(self.session is not None, most).all(cursor=cursor, newest=newest, **self._own())

    def count_unread(self, cursor: int, newest: int) -> int:
        """Return how many changes `unread` has."""
        found: int = _number_unread(self.session is not None).numbers(cursor=cursor, newest=newest, **self._own())[0]
        return found

    def _own(self) -> dict[str, str]:
        return {"session": self.session.pk if self.session else "", "actor": stored(self.user.pk)}

    def has_conflicts(self, cursor: int, newest: int) -> bool:
        """Return True if there may be any `conflicts`; there are rarely any."""
        return bool(_lost().rows(cursor=cursor, newest=newest))

    def conflicts(self, cursor: int, newest: int) -> ActivityQuerySet:
        """Return the changes of this clone of which a sync said that they do not count, when `cursor` was the newest.

        Only those until `newest` was.
        """
        lost = LostChange.objects.filter(after__gt=cursor, after__lte=newest).values("activity_id")
        return Activity.objects.filter(pk__in=lost, entity_type__in=NEWSWORTHY).order_by("pk")

    @property
    def acknowledged(self) -> int | None:
        """The activity up to which the reader itself acknowledged news."""
        return self.session.news_cursor if self.session else self.user.news_cursor

    def cursor(self) -> int:
        """Return the activity up to which the reader has seen everything.

        A new session continues where the last one of its user stopped.
        """
        own = self.acknowledged
        if own is None:
            sessions = Session.objects.filter(actor=self.user)
            own = sessions.aggregate(latest=Max("news_cursor"))["latest"]
        return _before(FIRST_LOOK) if own is None else int(own)

    def acknowledge(self, cursor: int) -> None:
        """Record that the reader has seen everything up to this activity."""
        cursor = min(cursor, last_id())
        rows: QuerySet[Session] | QuerySet[User]
        rows = Session.objects.filter(pk=self.session.pk) if self.session else User.objects.filter(pk=self.user.pk)
        rows.filter(Q(news_cursor=None) | Q(news_cursor__lt=cursor)).update(news_cursor=cursor)


def last_id() -> int:
    """Return the ID of the latest activity, or 0."""
    last: int | None = run("SELECT max(id) FROM projects_activity").fetchone()[0]
    return last or 0


def _before(age: timedelta) -> int:
    """Return the ID of the last activity that is older than this."""
    first = Activity.objects.filter(created_at__gte=timezone.now() - age).aggregate(first=Min("pk"))["first"]
    return last_id() if first is None else first - 1


def _changes(has_session: bool) -> ActivityQuerySet:
    """Return the query for the news of a session, or of a user without one."""
    pk = Activity._meta.pk
    session, actor = Bound("session", Session._meta.pk), Bound("actor", User._meta.pk)
    mine = Q(session=session) if has_session else Q(actor=actor, session="")
    odd = ~Q(standing=Standing.APPLIED) & ~Q(pk__in=LostChange.objects.values("activity_id"))
    found = Activity.objects.filter(pk__gt=Bound("cursor", pk), pk__lte=Bound("newest", pk), entity_type__in=NEWSWORTHY)
    return found.filter((Q(standing=Standing.APPLIED) & ~mine) | odd)


@functools.cache
def _unread(has_session: bool, most: int) -> Loading[Activity]:
    return Loading(_changes(has_session).select_related("actor").order_by("pk")[:most])


@functools.cache
def _number_unread(has_session: bool) -> Counts:
    return Counts([_changes(has_session).order_by().values_list("pk")])


@functools.cache
def _lost() -> Statement:
    pk = Activity._meta.pk
    found = LostChange.objects.filter(after__gt=Bound("cursor", pk), after__lte=Bound("newest", pk))
    return Statement(found.values_list("pk")[:1])
