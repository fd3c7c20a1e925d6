"""Labels and people as results of a search: a board of the items that have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import CharField, Count, Func
from django.urls import reverse

from projects.models import ItemLabel, Project, User, WorkItem
from projects.models.work_items.queries import labels_beginning_with
from projects.sqlite.expressions import Unindexed

MOST = 5  # of each kind
MOST_NAMES = 100  # labels whose items are counted


class NamedList(NamedTuple):
    """Items of a project with a label or an assignee, and the URL of the board that shows all of them."""

    project: str
    items: int
    what: str  # "label" or "assignee"
    name: str
    url: str


def lists_named(text: str, project: Project | None = None) -> list[NamedList]:
    """Return a board for each label and assignee that begins with `text`, in any case; four queries.

    An exact match comes first.
    """
    found = [*_by_label(text, project), *_by_assignee(text, project)]
    return sorted(found, key=lambda one: one.name.casefold() != text.casefold())


def _by_label(text: str, project: Project | None) -> list[NamedList]:
    names = labels_beginning_with(text)
    first = set(sorted({name.casefold() for name in names})[:MOST_NAMES])  # an exact match sorts first
    # Unindexed: else SQLite asks for each item of the project if it has one of these labels.
    rows = ItemLabel.objects.alias(gone=Unindexed("work_item__deleted_at"), of=Unindexed("work_item__project_id"))
    rows = rows.filter(name__in=[name for name in names if name.casefold() in first], gone=None)
    if project:
        rows = rows.filter(of=project.pk)
    counted = rows.order_by().values_list("work_item__project__key", "name").annotate(Count("pk"))
    found: dict[tuple[str, str], tuple[str, int]] = {}  # the spelling that most items have, and the number of all
    for key, name, number in sorted(counted, key=lambda row: (-row[2], row[1].swapcase())):
        spelling, items = found.get((key, name.casefold()), (name, 0))
        found[key, name.casefold()] = spelling, items + number
    return _lists(
        "label", ((key, *found[key, folded]) for key, folded in sorted(found, key=lambda one: (one[1], one[0])))
    )


def _by_assignee(text: str, project: Project | None) -> list[NamedList]:
    folded = Func("username", function="pm_casefold", output_field=CharField())
    people = User.objects.alias(folded=folded).filter(folded__startswith=text.casefold())
    rows = WorkItem.objects.living().filter(assignee__in=list(people.values_list("pk", flat=True)))
    if project:
        rows = rows.filter(project=project)
    counted = rows.order_by().values_list("project__key", "assignee__username").annotate(Count("pk"))
    return _lists("assignee", sorted(counted, key=lambda row: (row[1], row[0])))


def _lists(what: str, rows: Iterable[tuple[str, str, int]]) -> list[NamedList]:
    """Return the first ones of (project, name, number of items)."""
    return [
        NamedList(key, items, what, name, f"{reverse('board', args=[key])}?{urlencode({what: name})}")
        for key, name, items in [*rows][:MOST]
    ]
