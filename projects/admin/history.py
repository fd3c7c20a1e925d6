"""Render the latest activity of an entity as a table of changes with old and new values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from projects.admin.links import admin_url
from projects.entities.registry import REFERS
from projects.models import Activity, User, WorkItem
from projects.models.base import Entity

SHOWN = 20
LONGEST = 120  # characters shown of a value
# The models that ID columns refer to.
REFERENCES: dict[str, Any] = {
    column: User if name == "user" else Entity.by_type[name] for column, name in REFERS.items()
}


def latest(entity: Entity) -> SafeString:
    """Return the table with a link to the full history."""
    rows = list(Activity.objects.of(entity).select_related("actor").order_by("-id")[:SHOWN])
    more = admin_url(Activity, "changelist", entity_id__exact=entity.pk)
    shown = zip(rows, named_changes(rows), strict=True)
    return render_to_string("admin/history.html", {"rows": list(shown), "more": more})


def named_changes(rows: Iterable[Activity]) -> list[list[tuple[str, str, str]]]:
    """Return each row's changes as (field, old, new) with IDs resolved to names; one query per table."""
    rows = list(rows)
    wanted: dict[Any, set[str]] = {model: set() for model in REFERENCES.values()}
    for row in rows:
        for change in row.changes:
            if model := REFERENCES.get(change["field"]):
                wanted[model] |= {value for value in (change["old"], change["new"]) if isinstance(value, str)}
    called = {model: _names(model, ids) for model, ids in wanted.items() if ids}
    return [[_named(change, called) for change in row.changes] for row in rows]


def _names(model: Any, ids: set[str]) -> dict[str, str]:
    found = model._base_manager.filter(pk__in=ids)
    if model is WorkItem:
        found = found.select_related("project")
    return {str(one.pk): one.display_key if model is WorkItem else str(one) for one in found}


def _named(change: dict[str, Any], called: dict[Any, dict[str, str]]) -> tuple[str, str, str]:
    names = called.get(REFERENCES.get(change["field"]), {})
    old, new = (_told(names.get(str(value), value)) for value in (change["old"], change["new"]))
    return change["field"].removesuffix("_id"), old, new


def _told(value: Any) -> str:
    if value is None or value in ("", []):
        return "–"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return Truncator(text).chars(LONGEST)
