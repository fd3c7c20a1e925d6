from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from projects.admin.base import EntityAdmin, LifeFilter
from projects.models import Project


@admin.register(Project)
class ProjectAdmin(EntityAdmin):
    list_display = ("key", "title", "status", "updated_at", "updated_by")
    list_display_links = ("key", "title")
    list_filter = ("status", LifeFilter)
    search_fields = ("key", "title", "description")
    actions = ("archive", "activate", *EntityAdmin.actions)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "title", "description") if obj is not None and obj.is_archived else fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or not obj.is_archived) and super().has_delete_permission(request, obj)

    @admin.action(permissions=["change"], description="Archive selected projects (they become read-only)")
    def archive(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self.run(request, queryset, "archived", lambda project: project.archive(actor=request.user))

    @admin.action(permissions=["change"], description="Make selected projects active again")
    def activate(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self.run(request, queryset, "made active", lambda project: project.activate(actor=request.user))
