"""The audit log of a team's server: sign-ins, tokens and rights, one JSON line for each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from projects.loose_types import Framework, Json

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request

logger = logging.getLogger("pm.audit")


def record(event: str, request: HttpRequest | Request | None = None, **values: Json) -> None:
    """Write one event; a request adds the address that it came from."""
    if request is not None:
        values["address"] = request.META.get("REMOTE_ADDR", "")
    logger.info(event, extra={"values": {"event": event, **values}})


def connect() -> None:
    """Record what Django's authentication reports; repeated calls have no effect."""
    user_logged_in.connect(_signed_in, dispatch_uid="projects.team.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="projects.team.signed_out")
    user_login_failed.connect(_failed, dispatch_uid="projects.team.failed")


def _signed_in(request: HttpRequest, user: Framework, **kwargs: object) -> None:
    record("signed_in", request, user=user.get_username())


def _signed_out(request: HttpRequest, user: Framework, **kwargs: object) -> None:
    record("signed_out", request, user=user.get_username() if user else "")


def _failed(credentials: dict[str, str], request: HttpRequest | None = None, **kwargs: object) -> None:
    record("sign_in_failed", request, user=str(credentials.get("username", ""))[:150])
