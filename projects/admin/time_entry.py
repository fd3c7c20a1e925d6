from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from projects.admin.filters import ItemProjectFilter, LifeFilter
from projects.admin.forms import EntityForm
from projects.admin.item_part import ItemPartAdmin
from projects.models import TimeEntry


class TimeEntryForm(EntityForm):
    """Users enter their own time. An entry without an end is a running timer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.user = self.actor


@admin.register(TimeEntry)
class TimeEntryAdmin(ItemPartAdmin):
    form = TimeEntryForm
    related = (*ItemPartAdmin.related, "user")
    list_display = ("item", "user", "started_at", "ended_at", "duration", "description")
    list_display_links = ("started_at",)
    list_filter = (
        ("ended_at", admin.EmptyFieldListFilter),
        ItemProjectFilter,
        "started_at",
        LifeFilter,
    )
    date_hierarchy = "started_at"
    search_fields = ("description", "work_item__title", "user__username")
    ordering = ("-started_at", "-id")
    actions = ("stop", *ItemPartAdmin.actions)
    typed = ("work_item", "started_at", "ended_at", "description")
    extra_readonly = ("user", "duration")

    def buttons(self, obj: Any) -> tuple[str, ...]:
        return super().buttons(obj) or (("stop",) if obj.is_running else ())

    @admin.display(description="duration")
    def duration(self, obj: TimeEntry) -> str:
        if obj.duration_seconds is None:
            return "running"
        minutes, seconds = divmod(obj.duration_seconds, 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"

    @admin.action(permissions=["change"], description="Stop selected timers")
    def stop(self, request: HttpRequest, queryset: QuerySet[TimeEntry]) -> None:
        actor: Any = request.user
        self.run(request, queryset, "stopped", lambda entry: entry.stop(actor=actor))
