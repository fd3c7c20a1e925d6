from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.http import HttpRequest

from projects.models import User


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    list_display = ("username", "is_agent", "is_staff", "is_active", "last_login")
    list_filter = ("is_agent", "is_staff", "is_superuser", "is_active")
    fieldsets = (*(DjangoUserAdmin.fieldsets or ()), ("Board", {"fields": ("is_agent",)}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The id is made of the name.
        return () if obj is None else ("username", "last_login", "date_joined")
