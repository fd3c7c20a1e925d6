from __future__ import annotations

from django.contrib import admin

from projects.admin.base import EntityAdmin, LifeFilter
from projects.models import SwimLane


@admin.register(SwimLane)
class SwimLaneAdmin(EntityAdmin):
    related = ("project",)
    list_display = ("name", "project_key", "status_value", "position", "wip_limit", "updated_at")
    list_filter = (("project", admin.RelatedOnlyFieldListFilter), "status_value", LifeFilter)
    search_fields = ("name", "project__key")
    ordering = ("project", "position", "id")
    autocomplete_fields = ("project",)
    typed = ("project", "name", "status_value", "position", "wip_limit")

    @admin.display(description="project", ordering="project__key")
    def project_key(self, obj: SwimLane) -> str:
        return str(obj.project.key)
