"""The insights page: how items flow through a project, and when they will be done."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

from django.http import HttpRequest
from django.utils import timezone

from projects.insights.days import day_of
from projects.models import Project, Sprint, WorkItem
from projects.models.base import find_pk
from projects.models.insights.completions import Completions, completions
from projects.models.insights.flow_days import flow_days
from projects.models.insights.forecasting import Outlook, outlook
from projects.models.insights.scope import Scope
from projects.models.insights.summary import DEFAULT_DAYS, Summary, summary
from projects.models.sprints.history import histories
from projects.models.sprints.velocity import completed, velocity
from projects.web import sprint_page
from projects.web.charts.aging import Item, aging
from projects.web.charts.board_flow import board_flow
from projects.web.charts.burnup import burnup
from projects.web.charts.drawing import Chart
from projects.web.charts.flow import flow
from projects.web.charts.flow_times import Point, scatter, split
from projects.web.charts.throughput import throughput
from projects.web.charts.velocity import SHOWN
from projects.web.charts.velocity import velocity as velocity_chart
from projects.web.filters import SEARCH, Chip, Filters
from projects.web.zone import zone_of

PERIODS = {30: "30 days", 90: "90 days", 364: "A year"}
CHIPS = ("descendants_of", "sprint", "type", "label", "assignee", "priority")
BURNUP_DAYS = 56  # of the past, in the chart of the forecast
LEVELS = {50: "as likely as not", 85: "likely", 95: "almost certain"}


class InsightFilters(Filters):
    """The filters that say which items, and not in which state they are."""

    @cached_property
    def chips(self) -> list[Chip]:
        known = {chip.name: chip for chip in super().chips}
        return [known[name] for name in CHIPS]

    @property
    def words(self) -> str:
        """What is chosen, in words."""
        texts = [choice.text for chip in self.chips for choice in chip.chosen]
        return ", ".join([*texts, *([f"“{self.search}”"] if self.search else [])])

    @property
    def only(self) -> tuple[str, str] | None:
        """The name and value of the only filter, if it has one value."""
        return self.pairs[0] if len(self.pairs) == 1 else None


class InsightsPage:
    """Figures and charts of the items that the filters leave."""

    def __init__(self, request: HttpRequest, project: Project) -> None:
        self.project, self.zone, self.now = project, zone_of(request), timezone.now()
        asked = request.GET.get("days", "")
        self.days = next((days for days in PERIODS if str(days) == asked), DEFAULT_DAYS)
        self.periods = [(days, name, days == self.days) for days, name in PERIODS.items()]
        self.filters = InsightFilters(
            request,
            project,
            kept=("of",),
            closed=True,
            own={"days": [str(days) for days in PERIODS], "of": ()},
            names=(*CHIPS, SEARCH),
        )
        self.scope = self._scope()
        self.summary: Summary = summary(self.scope, self.zone, self.now, self.days)
        self.outlook: Outlook = outlook(self.scope, self.zone, self.now)
        self.started = sprint_page.started(project)
        self.query = request.GET.copy()
        self.sprint = sprint_page.find_sprint(request.GET.get("of", ""), self.started)

    @property
    def today(self) -> dt.date:
        return day_of(self.now, self.zone)

    def _scope(self) -> Scope:
        """Return what the filters leave; an epic or a sprint alone is a scope that grows."""
        living = WorkItem.objects.living().filter(project=self.project)
        items = self.filters.narrow(living) if self.filters else living
        scope = Scope(self.project, items, self.filters.words)
        name, value = self.filters.only or ("", "")
        if name == "sprint":
            pk = find_pk(Sprint, value, str(self.project.pk))
            sprint = Sprint.objects.living().filter(pk=pk).only("started_at").first() if pk else None
            scope.is_bounded, scope.began = True, sprint.started_at if sprint else None
        scope.is_bounded |= name == "descendants_of"
        return scope

    @property
    def others(self) -> list[tuple[Sprint, str]]:
        """The started sprints, with the query of the page for each."""
        found = []
        for sprint in self.started:
            self.query["of"] = str(sprint.pk)
            found.append((sprint, self.query.urlencode()))
        return found

    @property
    def is_empty_epic(self) -> bool:
        """Whether the page is about one epic or story, which has nothing below it."""
        name, _ = self.filters.only or ("", "")
        return name == "descendants_of" and not self.outlook.open and not self.outlook.done

    @property
    def dates(self) -> list[tuple[int, str, dt.date | None]]:
        """The forecast: percent, what that means, and the day."""
        return [(level, LEVELS[level], date) for level, date in self.outlook.dates.items()]

    @property
    def is_ending(self) -> bool:
        """False if the likely day is beyond all that is simulated."""
        return self.outlook.dates.get(85) is not None

    @property
    def frozen_date(self) -> dt.date | None:
        """The likely day if nothing more is added."""
        return self.outlook.frozen.get(85)

    @cached_property
    def forecast_chart(self) -> Chart | None:
        if not any(self.outlook.dates.values()):
            return None
        past: Completions = completions(self.scope.items, self.zone, self.now).latest(BURNUP_DAYS)
        daily = [*past.daily, past.today]
        return burnup("forecast-chart", past.first, daily, self.outlook.done, self.outlook.open, self.outlook.dates)

    @cached_property
    def charts(self) -> list[Chart]:
        """The charts of the items that were completed, and of those in work."""
        found = []
        flow_of = self.summary.flow
        spreads = {kind: flow_of.spread(kind) for kind in ("cycle", "lead")}
        for kind, spread in spreads.items():
            if spread:
                points = [
                    Point(one.key, one.title, one.completed_at, times.seconds)
                    for one in flow_of.done
                    if (times := getattr(one, kind)) is not None
                ]
                title = f"{kind.capitalize()} time"
                found.append(scatter(f"{kind}-time", title, points, spread, self.summary.since, self.zone))
        means = {kind.capitalize(): parts for kind in spreads if (parts := flow_of.mean_parts(kind))}
        if means:
            found.append(split("split", means))
        if self.summary.done:
            found.append(throughput("throughput", self.summary.weeks))
        if flow_of.aging:
            items = [Item(one.key, one.title, one.status, one.times.seconds, one.older_than) for one in flow_of.aging]
            found.append(aging("aging", items, spreads["cycle"]))
        first = self.today - dt.timedelta(days=self.days - 1)
        days = flow_days(self.scope.items, first, self.zone, self.now)
        days = [day for day in days if day.total][-self.days :]
        if len(days) > 1:
            found.append(board_flow("board-flow", days))
        return found

    @cached_property
    def sprint_charts(self) -> list[Chart]:
        """The burndown and the flow of the chosen sprint, and the velocity of the project."""
        found = []
        if self.sprint is not None:
            history = histories([self.sprint], self.zone)[self.sprint.pk]
            found.append(sprint_page.burndown_of(self.sprint, history, "burndown"))
            found.append(flow("flow", self.sprint.start_date, self.sprint.end_date, history))
        past = completed(self.project, SHOWN)
        so_far = velocity(past)
        if so_far is not None:
            found.append(velocity_chart("velocity", past, so_far))
        return found
