from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema_field

from projects.api.filters.base import TRUTH, DeletedFilter
from projects.api.filters.references import ListFilterSet, ReferenceFilter, RelativesFilter
from projects.models import Project, TimeEntry, WorkItem


@extend_schema_field({"type": "string", "enum": ["true", "false"]})
class RunningFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    """Show the timers that run, or what has ended."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(ended_at__isnull=value == "true") if value else qs


class TimeEntryFilter(ListFilterSet):
    work_item = ReferenceFilter(WorkItem, field_name="work_item_id", help_text="An item's id or display key.")
    project = RelativesFilter(Project, field_name="in_project", help_text="A project's id or key.")
    user = django_filters.CharFilter(field_name="user__username", max_length=150, help_text="A user's name.")
    running = RunningFilter(help_text="`true`: timers that run; `false`: what has ended.")
    deleted = DeletedFilter(help_text="`true` lists what was deleted and can be restored.")

    class Meta:
        model = TimeEntry
        fields = ()
