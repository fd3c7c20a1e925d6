"""Admin of what belongs to a work item: comments, dependencies and time entries."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString

from projects.admin.autocomplete import is_uuid
from projects.admin.base import EntityAdmin
from projects.admin.filters import ItemProjectFilter, LifeFilter, ProjectFilter
from projects.admin.forms import EntityForm
from projects.admin.links import admin_url, item_page, link
from projects.loose_types import AnyQuerySet, AnyRow, AnyRows, Framework
from projects.models import Comment, Dependency, TimeEntry, WorkItem
from projects.models.work_items.queries import DISPLAY_KEY

EXCERPT = 80  # characters


class RelatedAdmin(EntityAdmin):
    """Returns to the work item's page if the URL has its ID as `item`."""

    def response_post_save_change(self, request: HttpRequest, obj: AnyRow) -> Framework:
        return _back(request, super().response_post_save_change(request, obj))

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Framework) -> HttpResponse:
        return _back(request, super().response_delete(request, obj_display, obj_id))


class WorkItemChildAdmin(RelatedAdmin):
    """Also searches by the item's display key."""

    def get_search_results(self, request: HttpRequest, queryset: AnyQuerySet, search_term: str) -> Framework:
        key = search_term.strip()
        if DISPLAY_KEY.fullmatch(key):
            return queryset.filter(work_item__in=WorkItem.objects.identified_by(key)), False
        return super().get_search_results(request, queryset, search_term)

    def page_of(self, obj: AnyRow) -> str | None:
        item = obj.work_item
        is_living = item.deleted_at is None and item.project.deleted_at is None
        return item_page(item) if is_living else None

    @admin.display(description="item")
    def item(self, obj: AnyRow) -> SafeString:
        return link(obj.work_item, obj.work_item.display_key)


@admin.register(Comment)
class CommentAdmin(WorkItemChildAdmin):
    list_display = ("excerpt", "item", "kind", "created_by", "created_at", "updated_at")
    list_filter = ("kind", ItemProjectFilter, "created_at", LifeFilter)
    extra_readonly = ("confirmed_by",)
    date_hierarchy = "created_at"
    search_fields = ("content", "work_item__title", "created_by__username")
    ordering = ("-created_at", "-id")

    @admin.display(description="comment")
    def excerpt(self, obj: Comment) -> str:
        text = str(obj.content)
        return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}…"


class DependencyProjectFilter(ProjectFilter):
    path = "blocking_item__project"


@admin.register(Dependency)
class DependencyAdmin(RelatedAdmin):
    """Dependencies can be created, deleted and restored, but not edited."""

    list_display = ("__str__", "blocking", "blocked", "dependency_type", "created_at", "created_by")
    list_filter = ("dependency_type", DependencyProjectFilter, LifeFilter)
    search_fields = ("blocking_item__title", "blocked_item__title")
    search_help_text = "Search by key, e.g. PONE-12, or by words in a title."
    ordering = ("-created_at", "-id")

    def has_change_permission(self, request: HttpRequest, obj: AnyRow = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def get_search_results(self, request: HttpRequest, queryset: AnyRows, search_term: str) -> Framework:
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


class TimeEntryForm(EntityForm):
    """Users enter their own time. An entry without an end is a running timer."""

    def __init__(self, *args: Framework, **kwargs: Framework) -> None:
        super().__init__(*args, **kwargs)
        entry: AnyRow = self.instance
        if entry._state.adding:
            entry.user = self.actor


@admin.register(TimeEntry)
class TimeEntryAdmin(WorkItemChildAdmin):
    form = TimeEntryForm
    list_display = ("item", "user", "started_at", "ended_at", "duration", "description")
    list_display_links = ("started_at",)
    list_filter = (
        ("ended_at", admin.EmptyFieldListFilter),
        ItemProjectFilter,
        "started_at",
        LifeFilter,
    )
    date_hierarchy = "started_at"
    search_fields = ("description", "work_item__title", "user__username")
    ordering = ("-started_at", "-id")
    actions = ("stop", *WorkItemChildAdmin.actions)
    extra_readonly = ("user", "duration")

    def buttons(self, obj: AnyRow) -> tuple[str, ...]:
        return super().buttons(obj) or (("stop",) if obj.is_running else ())

    @admin.display(description="duration")
    def duration(self, obj: TimeEntry) -> str:
        if obj.duration_seconds is None:
            return "running"
        minutes, seconds = divmod(obj.duration_seconds, 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"

    @admin.action(permissions=["change"], description="Stop selected timers")
    def stop(self, request: HttpRequest, queryset: QuerySet[TimeEntry]) -> None:
        actor: Framework = request.user
        self.run(request, queryset, "stopped", lambda entry: entry.stop(actor=actor))


def _back(request: HttpRequest, otherwise: HttpResponse) -> HttpResponse:
    item = request.GET.get("item", "")
    return redirect(admin_url(WorkItem, "change", item)) if is_uuid(item) else otherwise
