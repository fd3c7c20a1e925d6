from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import PROTECT
from django.http import HttpRequest

from projects.admin.search_limits import FewWordsAdmin
from projects.loose_types import AnyRow, Framework
from projects.models import User

KIND = ("is_agent", "is_kind_confirmed")
RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(FewWordsAdmin, DjangoUserAdmin):  # type: ignore[type-arg]  # takes no parameter at run time
    """Only superusers can grant permissions or edit superusers, and only a person can change kinds."""

    list_display = ("username", "is_agent", "is_staff", "is_active", "last_login")
    list_filter = ("is_agent", "is_staff", "is_superuser", "is_active")
    fieldsets = (*(DjangoUserAdmin.fieldsets or ()), ("Board", {"fields": KIND}))

    def get_readonly_fields(self, request: HttpRequest, obj: AnyRow = None) -> Framework:
        # The ID is derived from the username.
        own = () if obj is None else ("username", "last_login", "date_joined")
        kind = () if acts_as_person(request) else KIND
        return (*own, *kind) if is_superuser(request) else (*own, *kind, *RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: AnyRow = None) -> bool:
        allowed = obj is None or not obj.is_superuser or is_superuser(request)
        return allowed and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: AnyRow = None) -> bool:
        allowed = obj is None or not obj.is_superuser or is_superuser(request)
        return allowed and super().has_delete_permission(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Framework:
        user = self.get_object(request, id)
        if user is not None and not self.has_change_permission(request, user):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def get_deleted_objects(self, objs: AnyRow, request: HttpRequest) -> Framework:
        # Users with activity can't be deleted. Show counts: listing thousands of rows would be slow.
        protected = []
        for relation in self.model._meta.get_fields(include_hidden=True):
            if getattr(relation, "on_delete", None) is not PROTECT or relation.concrete:
                continue
            rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": objs})
            if number := rows.count():
                names = relation.related_model._meta.verbose_name_plural
                protected.append(f"{number} {names} ({relation.field.verbose_name})")
        denied = not all(self.has_delete_permission(request, user) for user in objs)
        return [str(user) for user in objs], {}, {"superuser"} if denied else set(), protected

    def render_delete_form(self, request: HttpRequest, context: Framework) -> Framework:
        return super().render_delete_form(request, {**context, "deleted_for_good": True})


def acts_as_person(request: HttpRequest) -> bool:
    user: Framework = request.user
    return bool(user.acts_as_person)


def is_superuser(request: HttpRequest) -> bool:
    user: Framework = request.user
    return bool(user.is_superuser)
