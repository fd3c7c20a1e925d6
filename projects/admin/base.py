"""The base class of all entity admins. All writes go through the model, which validates and records them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from projects.admin import bulk_results
from projects.admin.activity import latest_changes
from projects.admin.autocomplete import AutocompleteWidget, is_uuid
from projects.admin.forms import EntityForm
from projects.admin.links import admin_url
from projects.admin.search_limits import FewWordsAdmin
from projects.entities.registry import BY_NAME
from projects.loose_types import AnyQuerySet, AnyRow, AnyRows, Framework
from projects.models import Activity
from projects.models.base import Entity, Values
from projects.models.exceptions import Refused

REFUSAL = "pm.refusal"  # of a request: why its form was not written
SHOWN = 20  # affected objects listed on the delete page
STAMPS = ("created_at", "created_by", "updated_at", "updated_by", "version")


class EntityAdmin(FewWordsAdmin):
    form = EntityForm
    actions: tuple[str, ...] = ("delete_selected", "restore")
    extra_readonly: ClassVar[tuple[str, ...]] = ()  # extra read-only fields on the change page
    save_on_top = True
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> AnyQuerySet:
        return super().get_queryset(request).select_related("created_by", "updated_by", *self._links())

    def _links(self) -> Iterator[str]:
        """Yield the relations that a row shows; the key of some entities starts with that of their project."""
        for field in self.model.spec.fields:
            if field.is_link:
                has_project_key = field.refers and "project__key" in BY_NAME[field.refers].key
                yield f"{field.name}__project" if has_project_key else field.name

    @property
    def editable(self) -> list[str]:
        """The fields that users set when they create or change an entity."""
        return [field.name for field in self.model.spec.fields if field.is_settable]

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        return [name for name in self.editable if self.model.spec.field(name).is_link]

    def get_readonly_fields(self, request: HttpRequest, obj: AnyRow = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        fixed = [name for name in self.editable if self.model.spec.field(name).fixed]
        return (*fixed, *self.extra_readonly, *STAMPS, "activity")

    def get_fields(self, request: HttpRequest, obj: AnyRow = None) -> Framework:
        fields = self.editable
        if obj is None or self.has_change_permission(request, obj):
            fields.append("expected_version")
        return fields if obj is None else [*fields, *self.extra_readonly, *STAMPS, "activity"]

    def get_form(
        self, request: HttpRequest, obj: AnyRow = None, change: bool = False, **kwargs: Framework
    ) -> Framework:
        form: Framework = super().get_form(request, obj, change, **kwargs)
        form.actor = request.user
        form.refusal = request.META.get(REFUSAL)
        return form

    def formfield_for_foreignkey(self, db_field: Framework, request: HttpRequest, **kwargs: Framework) -> Framework:
        model = db_field.remote_field.model
        if issubclass(model, Entity):
            kwargs["queryset"] = model.objects.living().select_related(*(("project",) if has_project(model) else ()))
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = AutocompleteWidget(db_field)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Framework, request: HttpRequest, **kwargs: Framework) -> Framework:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_delete_related = False  # delete on its own page, which lists the affected objects
        return field

    def get_search_results(self, request: HttpRequest, queryset: AnyRows, search_term: str) -> Framework:
        # Autocomplete offers only living rows; the change list has a filter for deleted ones.
        found = self.offered(request, queryset.living()) if is_choosing(request) else queryset
        return super().get_search_results(request, found, search_term)

    def offered(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        """Filter autocomplete results by the parameters of the widget's URL."""
        project = request.GET.get("project", "")
        return queryset.filter(project=project) if has_project(self.model) and is_uuid(project) else queryset

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.editable) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: AnyRow = None) -> bool:
        is_open = bool(self.editable) and (obj is None or obj.deleted_at is None)
        return is_open and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: AnyRow = None) -> bool:
        is_open = bool(self.editable) and (obj is None or obj.deleted_at is None)
        return is_open and super().has_delete_permission(request, obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Framework = None,
    ) -> Framework:
        """Show the form again, with what was typed, if a rule refuses only the write: its transaction is undone."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (Refused, ValidationError) as refusal:
            if request.method != "POST" or REFUSAL in request.META:
                raise
            request.META[REFUSAL] = refusal  # for get_form
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: AnyRow, form: Framework, change: bool) -> None:
        form.write()

    def delete_model(self, request: HttpRequest, obj: AnyRow) -> None:
        obj.soft_delete(actor=request.user)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Framework = None) -> Framework:
        try:
            return super().delete_view(request, object_id, extra_context)
        except (Refused, ValidationError) as refusal:
            text = refusal.message if isinstance(refusal, Refused) else "; ".join(refusal.messages)
            messages.error(request, text)
            return redirect(admin_url(self.opts, "change", object_id))

    def get_view_on_site_url(self, obj: AnyRow = None) -> str | None:
        return self.page_of(obj) if obj is not None else None

    def page_of(self, obj: AnyRow) -> str | None:
        """Return the URL of the object's page outside the admin, or None."""
        return None

    def get_deleted_objects(self, objs: AnyRow, request: HttpRequest) -> Framework:
        return [str(obj) for obj in objs], {}, set(), []

    def render_delete_form(self, request: HttpRequest, context: Framework) -> Framework:
        along = self.along(context["object"])
        more = [f"and {len(along) - SHOWN} more"] if len(along) > SHOWN else []
        return super().render_delete_form(request, {**context, "number": len(along), "along": along[:SHOWN] + more})

    def along(self, obj: AnyRow) -> list[str]:
        """Describe the objects affected when this one is deleted, one line each."""
        return []

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Framework = None) -> HttpResponse:
        return redirect(admin_url(Activity, "changelist", entity_id__exact=object_id))

    # Activity records every write in more detail; skip Django's own log.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]  # no entry
        pass

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]  # no entry
        pass

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]  # no entries
        pass

    @admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s (can be restored)")
    def delete_selected(self, request: HttpRequest, queryset: AnyQuerySet) -> HttpResponse | None:
        self.run(request, queryset, "deleted", lambda entity: entity.soft_delete(actor=request.user))
        return None

    @admin.action(permissions=["change"], description="Restore selected %(verbose_name_plural)s")
    def restore(self, request: HttpRequest, queryset: AnyRows) -> None:
        def restore_once(entity: AnyRow) -> None:
            entity.refresh_from_db(fields=["deleted_at", "version"])
            if entity.deleted_at is not None:  # otherwise restoring its parent already restored it
                entity.restore(actor=request.user)

        self.run(request, queryset.deleted(), "restored", restore_once)

    def run(self, request: HttpRequest, queryset: AnyQuerySet, done: str, verb: Callable[[Framework], object]) -> None:
        """Apply `verb` to each entity and report successes and refusals as messages."""
        bulk_results.do(queryset, verb).report(request, done)

    def response_action(  # type: ignore[override]  # the stubs have a third parameter, which Django does not pass
        self, request: HttpRequest, queryset: AnyQuerySet
    ) -> Any:  # Any: as in Django's stubs
        if all(map(is_uuid, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            return super().response_action(request, queryset)
        messages.error(request, "The selection contains an invalid ID; select the rows again.")
        return redirect(request.get_full_path())

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.do_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        return [path("<uuid:object_id>/do/<slug:action>/", view, name=name), *super().get_urls()]

    def buttons(self, obj: AnyRow) -> tuple[str, ...]:
        """Return the list actions that the change page of `obj` offers as buttons."""
        return ("restore",) if obj.deleted_at is not None else ()

    def do_view(self, request: HttpRequest, object_id: uuid.UUID, action: str) -> Framework:
        """Run a list action on one entity and return to its change page."""
        found = self.get_queryset(request).filter(pk=object_id)
        obj = found.first()
        if obj is None:
            raise Http404(object_id)
        actions: Values = self.get_actions(request)
        if action not in actions or not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        page = redirect(admin_url(self.opts, "change", object_id))
        if request.method != "POST":
            return page
        return actions[action][0](self, request, found) or page

    def render_change_form(
        self,
        request: HttpRequest,
        context: Framework,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: AnyRow = None,
    ) -> Framework:
        if obj is not None:
            allowed = self.get_actions(request)
            context["buttons"] = [
                (name.replace("_", " ").capitalize(), admin_url(self.opts, "do", obj.pk, name))
                for name in self.buttons(obj)
                if name in allowed
            ]
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="activity")
    def activity(self, obj: Entity) -> SafeString:
        return latest_changes(obj)


def is_choosing(request: HttpRequest) -> bool:
    """Return True for autocomplete requests."""
    return request.path.endswith("/autocomplete/")


def has_project(model: Framework) -> bool:
    return any(field.name == "project" for field in model._meta.fields)
