from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from projects.admin import history
from projects.admin.filters import AssigneeFilter, ProjectFilter
from projects.admin.searching import FewWordsAdmin
from projects.entities.registry import ENTITIES
from projects.models import Activity, Project


class KindFilter(admin.SimpleListFilter):
    """Filter by entity type. The choices come from the registry, so no query has to collect them."""

    title = "kind"
    parameter_name = "entity_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind.replace("_", " ").capitalize()) for kind in (entity.name for entity in ENTITIES)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(entity_type=self.value()) if self.value() else queryset


class ActivityProjectFilter(ProjectFilter):
    def narrow(self, queryset: Any, name: str | None) -> Any:
        return queryset.filter(project_id__in=Project.objects.filter(key=(name or "").upper()).values("pk"))


class ActorFilter(AssigneeFilter):
    title = "actor"
    parameter_name = "actor"
    none = ""

    def narrow(self, queryset: Any, name: str | None) -> Any:
        return queryset.filter(actor__username=name)


@admin.register(Activity)
class ActivityAdmin(FewWordsAdmin):
    list_display = ("id", "created_at", "actor", "action", "entity_type", "display_key", "changed_fields")
    list_filter = (ActivityProjectFilter, ActorFilter, "action", KindFilter)
    list_select_related = ("actor",)
    date_hierarchy = "created_at"
    show_full_result_count = False
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
        rows = history.named_changes([obj])[0]
        return format_html(
            '<table class="inner"><tr><th scope="col">field<th scope="col">old<th scope="col">new</tr>{}</table>',
            format_html_join("", "<tr><td>{}<td>{}<td>{}</tr>", rows),
        )
