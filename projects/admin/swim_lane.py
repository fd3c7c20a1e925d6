from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse

from projects.admin import confirmation, filters
from projects.admin.base import EntityAdmin
from projects.admin.links import board_page
from projects.loose_types import AnyRow, Framework
from projects.models import Project, SwimLane, WorkItem
from projects.models.exceptions import Refused
from projects.models.swim_lane import MAX_WIP_LIMIT


@admin.register(SwimLane)
class SwimLaneAdmin(EntityAdmin):
    list_display = ("name", "project_key", "status_value", "position", "wip_limit", "in_it", "updated_at")
    list_filter = (filters.ProjectFilter, "status_value", filters.LifeFilter)
    search_fields = ("name", "project__key")
    ordering = ("project", "position", "id")
    actions = ("move_left", "move_right", "set_limit", *EntityAdmin.actions)
    extra_readonly = ("in_it",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SwimLane]:
        items = WorkItem.objects.filter(
            project=OuterRef("project"), status=OuterRef("status_value"), deleted_at__isnull=True
        )
        counted = items.order_by().values("project").annotate(number=Count("pk")).values("number")
        lanes: QuerySet[SwimLane] = super().get_queryset(request)
        return lanes.annotate(items=Coalesce(Subquery(counted, output_field=IntegerField()), 0))

    def page_of(self, obj: SwimLane) -> str | None:
        return board_page(obj.project) if obj.deleted_at is None and obj.project.deleted_at is None else None

    def buttons(self, obj: AnyRow) -> tuple[str, ...]:
        return super().buttons(obj) or ("move_left", "move_right")

    @admin.display(description="project", ordering="project__key")
    def project_key(self, obj: SwimLane) -> str:
        return str(obj.project.key)

    @admin.display(description="items", ordering="items")
    def in_it(self, obj: AnyRow) -> str:
        return (
            f"{obj.items}, over the limit"
            if obj.wip_limit is not None and obj.items > obj.wip_limit
            else str(obj.items)
        )

    @admin.action(permissions=["change"], description="Move selected swim lanes one place to the left")
    def move_left(self, request: HttpRequest, queryset: QuerySet[SwimLane]) -> None:
        self._move(request, queryset, -1)

    @admin.action(permissions=["change"], description="Move selected swim lanes one place to the right")
    def move_right(self, request: HttpRequest, queryset: QuerySet[SwimLane]) -> None:
        self._move(request, queryset, 1)

    def _move(self, request: HttpRequest, queryset: QuerySet[SwimLane], step: int) -> None:
        actor: Framework = request.user
        selected = set(queryset.values_list("pk", flat=True))
        moved = 0
        for project in Project.objects.filter(swim_lanes__in=selected).distinct():
            lanes = list(SwimLane.objects.living().filter(project=project).order_by("position", "id"))
            order = shifted([lane.pk for lane in lanes], selected, step)
            try:
                with transaction.atomic():
                    SwimLane.objects.reorder(project, order, actor=actor)
            except Refused as refusal:
                messages.error(request, refusal.message)
            except ValidationError as error:
                messages.error(request, "; ".join(error.messages))
            else:
                moved += sum(lane.pk in selected for lane, pk in zip(lanes, order, strict=True) if lane.pk != pk)
        messages.add_message(request, messages.SUCCESS if moved else messages.WARNING, f"{moved} moved.")

    @admin.action(permissions=["change"], description="Set the WIP limit of selected swim lanes…")
    def set_limit(self, request: HttpRequest, queryset: QuerySet[SwimLane]) -> HttpResponse | None:
        form = forms.Form(confirmation.form_data(request))
        field = forms.IntegerField(min_value=1, max_value=MAX_WIP_LIMIT, required=False, help_text="Empty: no limit.")
        form.fields["limit"] = field
        title = f"Set the WIP limit of {queryset.count()} swim lanes"
        page = confirmation.ask(self, request, queryset, form, title=title, button="Set the limit")
        if page is not None:
            return page
        actor, limit = request.user, form.cleaned_data["limit"]
        done = f"limited to {limit}" if limit else "set to no limit"
        self.run(request, queryset, done, lambda lane: lane.update(actor=actor, wip_limit=limit))
        return None


def shifted(order: Sequence[Framework], selected: set[Framework], step: int) -> list[Framework]:
    """Move the selected elements one place towards the start (-1) or the end (1), where there is room."""
    new = list(order)[::-step]
    for place in range(1, len(new)):
        if new[place] in selected and new[place - 1] not in selected:
            new[place - 1], new[place] = new[place], new[place - 1]
    return new[::-step]
