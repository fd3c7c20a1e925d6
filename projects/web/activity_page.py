"""The activity page: its filters, read from the URL and shown as chips, and the feed that they leave."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from django.http import HttpRequest, QueryDict

from projects.entities.registry import ENTITIES
from projects.insights.days import start_of
from projects.models import Activity, Project, Session, User
from projects.models.activity import ActivityQuerySet, Standing
from projects.sqlite.expressions import IsNotBlank
from projects.web.activity_feed import NOUNS, Feed
from projects.web.filters import Chip, Choice
from projects.web.zone import zone_of

MAX_CHOICES = 100  # of a chip
MAX_SESSIONS = 20
MAX_VALUES = 50  # of a parameter
MAX_DIGITS = 18  # of an ID
NAMES = ("project", "actor", "session", "kind", "standing", "since", "until", "batch")
KINDS = {each.name: NOUNS.get(each.name, ("", f"{each.name.replace('_', ' ')}s"))[1].capitalize() for each in ENTITIES}
STANDINGS = ((Standing.VOID.value, "Void"), (Standing.SUPERSEDED.value, "Superseded"))
_RANGE = re.compile(rf"(\d{{1,{MAX_DIGITS}}})-(\d{{1,{MAX_DIGITS}}})")


class ActivityPage:
    """The page for a project, or for all; False if nothing is filtered."""

    def __init__(self, request: HttpRequest, project: Project | None) -> None:
        self.request = request
        self.project = project
        self.zone = zone_of(request)
        self.values = {name: values for name in NAMES if (values := _values(request.GET, name))}
        self.since, self.until = self._day("since"), self._day("until")
        self._projects = list(Project.objects.living().order_by("key").values_list("pk", "key", "title"))
        before = request.GET.get("before", "")
        self.before = int(before) if before.isdecimal() and len(before) <= MAX_DIGITS else None
        self.feed = Feed(self._narrow(), self.zone, before=self.before, is_flat="batch" in self.values)

    def __bool__(self) -> bool:
        return bool(self.values)

    @property
    def wrong(self) -> str:
        """What is wrong with the days, in words."""
        bad = [
            " ".join(self.values[name])
            for name, day in (("since", self.since), ("until", self.until))
            if name in self.values and day is None
        ]
        are = "is not a date" if len(bad) == 1 else "are not dates"
        return f"{' and '.join(bad)} {are}; write one like 2026-01-31." if bad else ""

    @property
    def chips(self) -> list[Chip]:
        """The filters with their choices; two queries."""
        people = User.objects.filter(is_active=True).order_by("is_agent", "username").values_list("username", flat=True)
        found = [
            self._chip("actor", "Who", [(name, name) for name in people[:MAX_CHOICES]]),
            self._chip("session", "Session", self._sessions()),
            self._chip("kind", "What", KINDS.items()),
            self._chip("standing", "Does not count", STANDINGS),
        ]
        if self.project is None:
            found.insert(
                0, self._chip("project", "Project", [(key, f"{key} {title}") for _, key, title in self._projects])
            )
        return found

    @property
    def batch(self) -> str:
        return next(iter(self.values.get("batch", [])), "")

    @property
    def older(self) -> str:
        """The query of the next page, or ""."""
        if self.feed.older is None:
            return ""
        query = self._query()
        query["before"] = str(self.feed.older)
        return query.urlencode()

    @property
    def newest(self) -> str:
        """The query of the first page."""
        return self._query().urlencode()

    def _query(self) -> QueryDict:
        query = QueryDict(mutable=True)
        for name, values in self.values.items():
            query.setlist(name, values)
        return query

    def _narrow(self) -> ActivityQuerySet:
        rows = Activity.objects.all()
        if self.project is not None:
            rows = rows.filter(project_id=self.project.pk)
        elif keys := self.values.get("project"):
            wanted = {key.upper() for key in keys}
            rows = rows.filter(project_id__in=[pk for pk, key, _ in self._projects if key in wanted])
        if names := self.values.get("actor"):
            rows = rows.filter(actor_id__in=[user.pk for name in names if (user := User.objects.named(name))])
        if sessions := self.values.get("session"):
            rows = rows.filter(IsNotBlank("session"), session__in=sessions)
        if kinds := self.values.get("kind"):
            rows = rows.filter(entity_type__in=kinds)
        if standings := self.values.get("standing"):
            rows = rows.filter(standing__in=[one for one in standings if one in Standing.values and one])
        if self.since is not None:
            rows = rows.filter(created_at__gte=start_of(self.since, self.zone))
        if self.until is not None:
            rows = rows.filter(created_at__lt=start_of(self.until + timedelta(days=1), self.zone))
        if self.batch:
            match = _RANGE.fullmatch(self.batch)
            rows = rows.filter(pk__gte=int(match[1]), pk__lte=int(match[2])) if match else rows.none()
        return rows

    def _day(self, name: str) -> date | None:
        try:
            day = date.fromisoformat(next(iter(self.values.get(name, [])), ""))
        except ValueError:
            return None
        return day if date(1970, 1, 1) <= day < date(9999, 1, 1) else None

    def _chip(self, name: str, label: str, choices: Iterable[tuple[str, str]]) -> Chip:
        chosen = {value.casefold(): value for value in self.values.get(name, [])}
        found = []
        for value, text in choices:
            found.append(Choice(value, text, chosen.pop(value.casefold(), None) is not None))
        return Chip(name, label, found + [Choice(value, value, True) for value in chosen.values()])

    def _sessions(self) -> list[tuple[str, str]]:
        """Return the latest sessions, and those that are chosen."""
        chosen = self.values.get("session", [])
        latest = list(Session.objects.select_related("actor").order_by("-last_seen_at")[:MAX_SESSIONS])
        known = {session.pk for session in latest}
        if others := [pk for pk in chosen if pk not in known]:
            latest += Session.objects.select_related("actor").filter(pk__in=others)
        return [(session.pk, f"{session.actor.username} {session.description}") for session in latest]


def _values(query: QueryDict, name: str) -> list[str]:
    texts = query.getlist(name)
    words = texts if name in ("actor", "session") else [word for text in texts for word in text.split(",")]
    return [*dict.fromkeys(filter(None, map(str.strip, words)))][:MAX_VALUES]
