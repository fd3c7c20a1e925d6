"""Responses outside the API: errors as JSON or as a page, and the answers to scripted forms."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt

from projects.api.exceptions import CODES, envelope
from projects.hidden_characters import reveal
from projects.loose_types import Context, Framework
from projects.models import User, WorkItem
from projects.models.activity import Action, Activity, group_of_transaction
from projects.models.base import Entity
from projects.models.edits import MOST_TOGETHER
from projects.models.exceptions import Claimed, HasBlockers, HasChildren, NotYours, Refused, StaleVersion
from projects.web.appearance import appearance
from projects.web.field_labels import label, reworded

View = Callable[..., HttpResponse]
MAX_NAMED = 5  # changes in a message
HEADINGS = {
    400: "Bad request",
    403: "Permission denied",
    404: "Page not found",
    405: "Method not allowed",
    409: "Not possible",
    413: "Too large",
    500: "Internal error",
    503: "Unavailable",
}
MAX_TOAST = 160  # characters


def reports_errors(view: View) -> View:
    """Turn refusals and validation errors into JSON errors with readable messages."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Framework, **kwargs: Framework) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except StaleVersion as stale:
            return refused(409, explain(stale), again=f"anyway={stale.current.version}")
        except Refused as refusal:
            return refused(409 if not isinstance(refusal, NotYours) else 403, explain(refusal))
        except ValidationError as error:
            return refused(400, explain(error), again="new_user=person" if _is_unknown_user(error) else "")

    return wrapped


def answers_forms(view: View) -> View:
    """Do as `reports_errors`; without the script, lead back to the form's page, or show the error as a page."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Framework, **kwargs: Framework) -> HttpResponse:
        response = reports_errors(view)(request, *args, **kwargs)
        if is_scripted(request) or request.method != "POST":
            return response
        if response.status_code >= 400:
            return answer(request, response.status_code, json.loads(response.content)["error"]["message"])
        target = response.headers.get("PM-Redirect") or request.META.get("HTTP_REFERER", "")
        is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
        return HttpResponseRedirect(target if is_ours else reverse("settings"), status=303)

    return wrapped


def _is_unknown_user(error: ValidationError) -> bool:
    fields = getattr(error, "error_dict", {})
    return any(each.code == "unknown_user" for each in fields.get("assignee", ()))


def done(text: str = "") -> HttpResponse:
    """Return a success response; screen readers announce `text`."""
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=200 if text else 204)


def saved(text: str, undo: int | None) -> HttpResponse:
    """Return a success response that the page shows as a toast, with a button that undoes this activity.

    The text in the header PM-Toast is percent-encoded, because headers hold only ASCII safely.
    """
    response = done(text)
    response.headers["PM-Toast"] = quote(reveal(text[:MAX_TOAST]))
    if undo is not None:
        response.headers["PM-Undo"] = reverse("undo", args=[undo])
    return response


def saved_together(text: str) -> HttpResponse:
    """Return the response after the changes of this transaction, with a toast that undoes them together."""
    response, group = saved(text, None), group_of_transaction()
    if 0 < Activity.objects.filter(group_id=group)[: MOST_TOGETHER + 1].count() <= MOST_TOGETHER:
        response.headers["PM-Undo"] = reverse("bulk-undo", args=[group])
    return response


def undoable(text: str, entity: Entity) -> HttpResponse:
    """Return the response after a change or deletion of `entity`, with a toast that undoes it."""
    latest = Activity.objects.of(entity).order_by("-id").values_list("pk", flat=True)
    return saved(text, latest.first())


def refused(status: int, message: str, again: str = "") -> HttpResponse:
    """Return a JSON error; `again` ("name=value") names the form's button that overrides the refusal."""
    code = {400: "VALIDATION_ERROR", 403: "FORBIDDEN", 404: "NOT_FOUND"}.get(status, "CONFLICT")
    return JsonResponse(envelope(code, reveal(message)), status=status, headers={"PM-Again": again} if again else None)


def asked(item: WorkItem, refusal: Claimed | HasChildren | HasBlockers, actor: User) -> HttpResponse:
    """Return a refusal that the user may override, with what to send for that."""
    # A user who overrides it has also seen the current version.
    if isinstance(refusal, Claimed):
        return refused(409, explain(refusal), again=f"unclaim={item.version}")
    also = f" {explain(item.claim_refusal())}" if not item.is_held_by(actor) else ""
    return refused(409, f"{explain(refusal)}{also}", again=f"force={item.version}")


def explain(error: Refused | ValidationError) -> str:
    """Describe the error in one sentence. For an edit conflict, list who changed what."""
    if isinstance(error, StaleVersion):
        changes = "; ".join(describe(change) for change in error.changes[-MAX_NAMED:])
        return f"Changed in the meantime: {changes or 'by someone else'}. Nothing was overwritten."
    if isinstance(error, Claimed):
        return _sentence(error.text)
    if isinstance(error, Refused):
        return _sentence(error.message)
    if hasattr(error, "error_dict"):
        named = error.message_dict.items()
        return _sentence("; ".join(f"{label(field)}: {reworded(' '.join(texts))}" for field, texts in named))
    return _sentence("; ".join(error.messages))


def describe(activity: Activity) -> str:
    """Describe who changed which fields, with short new values."""
    return f"{activity.by} {deed(activity)}"


def deed(activity: Activity) -> str:
    """Return a verb phrase that an item's name can follow."""
    return f"{_deed(activity)} ({activity.standing})" if activity.standing else _deed(activity)


def _deed(activity: Activity) -> str:
    what = activity.entity_type.replace("_", " ")
    if what == "comment" and activity.action == Action.CREATED:
        return "commented on"
    if activity.action != Action.UPDATED:
        return f"{activity.action} " + {"work item": "", "comment": "a comment on"}.get(what, f"the {what}")
    return f"changed {', '.join(map(_change, activity.changes)) or 'nothing'}" + (
        f" of the {what}" if what != "work item" else ""
    )


def _change(change: Context) -> str:
    field, new = label(change["field"]), change["new"]
    plain = (
        isinstance(new, str | int) and not change["field"].endswith("_id") and field not in ("description", "position")
    )
    return f"{field} to “{str(new)[:60].replace('_', ' ')}”" if plain and new != "" else field


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def answer(request: HttpRequest, status: int, message: str, field: str | None = None) -> HttpResponse:
    """Return the error as JSON or HTML, depending on the client."""
    if not wants_html(request):
        return JsonResponse(envelope(CODES[status], message, field), status=status)
    shown = {"status": status, "heading": HEADINGS[status], "message": message}
    if status < 500 and getattr(request, "user", None) is not None:
        with contextlib.suppress(Exception):  # the error may be of what the frame needs
            if request.user.is_authenticated:
                return render(request, "pm/error.html", shown, status=status)
    # Skip the context processors: one of them may have caused the error.
    shown["appearance"] = appearance(request)
    return HttpResponse(render_to_string("errors/error.html", shown), status=status)


def wants_html(request: HttpRequest) -> bool:
    """Return True if the client is a browser."""
    is_api = request.path_info == "/api" or request.path_info.startswith("/api/")
    return not is_api and "text/html" in request.META.get("HTTP_ACCEPT", "")


def is_scripted(request: HttpRequest) -> bool:
    """Return True for requests of a page's script, False for browser navigation."""
    return "text/html" not in request.META.get("HTTP_ACCEPT", "")


def method_not_allowed(request: HttpRequest, *allowed: str) -> HttpResponse:
    response = answer(request, 405, f"method not allowed; use {', '.join(allowed)}")
    response["Allow"] = ", ".join(allowed)
    return response


def signed_out() -> HttpResponse:
    """Return 401 for a scripted request after the session ended."""
    way = "Sign in again in another tab" if settings.PM_TEAM else "Run pm server open in the repository"
    message = f"You are signed out. Your text is kept. {way}, then submit again."
    return JsonResponse(envelope("UNAUTHENTICATED", message), status=401)


def safe_only(view: Framework) -> Framework:
    """Allow only GET and HEAD; return 405 otherwise."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Framework, **kwargs: Framework) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return method_not_allowed(request, "GET", "HEAD")
        response: HttpResponse = view(request, *args, **kwargs)
        return response

    return csrf_exempt(wrapped)  # needs no token, and a POST without one must get 405, not 403
