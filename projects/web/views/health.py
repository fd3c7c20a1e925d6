"""Health checks for monitoring; no credentials required."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from discovery import runtime
from projects.models import User
from projects.version import VERSION
from projects.web.responses import safe_only
from projects.web.views.errors import details, unavailable


@safe_only
def health(request: HttpRequest) -> HttpResponse:
    """Liveness: return the server's identity without using the database."""
    info = runtime.current.info
    instance = info.instance_id if info is not None else None
    return JsonResponse({"status": "ok", "version": VERSION, "instance_id": instance})


@safe_only
def ready(request: HttpRequest) -> HttpResponse:
    """Readiness: also check the database."""
    try:
        User.objects.exists()
    except DatabaseError:
        return unavailable(request, f"the database is unavailable; {details()}")
    return JsonResponse({"status": "ready"})
