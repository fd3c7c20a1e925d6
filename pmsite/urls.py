"""Every route of `pm`."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from projects.web.views import errors

urlpatterns = [
    path("api/", include("projects.api.urls")),
    path("admin/r/<path:rest>", errors.nothing),  # the admin's redirect view can't parse UUIDs
    path("admin/", admin.site.urls),
    path("", include("projects.web.urls")),
]

handler400 = "projects.web.views.errors.bad_request"
handler403 = "projects.web.views.errors.forbidden"
handler404 = "projects.web.views.errors.not_found"
handler500 = "projects.web.views.errors.server_error"
