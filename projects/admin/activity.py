"""The activity: its admin, and the table of an entity's latest changes with old and new values."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from projects.admin.filters import AssigneeFilter, ProjectFilter
from projects.admin.links import admin_url
from projects.admin.search_limits import FewWordsAdmin
from projects.entities.registry import ENTITIES
from projects.loose_types import AnyRow, AnyRows, Framework
from projects.models import Activity, Project, WorkItem
from projects.models.base import Entity
from projects.models.references import referenced_objects

SHOWN = 20
LONGEST = 120  # characters shown of a value


class KindFilter(admin.SimpleListFilter):
    """Filter by entity type. The choices come from the registry, so no query has to collect them."""

    title = "kind"
    parameter_name = "entity_type"

    def lookups(self, request: HttpRequest, model_admin: Framework) -> list[tuple[str, str]]:
        return [(kind, kind.replace("_", " ").capitalize()) for kind in (entity.name for entity in ENTITIES)]

    def queryset(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        return queryset.filter(entity_type=self.value()) if self.value() else queryset


class ActivityProjectFilter(ProjectFilter):
    def narrow(self, queryset: AnyRows, name: str | None) -> Framework:
        return queryset.filter(project_id__in=Project.objects.filter(key=(name or "").upper()).values("pk"))


class ActorFilter(AssigneeFilter):
    title = "actor"
    parameter_name = "actor"
    none = ""

    def narrow(self, queryset: AnyRows, name: str | None) -> Framework:
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

    def has_change_permission(self, request: HttpRequest, obj: AnyRow = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AnyRow = None) -> bool:
        return False

    @admin.display(description="fields")
    def changed_fields(self, obj: Activity) -> str:
        return ", ".join(change["field"] for change in obj.changes)

    @admin.display(description="changes")
    def what_changed(self, obj: Activity) -> SafeString:
        rows = named_changes([obj])[0]
        return format_html(
            '<table class="inner"><tr><th scope="col">field<th scope="col">old<th scope="col">new</tr>{}</table>',
            format_html_join("", "<tr><td>{}<td>{}<td>{}</tr>", rows),
        )


def latest_changes(entity: Entity) -> SafeString:
    """Return the table with a link to the full history."""
    rows = list(Activity.objects.of(entity).select_related("actor").order_by("-id")[:SHOWN])
    more = admin_url(Activity, "changelist", entity_id__exact=entity.pk)
    shown = zip(rows, named_changes(rows), strict=True)
    return render_to_string("admin/history.html", {"rows": list(shown), "more": more})


def named_changes(rows: Iterable[Activity]) -> list[list[tuple[str, str, str]]]:
    """Return each row's changes as (field, old, new) with IDs resolved to names; one query per table."""
    rows = list(rows)
    objects = referenced_objects(rows)

    def text(value: Framework) -> str:
        found = objects.get(value) if isinstance(value, str) else None
        return _short(found.display_key if isinstance(found, WorkItem) else found or value)

    return [
        [(change["field"].removesuffix("_id"), text(change["old"]), text(change["new"])) for change in row.changes]
        for row in rows
    ]


def _short(value: Framework) -> str:
    if value is None or value in ("", []):
        return "–"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return Truncator(text).chars(LONGEST)
