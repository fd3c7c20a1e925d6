"""Bulk actions on work items: set one field, or delete items with their descendants."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from projects.admin import outcome, question
from projects.admin.base import EntityAdmin
from projects.admin.chooser import narrow
from projects.models import WorkItem


class ValueForm(forms.Form):
    """Asks for the new value, using the model's form field."""

    def __init__(self, data: Any, name: str, field: forms.Field) -> None:
        super().__init__(data)
        self.name = name
        self.fields[name] = field

    @property
    def value(self) -> Any:
        return self.cleaned_data[self.name]


class BulkAdmin(EntityAdmin):
    """Work item list actions; an intermediate page asks for the value."""

    actions = ("set_status", "set_priority", "set_sprint", "set_assignee", *EntityAdmin.actions)

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
        form = ValueForm(question.answers(request), name, self.value_field(request, queryset, name))
        count = queryset.count()
        title = f"Set the {name} of {count} work item{'' if count == 1 else 's'}"
        page = question.ask(self, request, queryset, form, title=title, button=f"Set the {name}")
        if page is not None:
            return page
        actor, column, value = request.user, name if name in ("status", "priority") else f"{name}_id", form.value
        new = getattr(value, "pk", value)
        shown = dict(getattr(form.fields[name], "choices", None) or ()).get(value) if isinstance(value, str) else value
        self.run(
            request,
            queryset,
            f"set to {shown}" if value else f"set to no {name}",
            lambda item: item.update(actor=actor, **{column: new}),
        )
        return None

    def value_field(self, request: HttpRequest, queryset: QuerySet[WorkItem], name: str) -> forms.Field:
        """Return the model field's form field with no preselected value, so that nobody submits one by mistake."""
        db_field: Any = WorkItem._meta.get_field(name)
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
            title = f"Delete {outcome.names(queryset)} and {len(along)} descendant{'' if len(along) == 1 else 's'}"
            note = "Their descendants are deleted too, whether open or done. You can restore them together."
            form = forms.Form(question.answers(request))
            page = question.ask(self, request, queryset, form, title=title, button="Delete all", note=note, along=along)
            if page is not None:
                return page
        # Delete a selected descendant together with its ancestor, so that restoring the ancestor restores both.
        tops = queryset.exclude(parent__in=selected).exclude(parent__parent__in=selected) if along else queryset
        actor: Any = request.user
        self.run(request, tops, "deleted", lambda item: item.soft_delete(actor=actor, recursive=bool(along)))
        return None


def below(items: Any) -> Any:
    """Return the living descendants of these items. Two levels suffice: epic, story, task."""
    return WorkItem.objects.living().filter(Q(parent__in=items) | Q(parent__parent__in=items))
