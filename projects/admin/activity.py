from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from projects.models import Activity


@admin.register(Activity)
class ActivityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("id", "created_at", "actor", "action", "entity_type", "display_key", "changed_fields")
    list_filter = ("action", "entity_type")
    list_select_related = ("actor",)
    search_fields = ("display_key", "actor__username")
    ordering = ("-id",)
    fields = ("created_at", "actor", "action", "entity_type", "display_key", "entity_id", "version", "what_changed")
    readonly_fields = ("what_changed",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="fields")
    def changed_fields(self, obj: Activity) -> str:
        return ", ".join(change["field"] for change in obj.changes)

    @admin.display(description="changes")
    def what_changed(self, obj: Activity) -> SafeString:
        rows = ((change["field"], change["old"], change["new"]) for change in obj.changes)
        return format_html(
            "<table><tr><th>field<th>old<th>new</tr>{}</table>",
            format_html_join("", "<tr><td>{}<td>{}<td>{}</tr>", rows),
        )
