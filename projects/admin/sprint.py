from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from projects.admin import bulk_results, confirmation, filters, related_panels
from projects.admin.autocomplete import narrow
from projects.admin.base import EntityAdmin
from projects.admin.links import sprints_page
from projects.loose_types import AnyRow, AnyRows, Framework
from projects.models import Sprint, WorkItem
from projects.models.sprints.sprint import NEXT, Status

VERBS = {Status.PLANNED: "reopen", Status.ACTIVE: "start", Status.COMPLETED: "complete", Status.CANCELLED: "cancel"}


@admin.register(Sprint)
class SprintAdmin(EntityAdmin):
    list_display = ("name", "project_key", "status", "start_date", "end_date", "updated_at", "updated_by")
    list_filter = ("status", filters.ProjectFilter, filters.LifeFilter)
    search_fields = ("name", "goal", "project__key")
    ordering = ("-start_date", "-id")
    date_hierarchy = "start_date"
    actions = ("start", "complete", "cancel", "reopen", *EntityAdmin.actions)
    extra_readonly = ("status", "started_at", "completed_at", "items")

    def page_of(self, obj: Sprint) -> str | None:
        return sprints_page(obj) if obj.deleted_at is None and obj.project.deleted_at is None else None

    def buttons(self, obj: AnyRow) -> tuple[str, ...]:
        return super().buttons(obj) or tuple(VERBS[status] for status in NEXT.get(Status(obj.status), ()))

    def offered(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        # Items can't be added to an ended sprint.
        return super().offered(request, queryset).filter(status__in=(Status.PLANNED, Status.ACTIVE))

    def along(self, obj: AnyRow) -> list[str]:
        return [f"{item} leaves the sprint" for item in obj.items().order_by("position", "item_number")]

    @admin.display(description="project", ordering="project__key")
    def project_key(self, obj: Sprint) -> str:
        return str(obj.project.key)

    @admin.display(description="items")
    def items(self, obj: Sprint) -> SafeString:
        return related_panels.sprint_items(obj)

    @admin.action(permissions=["change"], description="Start selected sprints (one of a project)")
    def start(self, request: HttpRequest, queryset: QuerySet[Sprint]) -> None:
        actor: Framework = request.user
        self.run(request, queryset, "started", lambda sprint: sprint.start(actor=actor))

    @admin.action(permissions=["change"], description="Complete selected sprints…")
    def complete(self, request: HttpRequest, queryset: QuerySet[Sprint]) -> HttpResponse | None:
        return self._end(request, queryset, "complete", "completed")

    @admin.action(permissions=["change"], description="Cancel selected sprints…")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Sprint]) -> HttpResponse | None:
        return self._end(request, queryset, "cancel", "cancelled")

    @admin.action(permissions=["change"], description="Reopen selected started or cancelled sprints")
    def reopen(self, request: HttpRequest, queryset: QuerySet[Sprint]) -> None:
        actor: Framework = request.user
        moved: list[WorkItem] = []
        self.run(request, queryset, "reopened", lambda sprint: moved.extend(sprint.reopen(actor=actor)))
        if moved:
            messages.info(request, f"Returned to their sprint: {bulk_results.names(moved)}.")

    def _end(self, request: HttpRequest, queryset: QuerySet[Sprint], verb: str, done: str) -> HttpResponse | None:
        """End the sprints after confirmation. When completing, also ask where unfinished items go."""
        form = forms.Form(confirmation.form_data(request))
        left = list(_left(queryset))
        projects = list(queryset.order_by().values_list("project", flat=True).distinct()[:2])
        if verb == "complete" and left and len(projects) == 1:
            form.fields["move_to"] = self._target(request, projects[0])
        names = ", ".join(sprint.name for sprint in queryset[: confirmation.SHOWN])
        note = "Unfinished items leave the sprint." if left else "There are no unfinished items."
        title, button = f"{verb.capitalize()} {names}", verb.capitalize()
        page = confirmation.ask(self, request, queryset, form, title=title, button=button, note=note, along=left)
        if page is not None:
            return page
        actor: Framework = request.user
        target = form.cleaned_data.get("move_to")
        options = {"move_to": target} if target else {}
        moved: list[WorkItem] = []
        self.run(request, queryset, done, lambda sprint: moved.extend(getattr(sprint, verb)(actor=actor, **options)))
        if moved:
            where = f"Moved to {target}" if target else "Moved to the backlog"
            messages.info(request, f"{where}: {bulk_results.names(moved)}.")
        return None

    def _target(self, request: HttpRequest, project: object) -> forms.Field:
        items = self.admin_site.get_model_admin(WorkItem)
        field = items.formfield_for_foreignkey(WorkItem._meta.get_field("sprint"), request, required=False)
        assert field is not None
        field.label, field.help_text = "Move unfinished items to", "Leave empty for the backlog."
        narrow(field, project=project)
        return field


def _left(sprints: QuerySet[Sprint]) -> Framework:
    """Return the unfinished items of those sprints that have not ended."""
    running = sprints.filter(status__in=(Status.PLANNED, Status.ACTIVE)).values("pk")
    return WorkItem.objects.living().filter(sprint__in=running).unfinished().select_related("project").in_order()
