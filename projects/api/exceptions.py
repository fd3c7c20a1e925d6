"""Map exceptions to error responses: `{"error": {"code", "message", "field"?}}`."""

from __future__ import annotations

import logging
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.response import Response

from projects.api.json_format import JSONObject
from projects.api.wordings import reworded
from projects.loose_types import Framework, Json
from projects.models.exceptions import (
    Archived,
    CheckUntrusted,
    Claimed,
    Conflict,
    ContentNeeded,
    Cycle,
    EvidenceMissing,
    HasBlockers,
    HasChildren,
    KeyMoved,
    NothingReady,
    NotReady,
    NotYours,
    Refused,
    StaleVersion,
    SyncOff,
    TooLarge,
)
from projects.resource_errors import explain
from projects.sync.exceptions import SyncError

logger = logging.getLogger(__name__)

NON_FIELD = ("non_field_errors", "__all__")
CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
    500: "INTERNAL_ERROR",
    503: "UNAVAILABLE",
}
REFUSALS: dict[type[Refused], str] = {
    Archived: "ARCHIVED",
    CheckUntrusted: "CHECK_UNTRUSTED",
    Claimed: "CLAIMED",
    Conflict: "CONFLICT",
    ContentNeeded: "CONTENT_NEEDED",
    Cycle: "CYCLE",
    EvidenceMissing: "EVIDENCE_MISSING",
    HasBlockers: "HAS_BLOCKERS",
    HasChildren: "HAS_CHILDREN",
    KeyMoved: "KEY_MOVED",
    NothingReady: "NOTHING_READY",
    NotReady: "NOT_READY",
    NotYours: "FORBIDDEN",
    Refused: "CONFLICT",
    SyncOff: "SYNC_OFF",
    TooLarge: "PAYLOAD_TOO_LARGE",
}
STATUSES: dict[type[Refused], int] = {
    Cycle: status.HTTP_400_BAD_REQUEST,
    NotYours: status.HTTP_403_FORBIDDEN,
    TooLarge: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
}
ADVICE: dict[type[exceptions.APIException], str] = {
    exceptions.NotAuthenticated: "credentials are missing; send Authorization: Bearer with the content of server.token",
    exceptions.NotAcceptable: "the response is application/json, which the Accept header excludes",
}
ERROR_CODES = tuple(dict.fromkeys([*CODES.values(), *REFUSALS.values()]))


class Unavailable(exceptions.APIException):
    """The server can't process the request now."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "the server can't do this now; try again"
    wait = 1  # seconds, the Retry-After header


def handle(error: Exception, context: dict[str, Json]) -> Response | None:
    """Return the response to `error`; None for an unexpected one, which becomes INTERNAL_ERROR.

    An error in one row of a bulk request has the attribute `row`, the row's index; one that stands for several has
    `errors`, and one about a limit `retry_after`, in seconds.
    """
    extra = {
        name: getattr(error, name)
        for name in ("row", "errors", "retry_after")
        if getattr(error, name, None) is not None
    }
    if isinstance(error, Refused):
        return _refusal(error, context, extra)
    if isinstance(error, SyncError):
        return Response(envelope("CONFLICT", str(error), **extra), status=status.HTTP_409_CONFLICT)
    error = _as_api_exception(error)
    if not isinstance(error, exceptions.APIException):
        return None
    values = {"WWW-Authenticate": getattr(error, "auth_header", None), "Retry-After": getattr(error, "wait", None)}
    headers = {name: str(value) for name, value in values.items() if value}
    return Response(_body_of(error, extra), status=error.status_code, headers=headers)


def envelope(code: str, message: str, field: str | None = None, **extra: Framework) -> JSONObject:
    """Return the body of an error response."""
    content: JSONObject = {"code": code, "message": _storable(message)}
    if field:
        content["field"] = _storable(field)
    return {"error": content | extra}


def problems_of(error: Exception) -> list[tuple[str, str]]:
    """Return the (field, message) pairs of a refusal or a validation error; the field may be empty."""
    if isinstance(error, Refused):
        return [(error.field or "", error.message)]
    found = _as_api_exception(error)
    return list(_problems(found.detail)) if isinstance(found, exceptions.ValidationError) else [("", str(error))]


def _as_api_exception(error: Exception) -> Exception:
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(*error.args)
    if isinstance(error, DjangoValidationError):
        return exceptions.ValidationError(error.message_dict if hasattr(error, "error_dict") else error.messages)
    if isinstance(error, UnreadablePostError):
        return exceptions.ParseError("the body ended early")
    if isinstance(error, IntegrityError):
        # The rules are checked first, so a constraint fails only after a race with another writer.
        logger.error("a constraint refused what the rules allowed", exc_info=error)
        return Conflicting("another writer was faster; read it again and repeat the change")
    shortage = explain(error)
    if shortage:
        logger.error("%s: %s", shortage, error)
        return Unavailable(shortage)
    return error


class Conflicting(exceptions.APIException):
    """A constraint of the database refused the write."""

    status_code = status.HTTP_409_CONFLICT


def _refusal(error: Refused, context: dict[str, Json], extra: JSONObject) -> Response:
    code = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
    content = envelope(code, error.message, error.field, **extra, **_details(error, context["view"]))
    return Response(content, status=STATUSES.get(type(error), status.HTTP_409_CONFLICT))


def _details(error: Refused, view: Framework) -> JSONObject:
    """Return the machine-readable details of a refusal."""
    if isinstance(error, StaleVersion):
        return {
            "current_version": error.current.version,
            "current": view.get_serializer(error.current).data,
            "changes": [
                {
                    "version": change.version,
                    "action": change.action,
                    "actor": change.actor.username,
                    "created_at": _iso(change.created_at),
                    "changes": change.changes,
                }
                for change in error.changes
            ],
        }
    if isinstance(error, HasChildren | HasBlockers):
        return {"items": [item.display_key for item in error.items]}
    if isinstance(error, EvidenceMissing):
        return {"missing": [{"what": each.what, "get": each.get} for each in error.missing]}
    if isinstance(error, Claimed):
        return {"holder": error.holder, "until": _iso(error.until) if error.until else None}
    if isinstance(error, CheckUntrusted):
        return {"checks": [{"name": check.name, "command": check.command} for check in error.checks]}
    return {"path": list(error.path)} if isinstance(error, Cycle) else {}


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _body_of(error: exceptions.APIException, extra: JSONObject) -> JSONObject:
    code = CODES.get(error.status_code, "VALIDATION_ERROR")
    if type(error) in ADVICE:
        return envelope(code, ADVICE[type(error)], **extra)
    if isinstance(error, exceptions.UnsupportedMediaType):
        return envelope(code, f"{error.detail} Send application/json.", **extra)
    problems = list(_problems(error.detail))
    message = "; ".join(f"{field}: {text}" if field else text for field, text in problems)
    return envelope(code, message, next((field for field, _ in problems if field), None), **extra)


def _problems(detail: Framework, field: str = "") -> Framework:
    """Yield (field, message) for each error in DRF's nested `detail`."""
    if isinstance(detail, dict):
        for name, below in detail.items():
            path = field if name in NON_FIELD else f"{field}.{name}" if field else str(name)
            yield from _problems(below, path)
    elif isinstance(detail, list):
        for below in detail:
            yield from _problems(below, field)
    else:
        yield field, reworded(str(detail))


def _storable(text: str) -> str:
    # A name that the client sent may contain lone surrogates, which UTF-8 can't encode.
    return text.encode("utf-8", "backslashreplace").decode()
