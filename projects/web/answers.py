"""How a page's script is answered: 204 or a sentence when it is done, the JSON error when it was refused."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse

from projects.api.exceptions import envelope
from projects.models.activity import Action, Activity
from projects.models.exceptions import NotYours, Refused, StaleVersion
from projects.web.words import label, reworded

View = Callable[..., HttpResponse]
MAX_NAMED = 5  # changes in a message


def says_why(view: View) -> View:
    """Answer what the rules refuse with a message that a person understands."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except StaleVersion as stale:
            return refused(409, explain(stale), again=f"anyway={stale.current.version}")
        except Refused as refusal:
            return refused(409 if not isinstance(refusal, NotYours) else 403, explain(refusal))
        except ValidationError as error:
            return refused(400, explain(error))

    return wrapped


def done(text: str = "") -> HttpResponse:
    """Say that it was done; `text` is spoken to who can't see it."""
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=200 if text else 204)


def refused(status: int, message: str, again: str = "") -> HttpResponse:
    """Return the JSON error of a refusal; `again`, "name=value", is the form's button that may be offered now."""
    code = {400: "VALIDATION_ERROR", 403: "FORBIDDEN", 404: "NOT_FOUND"}.get(status, "CONFLICT")
    return JsonResponse(envelope(code, message), status=status, headers={"PM-Again": again} if again else None)


def explain(error: Refused | ValidationError) -> str:
    """Return a sentence for a person; of two edits the second is told what the first changed, and by whom."""
    if isinstance(error, StaleVersion):
        changes = "; ".join(describe(change) for change in error.changes[-MAX_NAMED:])
        return f"Changed meanwhile: {changes or 'somebody was faster'}. Nothing was overwritten."
    if isinstance(error, Refused):
        return _sentence(error.message)
    if hasattr(error, "error_dict"):
        named = error.message_dict.items()
        return _sentence("; ".join(f"{label(field)}: {reworded(' '.join(texts))}" for field, texts in named))
    return _sentence("; ".join(error.messages))


def describe(activity: Activity) -> str:
    """Return who did what, field by field, with the new values where they are short."""
    return f"{activity.actor.username} {deed(activity)}"


def deed(activity: Activity) -> str:
    """Return what was done, as a verb that the name of an item may follow."""
    what = activity.entity_type.replace("_", " ")
    if what == "comment" and activity.action == Action.CREATED:
        return "commented on"
    if activity.action != Action.UPDATED:
        return f"{activity.action} " + {"work item": "", "comment": "a comment on"}.get(what, f"the {what}")
    return f"changed {', '.join(map(_change, activity.changes)) or 'nothing'}" + (
        f" of the {what}" if what != "work item" else ""
    )


def _change(change: dict[str, Any]) -> str:
    field, new = label(change["field"]), change["new"]
    plain = (
        isinstance(new, str | int) and not change["field"].endswith("_id") and field not in ("description", "position")
    )
    return f"{field} to “{str(new)[:60].replace('_', ' ')}”" if plain and new != "" else field


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"
