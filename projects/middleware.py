"""Middleware that names the instance, checks the database, and validates the body and URL of a request."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from typing import IO, Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from discovery import admission, runtime
from discovery.middleware import SAFE_METHODS
from projects.django_private import omit_from_log, replace_body
from projects.engine import identity
from projects.lock_waits import log_skipped, short_waits
from projects.loose_types import Framework
from projects.resource_errors import explain

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]
CHUNK = 64 * 1024
# These views authenticate first, then stream the body.
UNLIMITED = ("/api/v1/import/", "/api/v1/board/history/", "/settings/restore/")
AGENT = "agent"  # in a browser's session: who asked for the link that signed it in
IN_MEMORY = 1024 * 1024  # bytes of a chunked body; a longer one goes to a temporary file


class InstanceMiddleware:
    """Add X-PM-Instance and Content-Length. Must come first, to see every response."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        info = runtime.current.info
        if info is not None and info.instance_id:
            response["X-PM-Instance"] = info.instance_id
        if isinstance(response, HttpResponse):
            if not response.has_header("Content-Length"):
                response["Content-Length"] = str(len(response.content))
            if request.method == "HEAD":
                response.content = b""  # Content-Length stays that of the GET
        return response


class DatabaseMiddleware:
    """Respond 503 if the database was deleted, replaced, taken over by another server, busy or unusable.

    A request that only reads waits only shortly for the lock of the board.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info != "/health":
            if not identity.is_unchanged():
                return _stopping(request, "the database was deleted or replaced; the server is stopping")
            if runtime.current.is_superseded():
                return _stopping(request, "another server took over; this one is stopping")
            if admission.is_late():
                return _unavailable(request, "others have been writing for too long; try again")
        if request.method not in SAFE_METHODS:
            return self.get_response(request)
        with short_waits():
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        shortage = explain(exception)
        return _unavailable(request, shortage) if shortage else None


class PresenceMiddleware:
    """Note the session of a request after the response is sent, so that the client does not wait for the write.

    If the lock is not free in time, the note is skipped; the next command of the session writes it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        caller = getattr(request, "caller", None)  # set by projects.api.authentication
        if caller is not None and caller.needs_note():
            close = response.close  # the worker calls it when the response is sent

            def close_and_note() -> None:
                close()
                try:
                    with short_waits():
                        caller.note()
                except DatabaseError as error:  # a full disk, say: the next command tries again
                    log_skipped(logger, "the session could not be noted: %s", error)

            response.close = close_and_note  # type: ignore[method-assign]  # Django calls it after the response is sent
        return response


class LoginLinkMiddleware:
    """Mark the user of a browser that was signed in through the login link of an agent."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        found: Any = request.user  # lazy, as the new one: a request with the token reads no session

        def marked() -> Framework:
            if found.is_authenticated:
                found.via = request.session.get(AGENT, "")
            return found

        request.user = SimpleLazyObject(marked)  # type: ignore[assignment]  # as AuthenticationMiddleware does
        return self.get_response(request)


class BodyMiddleware:
    """Respond 413 to a body that is too large, before anything reads it; make chunked bodies readable.

    Django assumes that a request without Content-Length has no body.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(UNLIMITED):
            return self.get_response(request)
        length = request.META.get("CONTENT_LENGTH") or ""
        if not length and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            with tempfile.SpooledTemporaryFile(IN_MEMORY) as body:
                try:
                    size = _copy(request.META["wsgi.input"], body, settings.PM_MAX_BODY_BYTES)
                except Exception as error:
                    if not isinstance(error, OSError | ValueError) and not _is_malformed(error):
                        raise
                    return _answer(request, 400, "the chunked body is malformed")
                if size > settings.PM_MAX_BODY_BYTES:
                    return _too_large(request)
                body.seek(0)
                request.META["CONTENT_LENGTH"] = str(size)
                replace_body(request, body)
                return self.get_response(request)
        if length.isdigit() and int(length) > settings.PM_MAX_BODY_BYTES:
            return _too_large(request)
        return self.get_response(request)


def _is_malformed(error: Exception) -> bool:
    """Return True for an error of the parser that the server reads a body with."""
    from discovery.gunicorn_private import ParseException  # commands that serve nothing don't load gunicorn

    return isinstance(error, ParseException)


class NullCharacterMiddleware:
    """Respond 400 to NUL in the path or query: no stored text contains it, and not every database accepts it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\x00" in request.path_info:
            return _answer(request, 400, "the path contains the character U+0000, which is not allowed; remove it")
        if "%00" in request.META.get("QUERY_STRING", ""):
            name = next((name for name, texts in request.GET.lists() if "\x00" in name + "".join(texts)), "")
            name = name.replace("\x00", "\\x00")
            return _answer(request, 400, f"{name} contains the character U+0000, which is not allowed; remove it", name)
        return self.get_response(request)


def _copy(source: Framework, target: IO[bytes], limit: int) -> int:
    """Copy until EOF or until more than `limit` bytes were read; return the number of bytes."""
    size = 0
    while size <= limit and (chunk := source.read(CHUNK)):
        size += len(chunk)
        target.write(chunk)
    return size


def _too_large(request: HttpRequest) -> HttpResponse:
    return _answer(request, 413, f"the body is larger than {settings.PM_MAX_BODY_BYTES >> 20} MiB")


def _stopping(request: HttpRequest, message: str) -> HttpResponse:
    response = _unavailable(request, message)
    omit_from_log(response)  # the server logs it once, when it stops
    return response


def _unavailable(request: HttpRequest, message: str) -> HttpResponse:
    from projects.web.views.errors import unavailable

    return unavailable(request, message)


def _answer(request: HttpRequest, status: int, message: str, field: str | None = None) -> HttpResponse:
    # Imported late: Django loads the middleware before the URLs and views.
    from projects.web.responses import answer

    return answer(request, status, message, field)
