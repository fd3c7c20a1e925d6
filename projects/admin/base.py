"""What the admin of every entity shares: all writes go through the model, which checks and records them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from projects.admin.forms import EntityForm
from projects.models import Activity
from projects.models.base import Entity
from projects.models.exceptions import Refused

STAMPS = ("created_at", "created_by", "updated_at", "updated_by", "version")
ACTIVITY_SHOWN = 20


class LifeFilter(admin.SimpleListFilter):
    """Show the living; or what was deleted, to be restored."""

    title = "life"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Deleted")]

    def choices(self, changelist: Any) -> Any:
        choices = super().choices(changelist)
        yield {**next(choices), "display": "Living"}
        yield from choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.deleted() if self.value() == "yes" else queryset.living()


class EntityAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = EntityForm
    actions: tuple[str, ...] = ("delete_selected", "restore")
    related: ClassVar[tuple[str, ...]] = ()  # what every row is loaded with, besides the users of its stamps
    typed: ClassVar[tuple[str, ...]] = ()  # what can be typed; what is tracked, unless said otherwise
    told: ClassVar[tuple[str, ...]] = ()  # what the page of one shows besides, read-only
    save_on_top = True
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("created_by", "updated_by", *self.related)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self._names(obj.immutable), *self.told, *STAMPS, "activity") if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*(self.typed or self._names(self.model.tracked)), "expected_version"]
        return fields if obj is None else [*fields, *self.told, *STAMPS, "activity"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.actor = request.user  # type: ignore[attr-defined]
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if issubclass(db_field.remote_field.model, Entity):
            kwargs["queryset"] = db_field.remote_field.model.objects.living()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        # What is picked for a field of another form must live; the list has its own filter.
        found = queryset.living() if request.path.endswith("/autocomplete/") else queryset
        return super().get_search_results(request, found, search_term)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.deleted_at is None) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.deleted_at is None) and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            form.write()
        else:
            obj.insert(actor=request.user)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        obj.soft_delete(actor=request.user)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refused as refusal:
            messages.error(request, refusal.message)
            return redirect(reverse(f"admin:projects_{self.opts.model_name}_change", args=[object_id]))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        return [str(obj) for obj in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return redirect(_activity_url(object_id))

    # The activity says who did what; Django's own log would be a second, poorer one.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        pass

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        pass

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        pass

    @admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s (can be restored)")
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.run(request, queryset, "deleted", lambda entity: entity.soft_delete(actor=request.user))

    @admin.action(permissions=["change"], description="Restore selected %(verbose_name_plural)s")
    def restore(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.run(request, queryset, "restored", lambda entity: entity.restore(actor=request.user))

    def run(self, request: HttpRequest, queryset: QuerySet[Any], done: str, verb: Callable[[Any], object]) -> None:
        """Do `verb` to each entity, and tell what was done and what was refused; one refusal stops no other."""
        count = 0
        with transaction.atomic():
            for entity in queryset:
                try:
                    with transaction.atomic():
                        count += verb(entity) is not False
                except Refused as refusal:
                    messages.error(request, refusal.message)
        messages.success(request, f"{count} {done}.")

    @admin.display(description="activity")
    def activity(self, obj: Entity) -> SafeString:
        rows = Activity.objects.of(obj).select_related("actor").order_by("-id")[:ACTIVITY_SHOWN]
        return format_html(
            "{}<a href='{}'>All of it</a>",
            format_html_join("", "<div>{} {}</div>", ((f"{row.created_at:%Y-%m-%d %H:%M}", row) for row in rows)),
            _activity_url(obj.pk),
        )

    def _names(self, columns: tuple[str, ...]) -> list[str]:
        return [self.model._meta.get_field(column).name for column in columns]


def _activity_url(entity_id: object) -> str:
    return f"{reverse('admin:projects_activity_changelist')}?entity_id__exact={entity_id}"
