"""For whoever watches the server; both answer without credentials."""

from __future__ import annotations

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

from discovery import runtime
from projects.models import User
from projects.version import VERSION
from projects.web.views.errors import safe_only, unavailable


@safe_only
def health(request: HttpRequest) -> HttpResponse:
    """Say that the server answers, and which one it is; no database is touched."""
    info = runtime.current.info
    instance = info.instance_id if info is not None else None
    return JsonResponse({"status": "ok", "version": VERSION, "instance_id": instance})


@safe_only
def ready(request: HttpRequest) -> HttpResponse:
    """Say that the database answers, too."""
    try:
        User.objects.exists()
    except DatabaseError:
        return unavailable(request, "the database can't be used; its log says why: pm server logs")
    return JsonResponse({"status": "ready"})
