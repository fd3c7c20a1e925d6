"""Show what joining a board would unite, in a transaction that is rolled back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.db import transaction

from projects.models import Project, SyncBoard, WorkItem
from projects.models.sync import SyncRecord
from projects.sync.exchange import Report

MAX_RENUMBERED = 100

Changes = list[dict[str, str]]


class _Board(NamedTuple):
    """What a person knows projects and items by."""

    projects: dict[uuid.UUID, str]
    items: dict[uuid.UUID, tuple[uuid.UUID, int]]


def unite(join: Callable[[], SyncBoard], follow: Callable[[SyncBoard], Report] | None) -> dict[str, object]:
    """Return what joining would do; write nothing.

    `join` joins the board, `follow` applies its log, None if this clone would found it.
    """
    with transaction.atomic():
        before = _board()
        own_projects, own_items = len(before.projects), len(before.items)
        board = join()
        report = follow(board) if follow else Report()
        after = _board()
        published = set(_published())
        transaction.set_rollback(True)
    return {
        "projects": _counts(own_projects, before.projects, after.projects, published),
        "items": _counts(own_items, before.items, after.items, published),
        "projects_renamed": _renamed(before, after),
        "items_renumbered": _renumbered(before, after),
        "notes": report.notes,
        "conflicts": report.conflicts,
    }


def _board() -> _Board:
    projects = Project.objects.living().values_list("id", "key")
    items = WorkItem.objects.living().values_list("id", "project_id", "item_number")
    return _Board(dict(projects), {pk: (project, number) for pk, project, number in items})


def _published() -> list[uuid.UUID]:
    return [uuid.UUID(pk) for pk in SyncRecord._default_manager.values_list("id", flat=True)]


def _counts(
    here: int, before: Mapping[uuid.UUID, object], after: Mapping[uuid.UUID, object], published: set[uuid.UUID]
) -> dict[str, int]:
    there = published & after.keys()
    return {"here": here, "there": len(there), "both": len(there & before.keys()), "united": len(after)}


def _renamed(before: _Board, after: _Board) -> Changes:
    return [
        {"from": key, "to": after.projects[pk]}
        for pk, key in before.projects.items()
        if after.projects.get(pk, key) != key
    ]


def _renumbered(before: _Board, after: _Board) -> Changes:
    """Return the items whose number changes; those of a renamed project are in `projects_renamed`."""
    found: Changes = []
    for pk, (project, number) in before.items.items():
        new = after.items.get(pk)
        if new is not None and new[1] != number and len(found) < MAX_RENUMBERED:
            found.append({"from": f"{before.projects[project]}-{number}", "to": f"{after.projects[new[0]]}-{new[1]}"})
    return found
