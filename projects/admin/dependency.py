from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from projects.admin.base import EntityAdmin, LifeFilter
from projects.models import Dependency


@admin.register(Dependency)
class DependencyAdmin(EntityAdmin):
    """Made, deleted and restored; never edited."""

    related = ("blocking_item__project", "blocked_item__project")
    list_display = ("__str__", "dependency_type", "created_at", "created_by")
    list_filter = ("dependency_type", ("blocking_item__project", admin.RelatedOnlyFieldListFilter), LifeFilter)
    search_fields = ("blocking_item__title", "blocked_item__title")
    ordering = ("-created_at", "-id")
    autocomplete_fields = ("blocking_item", "blocked_item")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)
