from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from projects.admin.filters import LifeFilter, ProjectFilter
from projects.admin.item_part import PartAdmin
from projects.admin.links import item_page, link
from projects.models import Dependency, WorkItem
from projects.models.work_items.queries import DISPLAY_KEY


class EndFilter(ProjectFilter):
    path = "blocking_item__project"


@admin.register(Dependency)
class DependencyAdmin(PartAdmin):
    """Dependencies can be created, deleted and restored, but not edited."""

    related = ("blocking_item__project", "blocked_item__project")
    list_display = ("__str__", "blocking", "blocked", "dependency_type", "created_at", "created_by")
    list_filter = ("dependency_type", EndFilter, LifeFilter)
    search_fields = ("blocking_item__title", "blocked_item__title")
    search_help_text = "Search by key, e.g. PONE-12, or by words in a title."
    ordering = ("-created_at", "-id")
    autocomplete_fields = ("blocking_item", "blocked_item")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        key = search_term.strip()
        if DISPLAY_KEY.fullmatch(key):
            named = WorkItem.objects.identified_by(key).values_list("pk", flat=True).first()
            return (queryset.of(named) if named else queryset.none()), False
        return super().get_search_results(request, queryset, search_term)

    def page_of(self, obj: Dependency) -> str | None:
        item = obj.blocked_item
        return item_page(item) if item.deleted_at is None and item.project.deleted_at is None else None

    @admin.display(description="from")
    def blocking(self, obj: Dependency) -> SafeString:
        return link(obj.blocking_item, obj.blocking_item)

    @admin.display(description="to")
    def blocked(self, obj: Dependency) -> SafeString:
        return link(obj.blocked_item, obj.blocked_item)
