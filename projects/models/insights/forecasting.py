"""The forecast for a part of a project, from the history of the whole project."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Max, Min
from django.db.models.functions import Coalesce

from projects.insights.bootstrap import WEEK
from projects.insights.days import day_of, start_of
from projects.insights.forecast import LEAST_DAYS, LEAST_DONE, LEAST_GROWTH, Share, forecast, missing_history
from projects.models.activity import Action, Activity
from projects.models.insights.completions import LONGEST, Completions, completions
from projects.models.insights.recent import recent
from projects.models.insights.scope import Scope
from projects.models.work_items.choices import Status
from projects.models.work_items.item import WorkItem

RECENT = 56  # days in which the share of the scope in the completed items is measured
MOST_CANCELLED = 1000


@dataclass
class Outlook:
    """When a scope will be done: the dates by percent, or what the history lacks; and what the dates assume."""

    open: int
    done: int
    dates: dict[int, dt.date | None] = field(default_factory=dict)
    lacks: str = ""
    advice: str = ""  # what would make a forecast possible
    is_idle: bool = False  # what it lacks is work in the latest weeks
    share: int | None = None  # percent of the board's completed items
    growth: float = 0.0  # items added in a week
    frozen: dict[int, dt.date | None] = field(default_factory=dict)  # the dates without that growth
    days: int = 0
    completed: int = 0


def outlook(scope: Scope, zone: dt.tzinfo, now: dt.datetime) -> Outlook:
    """Return the forecast of `scope`; runs a constant number of queries."""
    asked = ("outlook", str(zone), scope.is_bounded, scope.began)
    return recent(scope.items, now, asked, lambda: _outlook(scope, zone, now))


def _outlook(scope: Scope, zone: dt.tzinfo, now: dt.datetime) -> Outlook:
    leaves = scope.items.leaves()
    left, done = leaves.unfinished().count(), leaves.filter(status=Status.DONE).count()
    board = Scope(scope.project, WorkItem.objects.living().filter(project=scope.project))
    history = completions(board.items, zone, now)
    found = Outlook(left, done, days=len(history.daily), completed=sum(history.daily))
    found.lacks = missing_history(history.daily)
    over = board.items.leaves().filter(status=Status.DONE)
    if not found.completed and not history.today and over.exists():
        found.lacks = f"nothing was completed in the last {LONGEST // WEEK} weeks"
        if not over.filter(completed_at__isnull=False).exists():  # as in an import without dates
            found.lacks = "nothing says when the done items were completed"
    found.is_idle = found.lacks.startswith("nothing")
    if found.lacks:
        found.advice = _advice(found, over.aggregate(at=Max("completed_at"))["at"], zone)
    if not left or found.lacks:
        return found
    today = day_of(now, zone)
    began = _began(scope)
    share = None if scope.is_whole or began is None else _share(scope, history, day_of(began, zone), zone, now)
    added = _added(scope, day_of(began, zone), today, zone) if began is not None and scope.is_bounded else []
    found.dates = forecast(history.daily, left, today, added=added, share=share)
    if len(added) >= LEAST_GROWTH and sum(added) > 0:
        found.frozen = forecast(history.daily, left, today, share=share)
    found.share = round(100 * share.own / share.all) if share else None
    found.growth = round(WEEK * sum(added) / len(added), 1) if len(added) >= LEAST_GROWTH else 0.0
    return found


def _advice(found: Outlook, latest: dt.datetime | None, zone: dt.tzinfo) -> str:
    """Return what a forecast needs that this history does not have; `latest` is when the last item was completed."""
    rule = f"Forecasts need {LEAST_DONE} items done in {LEAST_DAYS} days or more"
    if not found.is_idle:
        items = f"{found.completed} item{'' if found.completed == 1 else 's'}"
        return f"{rule}, up to yesterday; this project has {items} in {found.days} day{'' if found.days == 1 else 's'}."
    if latest is None:
        return f"{rule}. The items were imported or closed without a date; what is done from now on has one."
    when = f"The last item was completed on {day_of(latest, zone):%-d %B %Y}; imported items keep their dates."
    if found.completed:
        return f"{when} Forecasts count the pace of the last weeks: the day after another item is done, there is one."
    return f"{when} {rule} of the last year, and all of these are older."


def _began(scope: Scope) -> dt.datetime | None:
    """Return when work on the scope began; None if it has not."""
    if scope.began is not None:
        return scope.began
    begun: dt.datetime | None = scope.items.leaves().aggregate(at=Min(Coalesce("started_at", "completed_at")))["at"]
    return begun


def _share(scope: Scope, history: Completions, began: dt.date, zone: dt.tzinfo, now: dt.datetime) -> Share | None:
    """Return the scope's share of what was completed lately; None if it is not known, or all."""
    today = day_of(now, zone)
    since = max(began, today - dt.timedelta(days=RECENT), history.first)
    own = scope.items.leaves().filter(status=Status.DONE, completed_at__gte=start_of(since, zone)).count()
    every = sum(history.daily[(since - history.first).days :]) + history.today
    return Share(own, every) if 0 < own < every else None


def _added(scope: Scope, began: dt.date, today: dt.date, zone: dt.tzinfo) -> list[int]:
    """Return by how many items the scope grew on each day since the day after work began, up to yesterday."""
    first = max(began + dt.timedelta(days=1), today - dt.timedelta(days=RECENT))
    daily = [0] * max((today - first).days, 0)
    leaves = scope.items.leaves()
    made = leaves.filter(created_at__gte=start_of(first, zone)).order_by().values_list("created_at", flat=True)
    for moment in made:
        place = (day_of(moment, zone) - first).days
        if place < len(daily):
            daily[place] += 1
    cancelled = leaves.filter(status=Status.CANCELLED).order_by("-updated_at").values("pk")[:MOST_CANCELLED]
    changes = Activity.objects.counting().filter(
        entity_id__in=cancelled, action=Action.UPDATED, created_at__gte=start_of(first, zone)
    )
    moments: dict[object, dt.datetime] = {}
    for pk, moment, fields in changes.order_by("id").values_list("entity_id", "created_at", "changes"):
        if any(one["field"] == "status" and one["new"] == Status.CANCELLED for one in fields):
            moments[pk] = moment
    for moment in moments.values():
        place = (day_of(moment, zone) - first).days
        if 0 <= place < len(daily):
            daily[place] -= 1
    return daily
