"""Edit one field of an item, from a card, a row, the panel or the item's page.

`GET /items/KEY/field/NAME/` answers the editor, a form as HTML. NAME is a field that `pm update` takes, by its name in
the API: status, item_type, priority, assignee, labels, story_points, due_date, sprint, parent, title, description …

`POST /items/KEY/field/NAME/` saves it. Form data:

- `value`: the new value, empty for none; repeated for labels, which it replaces. A status, type or priority by its name
  in the API, a sprint by ID, a person by name, a parent by key or by words of its title, a day as 2026-01-31.
- `add`, `remove`: for labels instead of `value`; they change single labels, and never conflict.
- `version`: the version of the item that the page showed (`data-version` of a card).
- after a refusal, what its header `PM-Again: name=value` says: `anyway` overwrites a later change, `unclaim` ends the
  claim, `force` ignores open children and blockers, `new_user` creates an unknown person. Only after asking.

It answers 200 with the new value in words and the headers `PM-Toast` (the same text, percent-encoded) and `PM-Undo`
(the URL to POST to), and without those headers if the value was stored already; 409, 403 or 400 with a JSON error whose
message is for people; of a description that another person saved first it has `theirs`: their `text`, and as `html`
what differs, with the buttons of static/pm/conflict.js. In JavaScript, `editField` and `saveField` of
static/pm/fields.js do all of that.
"""

from __future__ import annotations

import json

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from projects.entities import spec
from projects.models import WorkItem
from projects.models.exceptions import Claimed, HasBlockers, HasChildren, StaleVersion
from projects.web import item_fields, item_page, page
from projects.web.history_lines import difference
from projects.web.responses import asked, done, explain, refused, reports_errors, undoable


@page.for_people("GET", "HEAD", "POST")
@reports_errors
@transaction.atomic
def field(request: HttpRequest, identifier: str, name: str) -> HttpResponse:
    """Show the editor of a field, or save the field."""
    found, edited = item_page.get(identifier), item_fields.field_of(name)
    if request.method != "POST":
        return render(request, "pm/field.html", item_fields.editor(found, edited, page.person(request)))
    return _save(request, found, edited)


def _save(request: HttpRequest, item: WorkItem, edited: spec.Field) -> HttpResponse:
    data, person = request.POST, page.person(request)
    if edited.kind != spec.LABELS and "value" not in data:
        raise ValidationError("the request has no value; reload the page")
    try:
        changed = item_fields.save(item, edited, data, actor=person)
    except (Claimed, HasChildren, HasBlockers) as refusal:
        return asked(item, refusal, person)
    except StaleVersion as stale:
        if edited.name != "description" or not stale.changes_field(edited.name):
            raise
        return _both_texts(stale, data["value"])
    if not changed:
        return done("No changes.")
    return undoable(item_fields.said(item_page.get(item.display_key), edited), item)


def _both_texts(stale: StaleVersion, mine: str) -> HttpResponse:
    """Return the refusal of a description with the one that was saved first, and what differs."""
    assert isinstance(stale.current, WorkItem)
    theirs, mine = stale.current.description, mine.replace("\r\n", "\n")
    shown = {"version": stale.current.version, "theirs": theirs, "lines": list(difference(theirs, mine))}
    body = json.loads(refused(409, explain(stale)).content)
    body["error"]["theirs"] = {"text": theirs, "html": render_to_string("pm/conflict.html", shown)}
    return JsonResponse(body, status=409)
