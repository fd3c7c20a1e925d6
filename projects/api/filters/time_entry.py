from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema_field

from projects.api.filters.base import TRUTH
from projects.api.filters.derived import EntityFilterSet
from projects.models import TimeEntry


@extend_schema_field({"type": "string", "enum": ["true", "false"]})
class RunningFilter(django_filters.ChoiceFilter):  # type: ignore[misc] # the library has no types
    """Narrow to the running timers, or to the entries that have ended."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(ended_at__isnull=value == "true") if value else qs


class TimeEntryFilter(EntityFilterSet):
    running = RunningFilter(help_text="`true`: running timers; `false`: entries that have ended.")

    class Meta:
        model = TimeEntry
