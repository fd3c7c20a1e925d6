"""Run each write in one transaction, and run it once for each Idempotency-Key, however often the request is sent."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable

from django.db import transaction
from django.http import HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.callers import caller_of, user_after_rollback, user_of
from projects.django_private import django_request
from projects.loose_types import Framework
from projects.models import IdempotentAnswer, User
from projects.models.idempotency import Answer

HEADER = "Idempotency-Key"
MAX_KEY_LENGTH = 255
KEPT_HEADERS = ("Location", "ETag")

Action = Callable[..., Response]


def write(action: Action) -> Callable[..., HttpResponse]:
    """Decorate a view's action: run it in one transaction, and answer a repeated request with the stored response.

    An error response rolls the action back. A 4xx response is stored, a 5xx response is not, so it can be retried.
    """

    @functools.wraps(action)
    def run(view: Framework, request: Framework, *args: Framework, **kwargs: Framework) -> HttpResponse:
        response: Response
        key = _key_of(request)
        # Read the body before the transaction: a slow client must not block other writers.
        fingerprint = fingerprint_of(request) if key is not None else ""
        request.data  # noqa: B018
        if key is None:
            with transaction.atomic():
                return action(view, request, *args, **kwargs)
        failure: Exception | None = None
        # No savepoint: SQLite would copy every page that the action changes.
        with transaction.atomic():
            actor = user_of(request)
            first = IdempotentAnswer.objects.recall(actor, key, fingerprint)
            if first is not None:
                return _replay(first)
            try:
                response = action(view, request, *args, **kwargs)
            except Exception as error:
                failure = error
                transaction.set_rollback(True)
            else:
                _render(view, request, response)
                _remember(actor, key, fingerprint, response)
                return response
        response = view.handle_exception(failure)  # raises unexpected errors again
        if response.status_code >= 500:
            return response
        _render(view, request, response)
        with transaction.atomic():
            actor = user_after_rollback(request)
            first = IdempotentAnswer.objects.recall(actor, key, fingerprint)  # of a request that came between
            if first is not None:
                return _replay(first)
            _remember(actor, key, fingerprint, response)
        return response

    return run


def _render(view: Framework, request: Framework, response: Framework) -> None:
    """Render the response now, as REST framework does later, which then adds the headers."""
    response.accepted_renderer = request.accepted_renderer
    response.accepted_media_type = request.accepted_media_type
    response.renderer_context = view.get_renderer_context()
    response.render()


def _remember(actor: User, key: str, fingerprint: str, response: Response) -> None:
    IdempotentAnswer.objects.remember(
        actor,
        key,
        fingerprint,
        status=response.status_code,
        headers={name: response[name] for name in KEPT_HEADERS if response.has_header(name)},
        body=response.content.decode(),
    )


def _replay(first: Answer) -> HttpResponse:
    response = HttpResponse(first.body, status=first.status, headers=first.headers)
    if first.body:
        response["Content-Type"] = "application/json"
    else:
        del response["Content-Type"]
    return response


def _key_of(request: Request) -> str | None:
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or (0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
        return key
    raise exceptions.ValidationError({HEADER: f"must be 1 to {MAX_KEY_LENGTH} printable ASCII characters"})


def fingerprint_of(request: Request) -> str:
    """Return a digest of the method, path, If-Match header and body, and of what else distinguishes callers."""
    digest = hashlib.sha256()
    caller = caller_of(request)
    reach = caller.reach if caller is not None else ""
    parts = (request.method or "", request.get_full_path(), request.META.get("HTTP_IF_MATCH", ""), reach)
    for part in (*(part.encode("utf-8", "surrogateescape") for part in parts), django_request(request).body):
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()
