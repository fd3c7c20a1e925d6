from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from projects.admin.base import EntityAdmin, LifeFilter
from projects.models import Sprint, WorkItem

MAX_NAMED = 20  # items in a message


@admin.register(Sprint)
class SprintAdmin(EntityAdmin):
    related = ("project",)
    list_display = ("name", "project_key", "status", "start_date", "end_date", "updated_at", "updated_by")
    list_filter = ("status", ("project", admin.RelatedOnlyFieldListFilter), LifeFilter)
    search_fields = ("name", "goal", "project__key")
    ordering = ("-start_date", "-id")
    autocomplete_fields = ("project",)
    actions = ("start", "complete", "cancel", *EntityAdmin.actions)
    typed = ("project", "name", "goal", "start_date", "end_date")
    told = ("status", "started_at", "completed_at")

    @admin.display(description="project", ordering="project__key")
    def project_key(self, obj: Sprint) -> str:
        return str(obj.project.key)

    @admin.action(permissions=["change"], description="Start selected sprints (one of a project)")
    def start(self, request: HttpRequest, queryset: QuerySet[Sprint]) -> None:
        actor: Any = request.user
        self.run(request, queryset, "started", lambda sprint: sprint.start(actor=actor))

    @admin.action(permissions=["change"], description="Complete selected sprints (what is unfinished leaves them)")
    def complete(self, request: HttpRequest, queryset: QuerySet[Sprint]) -> None:
        actor: Any = request.user
        self._end(request, queryset, "completed", lambda sprint: sprint.complete(actor=actor))

    @admin.action(permissions=["change"], description="Cancel selected sprints (what is unfinished leaves them)")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Sprint]) -> None:
        actor: Any = request.user
        self._end(request, queryset, "cancelled", lambda sprint: sprint.cancel(actor=actor))

    def _end(
        self, request: HttpRequest, queryset: QuerySet[Sprint], done: str, verb: Callable[[Any], list[WorkItem]]
    ) -> None:
        moved: list[WorkItem] = []
        self.run(request, queryset, done, lambda sprint: moved.extend(verb(sprint)))
        if moved:
            names = ", ".join(item.display_key for item in moved[:MAX_NAMED])
            more = f" and {len(moved) - MAX_NAMED} more" if len(moved) > MAX_NAMED else ""
            messages.info(request, f"In no sprint any more: {names}{more}.")
