"""Breakpoints by file and line, kept in memory while the server runs."""

from __future__ import annotations

import html
import json
import threading
import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods

_breakpoints: dict[str, dict[str, object]] = {}
_lock = threading.Lock()


@require_http_methods(["GET"])
def index(request: HttpRequest) -> HttpResponse:
    rows = "".join(f"<li>{html.escape(str(b['file']))}:{b['line']}</li>" for b in list(_breakpoints.values()))
    return HttpResponse(f"<!doctype html><title>Breakpoints</title><h1>Breakpoints</h1><ul>{rows or 'none yet'}</ul>")


@require_http_methods(["GET", "POST"])
def breakpoints(request: HttpRequest) -> JsonResponse:
    if request.method == "GET":
        return JsonResponse({"breakpoints": list(_breakpoints.values())})
    try:
        data = json.loads(request.body)
        file, line = data["file"], data["line"]
    except (ValueError, KeyError, TypeError):
        return _error(400, 'send {"file": "app.py", "line": 12}')
    if not isinstance(file, str) or not file or type(line) is not int or line < 1:
        return _error(400, "file is a path and line a whole number from 1")
    made = {"id": uuid.uuid4().hex, "file": file, "line": line}
    with _lock:
        _breakpoints[str(made["id"])] = made
    return JsonResponse(made, status=201)


@require_http_methods(["DELETE"])
def breakpoint_(request: HttpRequest, identifier: str) -> HttpResponse:
    with _lock:
        if _breakpoints.pop(identifier, None) is None:
            return _error(404, "there is no such breakpoint")
    return HttpResponse(status=204)


def _error(status: int, message: str) -> JsonResponse:
    return JsonResponse({"error": {"message": message}}, status=status)
