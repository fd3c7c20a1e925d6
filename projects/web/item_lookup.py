"""Find an item of a project by display key, number or words."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError

from projects.models import Project, WorkItem
from projects.models.search import search
from projects.models.work_items.queries import DISPLAY_KEY

OFFERED = 8
HITS = 60  # some are comments, or several hits of one item
MORE_HITS = 600  # most may have other types


def offers(
    project: Project, text: str, without: Collection[str] = (), types: Collection[str] = ()
) -> list[tuple[str, str, str]]:
    """Return (display key, title, status) of the matching items, of these types, best first; at most three queries."""
    text = f"{project.key}-{text.strip()}" if text.strip().isdecimal() else text
    found: dict[str, tuple[str, str, str]] = {}
    for hit in search(text, project=project, limit=MORE_HITS if types else HITS):
        if hit.type != "project" and hit.display_key not in without:
            found.setdefault(hit.display_key, (hit.display_key, hit.title, hit.status))
    if types:
        numbers = {int(key.rpartition("-")[2]): key for key in found}
        right = WorkItem.objects.filter(project=project, item_number__in=numbers, item_type__in=types)
        kept = {numbers[number] for number in right.values_list("item_number", flat=True)}
        found = {key: offer for key, offer in found.items() if key in kept}
    return list(found.values())[:OFFERED]


def resolve(
    project: Project, text: str, *, field: str, without: Collection[str] = (), types: Collection[str] = ()
) -> WorkItem:
    """Return the only living item of `project` that matches; words find only items of these `types`, if any.

    Raises ValidationError that lists the candidates.
    """
    text = text.strip()
    if not text:
        raise ValidationError({field: "enter a key or words from a title"})
    if DISPLAY_KEY.fullmatch(text) or text.isdecimal():
        return _named(project, text, field)
    found = offers(project, text, without, types)
    if not found:
        what = " or ".join(types) if types else "item"
        raise ValidationError({field: f"no {what} in {project.key} contains all of these words"})
    if len(found) > 1:
        names = ", ".join(f"{key} {title[:40]}" for key, title, _ in found[:5])
        raise ValidationError({field: f"several items match; enter one of these keys: {names}"})
    return _named(project, found[0][0], field)


def _named(project: Project, key: str, field: str) -> WorkItem:
    key = key.upper() if "-" in key else f"{project.key}-{key}"
    item = WorkItem.objects.living().identified_by(key).select_related("project").first()
    if item is None:
        raise ValidationError({field: f"{key[:40]} does not exist"})
    return item
