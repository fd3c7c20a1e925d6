"""Which values the filters of a list of work items take, for pages and saved views; the API reads them by its forms."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from projects.entities.work_item import BLOCKED, WORK_ITEM
from projects.models.base import Entity, find_pk
from projects.models.exceptions import Conflict
from projects.models.fields import MAX_LABEL_LENGTH
from projects.models.sprints.sprint import Sprint
from projects.models.user import MYSELF, NOBODY, User
from projects.models.work_items.item import WorkItem

VIEW = "view"  # the filter that names a saved view; a view can't name another
NOT = "not:"  # before words that a value must not be
ACTIVE = "active"  # the sprint that is
FILTERS = {each.name: each for each in WORK_ITEM.filters if each.name != VIEW}
REFERENCES: dict[str, type[Entity]] = {
    "sprint": Sprint,
    "parent": WorkItem,
    "descendants_of": WorkItem,
    "ancestors_of": WorkItem,
}


def choices_of(name: str) -> tuple[str, ...]:
    """Return the values of a filter that has only these, () for others."""
    known = FILTERS[name]
    if known.is_switch:
        return ("true", "false", *BLOCKED) if name == "blocked" else ("true", "false")
    return known.choices


def value_error(name: str, value: str) -> str:
    """Return what is wrong with a value of a filter, "" if nothing is; names are not looked up."""
    choices = choices_of(name)
    for word in _words(name, value):
        if choices and word not in choices:
            return f"{word} is not one of {', '.join(choices)}"
        if name == "label" and len(word) > MAX_LABEL_LENGTH:
            return f"a label has at most {MAX_LABEL_LENGTH} characters"
    if name == "updated_since" and not _is_moment(value):
        return "must be a time, as 2026-01-31T12:00:00Z or in whole seconds since 1970"
    return ""


def reference_error(name: str, value: str, project: str = "") -> str:
    """Return what is wrong with the name of a user, sprint or item, "" if there is one in `project`, an ID or a key."""
    folded = value.casefold()
    if name == "assignee":
        if folded in (MYSELF, NOBODY):
            return ""
        try:
            User.objects.known(value)
        except ValidationError as error:
            return error.messages[0]
    elif (model := REFERENCES.get(name)) and not (name == "sprint" and folded in (ACTIVE, NOBODY)):
        try:
            found = find_pk(model, value, project)
        except Conflict as error:
            return str(error)
        if found is None:
            return f"there is no {'sprint' if model is Sprint else 'item'} {value}"
    return ""


def _words(name: str, value: str) -> list[str]:
    words = value.split(",") if FILTERS[name].many else [value]
    return [word.strip().removeprefix(NOT) for word in words]


def _is_moment(text: str) -> bool:
    if text.isascii() and text.isdigit():
        return True
    try:
        return parse_datetime(text.replace(" ", "+") if text.count(":") > 2 else text) is not None
    except (ValueError, OverflowError):
        return False
