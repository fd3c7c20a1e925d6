"""Statistics of the flow of items, and forecasts from them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError as ModelError
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.query_parameters import ZONE, read_number, read_project, read_zone
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import StrictQueryMixin
from projects.insights.flow_times import PARTS
from projects.insights.percentiles import LEVELS
from projects.models import Project
from projects.models.base import Values
from projects.models.insights.forecasting import outlook
from projects.models.insights.scope import NAMES, Scope, scope_of
from projects.models.insights.summary import DEFAULT_DAYS, MOST_DAYS, Summary, summary

HELP = {
    "item": "An epic, a story or another item, by id or key: the items below it.",
    "sprint": "A sprint, by id or name; `active` is the active one.",
    "type": "Types, with commas.",
    "priority": "Priorities, with commas.",
    "label": "Labels, with commas: all of them.",
    "assignee": "A user; `@me` is the caller, `none` nobody.",
}
PARAMETERS = [
    OpenApiParameter("project", str, description="The project, by id or key; needed if the board has several."),
    *(OpenApiParameter(name, str, description=text) for name, text in HELP.items()),
    ZONE,
]
DAYS = {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": DEFAULT_DAYS}


class PercentilesSerializer(ResponseSerializer):
    """The hours that 50, 85 and 95 percent of the items did not exceed; null without items."""

    def get_fields(self) -> Values:
        return {f"p{level}": serializers.FloatField(allow_null=True) for level in LEVELS}


class PartsSerializer(ResponseSerializer):
    """What the mean time was spent on, in hours; null without items."""

    def get_fields(self) -> Values:
        return {name: serializers.FloatField(allow_null=True) for name in PARTS}


class TimesSerializer(ResponseSerializer):
    """The times of the completed items."""

    items = serializers.IntegerField(help_text="How many items have this time.")
    hours = PercentilesSerializer()
    mean_parts = PartsSerializer()


class WeekSerializer(ResponseSerializer):
    """The items completed from a Monday to a Sunday; the first and the last week may be partial."""

    week = serializers.DateField(source="first")
    done = serializers.IntegerField()


class AgingSerializer(ResponseSerializer):
    """An item in work."""

    key = serializers.CharField()
    status = serializers.CharField()
    age_hours = serializers.FloatField(help_text="Since the first start.")
    older_than = serializers.IntegerField(help_text="How many percent of the completed items took less.")


class StatsSerializer(ResponseSerializer):
    """How items flow through the board."""

    project = serializers.CharField()
    scope = serializers.CharField(help_text="Empty for the whole project.")
    zone = serializers.CharField()
    since = serializers.DateField()
    done = serializers.IntegerField(help_text="Items completed since then.")
    cycle_time = TimesSerializer(help_text="From the first start to the completion.")
    lead_time = TimesSerializer(help_text="From the creation to the completion.")
    throughput = WeekSerializer(many=True)
    in_work = AgingSerializer(many=True, help_text="The oldest first, at most 100.")
    is_cut = serializers.BooleanField(help_text="True if the times are those of the latest 1000 items only.")


class DatesSerializer(ResponseSerializer):
    """The days by whose end 50, 85 and 95 percent of the simulated futures are done; null is in more than 5 years."""

    def get_fields(self) -> Values:
        return {f"p{level}": serializers.DateField(allow_null=True) for level in LEVELS}


class ForecastSerializer(ResponseSerializer):
    """When the items will be done."""

    project = serializers.CharField()
    scope = serializers.CharField(help_text="Empty for the whole project.")
    zone = serializers.CharField()
    open = serializers.IntegerField()
    done = serializers.IntegerField()
    dates = DatesSerializer(allow_null=True, help_text="Null if nothing is open or the history is too short.")
    lacks = serializers.CharField(help_text="What the history lacks for a forecast; else empty.")
    advice = serializers.CharField(help_text="What would make a forecast possible; empty if there is one.")
    share = serializers.IntegerField(
        allow_null=True,
        help_text="Percent of the items completed lately that belong to it; null: all work is assumed to go to it.",
    )
    growth = serializers.FloatField(help_text="Items added in a week since work on it began.")
    dates_without_growth = DatesSerializer(allow_null=True, help_text="If nothing more is added; null without growth.")
    history_days = serializers.IntegerField(source="days")
    history_done = serializers.IntegerField(source="completed")


class InsightsView(StrictQueryMixin):
    """What both views read from the query."""

    http_method_names = ["get", "head"]

    def known_parameters(self) -> set[str]:
        return {"project", "zone", *NAMES}

    def scope(self, request: Request) -> Scope:
        project = read_project(request)
        if project is None:
            only = Project.objects.only_pk()
            if only is None:
                raise exceptions.ValidationError({"project": "is needed: the board has several projects, or none"})
            project = Project.objects.get(pk=only)
        values = {name: request.query_params.get(name, "") for name in NAMES}
        me = actor_of(request) if values["assignee"] == "@me" else None
        try:
            return scope_of(project, values, me=me)
        except ModelError as error:
            raise exceptions.ValidationError(error.message_dict) from None


class StatsView(InsightsView):
    def known_parameters(self) -> set[str]:
        return {*super().known_parameters(), "days"}

    @extend_schema(
        responses=StatsSerializer,
        operation_id="stats_retrieve",
        parameters=[*PARAMETERS, OpenApiParameter("days", DAYS, description="How many days it looks back.")],
    )
    def get(self, request: Request) -> Response:
        """Cycle and lead times, throughput and the age of the items in work."""
        zone, days = read_zone(request), read_number(request, "days", 1, MOST_DAYS) or DEFAULT_DAYS
        scope = self.scope(request)
        found = summary(scope, zone, timezone.now(), days)
        return Response(StatsSerializer(_stats(scope, zone, found)).data)


class ForecastView(InsightsView):
    @extend_schema(responses=ForecastSerializer, operation_id="forecast_retrieve", parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """By when the open items will be done, by Monte Carlo from the project's own history."""
        zone, scope = read_zone(request), self.scope(request)
        found = outlook(scope, zone, timezone.now())
        dates = {
            name: {f"p{level}": date for level, date in days.items()} or None
            for name, days in (("dates", found.dates), ("dates_without_growth", found.frozen))
        }
        named = {"project": scope.project.key, "scope": scope.name, "zone": zone.key}
        return Response(ForecastSerializer({**vars(found), **named, **dates}).data)


def _stats(scope: Scope, zone: ZoneInfo, found: Summary) -> dict[str, object]:
    return {
        "project": scope.project.key,
        "scope": scope.name,
        "zone": zone.key,
        "since": found.since,
        "done": found.done,
        "cycle_time": _times(found, "cycle"),
        "lead_time": _times(found, "lead"),
        "throughput": found.weeks,
        "in_work": [
            {
                "key": one.key,
                "status": one.status,
                "age_hours": _hours(one.times.seconds),
                "older_than": one.older_than,
            }
            for one in found.flow.aging
        ],
        "is_cut": found.flow.is_cut,
    }


def _times(found: Summary, kind: str) -> dict[str, object]:
    spread, parts = found.flow.spread(kind), found.flow.mean_parts(kind)
    return {
        "items": sum(getattr(one, kind) is not None for one in found.flow.done),
        "hours": {f"p{level}": _hours(spread.get(level)) for level in LEVELS},
        "mean_parts": {name: _hours(parts.get(name)) for name in PARTS},
    }


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 2)
