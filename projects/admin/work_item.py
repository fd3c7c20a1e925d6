from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from projects.admin.base import EntityAdmin, LifeFilter
from projects.models import WorkItem
from projects.models.work_item_query import DISPLAY_KEY


@admin.register(WorkItem)
class WorkItemAdmin(EntityAdmin):
    related = ("project", "parent__project", "sprint", "assignee", "claimed_by")
    list_display = (
        "key",
        "title",
        "item_type",
        "status",
        "priority",
        "assignee",
        "sprint",
        "story_points",
        "updated_at",
    )
    list_display_links = ("key", "title")
    list_filter = (
        ("project", admin.RelatedOnlyFieldListFilter),
        "item_type",
        "status",
        "priority",
        ("assignee", admin.RelatedOnlyFieldListFilter),
        ("sprint", admin.RelatedOnlyFieldListFilter),
        LifeFilter,
    )
    search_fields = ("title", "description")
    ordering = ("project", "position", "item_number")
    autocomplete_fields = ("project", "parent", "sprint", "assignee")
    actions = ("release_claims", *EntityAdmin.actions)
    typed = (
        *("project", "item_type", "title", "description", "status", "priority"),
        *("parent", "sprint", "assignee", "labels", "story_points"),
    )
    told = ("claimed_by", "lease_expires_at", "started_at", "completed_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Its number is in its key.
        return tuple(name for name in super().get_readonly_fields(request, obj) if name != "item_number")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        key = search_term.strip()
        if not DISPLAY_KEY.fullmatch(key):
            return super().get_search_results(request, queryset, search_term)
        found, _ = super().get_search_results(request, queryset, "")
        return found.identified_by(key), False

    @admin.display(description="key", ordering="item_number")
    def key(self, obj: WorkItem) -> str:
        return obj.display_key

    @admin.action(permissions=["change"], description="Release selected work items that are claimed")
    def release_claims(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> None:
        actor: Any = request.user
        self.run(request, queryset, "released", lambda item: item.release(actor=actor, force=True))
