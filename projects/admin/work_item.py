from __future__ import annotations

import uuid

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.admin import bulk_results, confirmation, filters, related_panels
from projects.admin.autocomplete import narrow
from projects.admin.base import EntityAdmin, is_choosing
from projects.admin.links import item_page
from projects.admin.search_limits import few_words
from projects.admin.work_item_form import ADDED, WorkItemForm
from projects.loose_types import AnyRow, AnyRows, Framework
from projects.models import Project, WorkItem
from projects.models.exceptions import HasChildren
from projects.models.work_items.hierarchy import PARENTS
from projects.models.work_items.queries import DISPLAY_KEY

PARTS = {
    "dependency": ("Dependencies", "dependencies"),
    "comment": ("Comments", "comments"),
    "timeentry": ("Time", "time"),
}
HIDDEN = ("once", "end_claim")  # fields of the form that are not of the item


class ValueForm(forms.Form):
    """Asks for the new value, using the model's form field."""

    def __init__(self, data: Framework, name: str, field: forms.Field) -> None:
        super().__init__(data)
        self.name = name
        self.fields[name] = field

    @property
    def value(self) -> Framework:
        return self.cleaned_data[self.name]


@admin.register(WorkItem)
class WorkItemAdmin(EntityAdmin):
    form = WorkItemForm
    list_display = (
        *("key", "title", "item_type", "state", "priority_shown", "assignee"),
        *("sprint", "story_points", "changed", "page"),
    )
    list_display_links = ("key", "title")
    list_filter = (
        *(filters.ProjectFilter, "status", "item_type", "priority", filters.AssigneeFilter, filters.SprintFilter),
        *(filters.LabelFilter, filters.BlockedFilter, filters.ClaimedFilter, filters.ChangedFilter, filters.LifeFilter),
    )
    search_fields = ("title", "description")
    search_help_text = "Search by key, e.g. PONE-12, or by words in the title or description."
    ordering = ("project", "position", "id")  # by rank, which no column shows
    actions = (
        *("release_claims", "set_status", "set_priority", "set_sprint", "set_assignee"),
        *EntityAdmin.actions,
    )
    extra_readonly = (
        *("path", "children", "dependencies", "comments", "time"),
        *("claimed_by", "lease_expires_at", "started_at", "completed_at", "closing", "evidence"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkItem]:
        items = super().get_queryset(request)
        return (
            items
            if is_choosing(request)
            else items.annotate(waits=Exists(WorkItem.objects.blocked().filter(pk=OuterRef("pk"))))
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> Framework:
        first = list(Project.objects.living().filter(status="active").values_list("pk", flat=True)[:2])
        return {**({"project": first[0]} if len(first) == 1 else {}), **super().get_changeform_initial_data(request)}

    def get_fields(self, request: HttpRequest, obj: AnyRow = None) -> Framework:
        hidden = HIDDEN if obj is not None and self.has_change_permission(request, obj) else ()
        return [*super().get_fields(request, obj), *hidden]

    def get_fieldsets(self, request: HttpRequest, obj: AnyRow = None) -> Framework:
        if obj is None:
            return super().get_fieldsets(request, obj)
        user: Framework = request.user
        writes = self.has_change_permission(request, obj)
        parts = []
        for kind, (title, listed) in PARTS.items():
            added = ADDED[kind] if writes and user.has_perm(f"projects.add_{kind}") else ()
            seen = (listed,) if any(user.has_perm(f"projects.{right}_{kind}") for right in ("view", "change")) else ()
            if added or seen:
                parts.append((title, {"fields": (*seen, *([added] if len(added) > 1 else added))}))
        own = [name for name in self.get_fields(request, obj) if name in (*self.editable, "expected_version", *HIDDEN)]
        record = (
            "claimed_by",
            "lease_expires_at",
            "started_at",
            "completed_at",
            "closing",
            "evidence",
            "created_at",
            "created_by",
        )
        return [
            (None, {"fields": ("path", *own)}),
            ("Children", {"fields": ("children",)}),
            *parts,
            ("Activity", {"fields": ("activity",)}),
            ("Record", {"fields": (*record, "updated_at", "updated_by", "version"), "classes": ("collapse",)}),
        ]

    def get_search_results(self, request: HttpRequest, queryset: AnyRows, search_term: str) -> Framework:
        found, _ = super().get_search_results(request, queryset, "")
        key = search_term.strip()
        if DISPLAY_KEY.fullmatch(key):
            return found.identified_by(key), False
        return (found.containing(few_words(key)) if key else found), False

    def offered(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        found = super().offered(request, queryset)
        if request.GET.get("field_name") != "parent":
            return found
        types = PARENTS.get(request.GET.get("item_type", ""), ("epic", "story"))
        return found.filter(item_type__in=types)

    def page_of(self, obj: WorkItem) -> str | None:
        return item_page(obj) if obj.deleted_at is None and obj.project.deleted_at is None else None

    def buttons(self, obj: AnyRow) -> tuple[str, ...]:
        return super().buttons(obj) or (("release_claims",) if obj.claimed_by_id else ())

    def along(self, obj: AnyRow) -> list[str]:
        return [str(item) for item in below([obj.pk]).select_related("project").in_order()]

    def delete_model(self, request: HttpRequest, obj: AnyRow) -> None:
        # Delete only as many descendants as the page showed.
        children = self.along(obj)
        if children and request.POST.get("along") not in (None, str(len(children))):
            raise HasChildren(
                f"the descendants of {obj.display_key} have changed; review them and confirm again",
                list(obj.living_children()),
            )
        obj.soft_delete(actor=request.user, recursive="along" in request.POST)

    @admin.display(description="key", ordering="item_number")
    def key(self, obj: WorkItem) -> str:
        return obj.display_key

    @admin.display(description="status", ordering="status")
    def state(self, obj: AnyRow) -> SafeString:
        waits = " · blocked" if obj.waits and obj.is_open and obj.status != "blocked" else ""
        held = obj.claimed_by.username if obj.claimed_by and obj.lease_expires_at > timezone.now() else ""
        return format_html("{}{}{}", obj.get_status_display(), waits, f" · claimed by {held}" if held else "")

    @admin.display(description="priority", ordering="urgency")
    def priority_shown(self, obj: AnyRow) -> str:
        return str(obj.get_priority_display())

    @admin.display(description="changed", ordering="updated_at")
    def changed(self, obj: WorkItem) -> str:
        return f"{obj.updated_at:%Y-%m-%d %H:%M}"

    @admin.display(description="page")
    def page(self, obj: WorkItem) -> SafeString | str:
        url = self.page_of(obj)
        return format_html('<a href="{}" aria-label="Page of {}">open</a>', url, obj.display_key) if url else ""

    @admin.display(description="path")
    def path(self, obj: WorkItem) -> SafeString:
        return related_panels.path(obj)

    @admin.display(description="children")
    def children(self, obj: WorkItem) -> SafeString:
        return related_panels.children(obj)

    @admin.display(description="dependencies")
    def dependencies(self, obj: WorkItem) -> SafeString:
        return related_panels.dependencies(obj)

    @admin.display(description="comments")
    def comments(self, obj: WorkItem) -> SafeString:
        return related_panels.comments(obj)

    @admin.display(description="time")
    def time(self, obj: WorkItem) -> SafeString:
        return related_panels.time_entries(obj)

    @admin.action(permissions=["change"], description="Release the claims on selected work items")
    def release_claims(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> HttpResponse | None:
        actor: Framework = request.user
        claims = claims_of_others(queryset, actor)
        if claims:
            form = forms.Form(confirmation.form_data(request))
            title, along = "Release claims that still run", [*claims.values()]
            page = confirmation.ask(self, request, queryset, form, title=title, button="Release", along=along)
            if page is not None:
                return page
        self.run(request, queryset, "released", lambda item: item.release(actor=actor, force=True))
        return None

    @admin.action(permissions=["change"], description="Set the status of selected work items…")
    def set_status(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> HttpResponse | None:
        return self.set_field(request, queryset, "status")

    @admin.action(permissions=["change"], description="Set the priority of selected work items…")
    def set_priority(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> HttpResponse | None:
        return self.set_field(request, queryset, "priority")

    @admin.action(permissions=["change"], description="Set the sprint of selected work items…")
    def set_sprint(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> HttpResponse | None:
        return self.set_field(request, queryset, "sprint")

    @admin.action(permissions=["change"], description="Set the assignee of selected work items…")
    def set_assignee(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> HttpResponse | None:
        return self.set_field(request, queryset, "assignee")

    def set_field(self, request: HttpRequest, queryset: QuerySet[WorkItem], name: str) -> HttpResponse | None:
        """Ask for the value and set it on each item."""
        form = ValueForm(confirmation.form_data(request), name, self.value_field(request, queryset, name))
        count = queryset.count()
        title = f"Set the {name} of {count} work item{'' if count == 1 else 's'}"
        claims = claims_of_others(queryset, request.user) if name in ("status", "assignee") else {}
        note = "This ends the claims of others, which are listed below." if claims else ""
        page = confirmation.ask(
            self, request, queryset, form, title=title, button=f"Set the {name}", note=note, along=[*claims.values()]
        )
        if page is not None:
            return page
        actor, column, value = request.user, name if name in ("status", "priority") else f"{name}_id", form.value
        new = getattr(value, "pk", value)
        shown = dict(getattr(form.fields[name], "choices", None) or ()).get(value) if isinstance(value, str) else value
        self.run(
            request,
            queryset,
            f"set to {shown}" if value else f"set to no {name}",
            lambda item: item.update(actor=actor, unclaim=item.pk in claims, **{column: new}),
        )
        return None

    def value_field(self, request: HttpRequest, queryset: QuerySet[WorkItem], name: str) -> forms.Field:
        """Return the model field's form field without a preselected value, to prevent submitting it by mistake."""
        db_field: Framework = WorkItem._meta.get_field(name)
        if not db_field.is_relation:
            return forms.ChoiceField(choices=[("", "---------"), *db_field.choices])
        field: forms.Field = self.formfield_for_foreignkey(db_field, request, required=False)
        field.help_text = f"Leave empty for no {name}."
        projects = list(queryset.order_by().values_list("project", flat=True).distinct()[:2])
        if name == "sprint" and len(projects) == 1:
            narrow(field, project=projects[0])
        return field

    @admin.action(permissions=["delete"], description="Delete selected work items (can be restored)")
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> HttpResponse | None:
        selected = queryset.values("pk")
        along = list(below(selected).exclude(pk__in=selected).select_related("project").in_order())
        if along:
            title = f"Delete {bulk_results.names(queryset)} and {len(along)} descendant{'' if len(along) == 1 else 's'}"
            note = "Their descendants are deleted too, whether open or done. You can restore them together."
            form = forms.Form(confirmation.form_data(request))
            page = confirmation.ask(
                self, request, queryset, form, title=title, button="Delete all", note=note, along=along
            )
            if page is not None:
                return page
        # Delete a selected descendant together with its ancestor, so that restoring the ancestor restores both.
        tops = queryset.exclude(parent__in=selected).exclude(parent__parent__in=selected) if along else queryset
        actor: Framework = request.user
        self.run(request, tops, "deleted", lambda item: item.soft_delete(actor=actor, recursive=bool(along)))
        return None


def claims_of_others(items: QuerySet[WorkItem], user: Framework) -> dict[uuid.UUID, str]:
    """Return, by item, who holds it for how long, except what `user` holds."""
    held = items.filter(lease_expires_at__gt=timezone.now()).select_related("claimed_by", "project")
    return {item.pk: item.claim_refusal().text for item in held if not item.is_held_by(user)}


def below(items: AnyRows) -> Framework:
    """Return the living descendants of these items. Two levels suffice: epic, story, task."""
    return WorkItem.objects.living().filter(Q(parent__in=items) | Q(parent__parent__in=items))
