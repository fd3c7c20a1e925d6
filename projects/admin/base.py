"""What the admin of every entity shares: all writes go through the model, which checks and records them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from projects.models import Activity
from projects.models.base import Entity
from projects.models.exceptions import Refused

STAMPS = ("created_at", "created_by", "updated_at", "updated_by", "version")
ACTIVITY_SHOWN = 20


class EntityForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that knows which version it was opened with: of two edits the second is refused, with what changed."""

    expected_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expected_version"].initial = self.instance.version

    def values(self) -> dict[str, Any]:
        """Return the entity's fields as they were typed."""
        return {name: value for name, value in self.cleaned_data.items() if name != "expected_version"}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.instance._state.adding:
            # The instance was read in this request's transaction: what is checked here still holds at the write.
            try:
                self.instance.check_version(self.cleaned_data.get("expected_version"))
                self.instance.check_update(self.values())
            except Refused as refusal:
                raise ValidationError(refusal.message) from None
            except ValidationError:
                pass  # each field says it itself
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.instance._state.adding and not self.errors:
            try:
                self.instance.check_unique()
            except Refused as refusal:
                self.add_error(refusal.field, refusal.message)


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
    list_select_related = ("created_by", "updated_by")
    save_on_top = True
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("created_by", "updated_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*obj.immutable, *STAMPS, "activity") if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*self.model.tracked, "expected_version"]
        return fields if obj is None else [*fields, *STAMPS, "activity"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.deleted_at is None) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or obj.deleted_at is None) and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            # The form has already put its values into `obj`; the model wants to see what it is changing.
            before = self.model.objects.get(pk=obj.pk)
            before.update(actor=request.user, expected_version=form.cleaned_data["expected_version"], **form.values())
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


def _activity_url(entity_id: object) -> str:
    return f"{reverse('admin:projects_activity_changelist')}?entity_id__exact={entity_id}"
