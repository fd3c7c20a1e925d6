from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.admin.base import EntityAdmin, is_choosing
from projects.admin.filters import ChangedFilter, LifeFilter
from projects.admin.links import admin_url, board_page
from projects.entities.project import POLICIES
from projects.entities.work_item import CLOSED
from projects.loose_types import AnyRow, AnyRows, Framework
from projects.models import Project, Sprint, SwimLane, WorkItem


@admin.register(Project)
class ProjectAdmin(EntityAdmin):
    list_display = ("key", "title", "status", "open_items", "done_items", "active_sprint", "updated_at", "board")
    list_display_links = ("key", "title")
    list_filter = ("status", ChangedFilter, LifeFilter)
    search_fields = ("key", "title", "description")
    ordering = ("status", "created_at", "id")
    actions = ("archive", "activate", *EntityAdmin.actions)
    extra_readonly = ("work",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        projects: QuerySet[Project] = super().get_queryset(request)
        if is_choosing(request):
            return projects
        items = WorkItem.objects.filter(project=OuterRef("pk"), deleted_at__isnull=True)
        active = Sprint.objects.filter(project=OuterRef("pk"), deleted_at__isnull=True, status="active")
        return projects.annotate(
            number_open=_count(items.exclude(status__in=CLOSED)),
            number_done=_count(items.filter(status="done")),
            sprint_name=Subquery(active.values("name")[:1]),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: AnyRow = None) -> tuple[str, ...]:
        fields = super().get_readonly_fields(request, obj)
        return (*fields, "title", "description", *POLICIES) if obj is not None and obj.is_archived else fields

    def has_delete_permission(self, request: HttpRequest, obj: AnyRow = None) -> bool:
        return (obj is None or not obj.is_archived) and super().has_delete_permission(request, obj)

    def page_of(self, obj: Project) -> str | None:
        return board_page(obj) if obj.deleted_at is None else None

    def buttons(self, obj: AnyRow) -> tuple[str, ...]:
        return super().buttons(obj) or (("activate",) if obj.is_archived else ("archive",))

    def along(self, obj: AnyRow) -> list[str]:
        numbers = {model: model.objects.living().filter(project=obj).count() for model in (WorkItem, Sprint, SwimLane)}
        return [f"{number} {model._meta.verbose_name_plural}" for model, number in numbers.items() if number]

    @admin.display(description="open", ordering="number_open")
    def open_items(self, obj: AnyRow) -> int:
        return int(obj.number_open)

    @admin.display(description="done", ordering="number_done")
    def done_items(self, obj: AnyRow) -> int:
        return int(obj.number_done)

    @admin.display(description="active sprint", empty_value="–")
    def active_sprint(self, obj: AnyRow) -> str | None:
        name: str | None = obj.sprint_name
        return name

    @admin.display(description="board")
    def board(self, obj: Project) -> SafeString | str:
        url = self.page_of(obj)
        return format_html('<a href="{}" aria-label="Board of {}">open</a>', url, obj.key) if url else ""

    @admin.display(description="work")
    def work(self, obj: AnyRow) -> SafeString:
        return format_html(
            '{} open, {} done: <a href="{}">work items</a> · <a href="{}">sprints</a> · <a href="{}">swim lanes</a>',
            obj.number_open,
            obj.number_done,
            *(admin_url(model, "changelist", project=obj.key) for model in (WorkItem, Sprint, SwimLane)),
        )

    @admin.action(permissions=["change"], description="Archive selected projects (they become read-only)")
    def archive(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        actor: Framework = request.user
        self.run(request, queryset, "archived", lambda project: project.archive(actor=actor))

    @admin.action(permissions=["change"], description="Reactivate selected projects")
    def activate(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        actor: Framework = request.user
        self.run(request, queryset, "reactivated", lambda project: project.activate(actor=actor))


def _count(items: AnyRows) -> Framework:
    counted = items.order_by().values("project").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
