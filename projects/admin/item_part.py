"""Base classes for the admin of comments, time entries and dependencies."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString

from projects.admin.base import EntityAdmin
from projects.admin.chooser import is_uuid
from projects.admin.links import admin_url, item_page, link
from projects.models import WorkItem
from projects.models.work_items.queries import DISPLAY_KEY


class PartAdmin(EntityAdmin):
    """Returns to the work item's page if the URL has its ID as `item`."""

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> Any:
        return _back(request, super().response_post_save_change(request, obj))

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        return _back(request, super().response_delete(request, obj_display, obj_id))


class ItemPartAdmin(PartAdmin):
    """Also searches by the item's display key."""

    related: ClassVar[tuple[str, ...]] = ("work_item__project",)
    autocomplete_fields = ("work_item",)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        key = search_term.strip()
        if DISPLAY_KEY.fullmatch(key):
            return queryset.filter(work_item__in=WorkItem.objects.identified_by(key)), False
        return super().get_search_results(request, queryset, search_term)

    def page_of(self, obj: Any) -> str | None:
        item = obj.work_item
        lives = item.deleted_at is None and item.project.deleted_at is None
        return item_page(item) if lives else None

    @admin.display(description="item")
    def item(self, obj: Any) -> SafeString:
        return link(obj.work_item, obj.work_item.display_key)


def _back(request: HttpRequest, otherwise: HttpResponse) -> HttpResponse:
    item = request.GET.get("item", "")
    return redirect(admin_url(WorkItem, "change", item)) if is_uuid(item) else otherwise
