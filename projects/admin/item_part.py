"""What the admin of all that hangs on a work item shares."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from projects.admin.base import EntityAdmin
from projects.models import WorkItem
from projects.models.work_item_query import DISPLAY_KEY


class ItemPartAdmin(EntityAdmin):
    """Found by the item's display key, too."""

    related: ClassVar[tuple[str, ...]] = ("work_item__project",)
    autocomplete_fields = ("work_item",)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        key = search_term.strip()
        if DISPLAY_KEY.fullmatch(key):
            return queryset.filter(work_item__in=WorkItem.objects.identified_by(key)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="item")
    def item(self, obj: Any) -> str:
        return str(obj.work_item.display_key)
