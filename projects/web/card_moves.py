"""Apply the drop of one or several cards: ordinary model updates in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse

from projects.entities.work_item import CLOSED
from projects.loose_types import Context
from projects.models import Project, Sprint, SwimLane, User, WorkItem
from projects.models.activity import Action, Activity, group_of_transaction
from projects.models.exceptions import Conflict
from projects.web.bulk_edits import MOST, by_depth
from projects.web.form_values import version


class Moved(NamedTuple):
    """The first card that was moved; `undo` is the URL that takes all moves back, "" if nothing changed."""

    item: WorkItem
    warning: str
    undo: str


@transaction.atomic
def move_cards(project: Project, data: QueryDict, *, actor: User) -> Moved:
    """Move `data["item"]` as `move_card` does, and each of `data["also"]` (`key:version`) behind the one before it.

    All or none. If the status closes or opens items, children close before their parents, and open after them.
    """
    one = {name: data.get(name, "") for name in data}
    others = [identifier.partition(":") for identifier in data.getlist("also")]
    if not others:
        return move_card(project, one, actor=actor)
    if len(others) >= MOST:
        raise ValidationError(f"at most {MOST} items can be moved at once; {len(others) + 1} are selected")
    items = [(_item(project, one.get("item", "")), one.get("version", ""))]
    items += [(_item(project, key), seen) for key, _, seen in others]
    is_closing = one.get("status") in CLOSED
    if one.get("status") and any((item.status in CLOSED) is not is_closing for item, _ in items):
        items = by_depth(items, is_closing=is_closing)
    moved: list[Moved] = []
    for item, seen in items:
        moved.append(_move(item, one | {"version": seen}, actor=actor))
        one = {name: value for name, value in one.items() if name != "before"} | {"after": item.display_key}
    undo = reverse("bulk-undo", args=[group_of_transaction()]) if any(each.undo for each in moved) else ""
    return Moved(moved[0].item, moved[-1].warning, undo)


@transaction.atomic
def move_card(project: Project, data: Mapping[str, str], *, actor: User) -> Moved:
    """Move the item `data["item"]` to the place where it was dropped.

    `status`, `assignee` (username), `epic` and `sprint` describe the place, empty for none; `after` or `before` is the
    key of the neighbour. `unclaim` ends the claim that the user has seen, `force` completes an item despite open
    children and blockers. Raises ValidationError or Refused;
    StaleVersion if `version` is outdated.
    """
    return _move(_item(project, data.get("item", "")), data, actor=actor)


def _move(item: WorkItem, data: Mapping[str, str], *, actor: User) -> Moved:
    item.check_version(version(data))
    values = _values(item, data)
    before = item.status
    values |= {name: True for name in ("unclaim", "force") if data.get(name)}
    is_changed = False
    if data.get("after"):
        is_changed = item.move(actor=actor, after=_item(item.project, data["after"]), **values)
    elif data.get("before"):
        is_changed = item.move(actor=actor, before=_item(item.project, data["before"]), **values)
    elif values:
        is_changed = item.update(actor=actor, **values)
    undo = reverse("undo", args=[_latest(item)]) if is_changed else ""
    return Moved(item, _warning(item) if item.status != before else "", undo)


def _latest(item: WorkItem) -> int | None:
    changes = Activity.objects.of(item).filter(action=Action.UPDATED)
    return changes.order_by("-id").values_list("pk", flat=True).first()


def _values(item: WorkItem, data: Mapping[str, str]) -> Context:
    values: Context = {}
    if data.get("status"):
        values["status"] = data["status"]
    if "assignee" in data:
        values["assignee_id"] = User.objects.known(data["assignee"]).pk if data["assignee"] else None
    if "sprint" in data:
        sprint = Sprint.objects.living().identified_by(data["sprint"]).first() if data["sprint"] else None
        if data["sprint"] and sprint is None:
            raise ValidationError({"sprint": "this sprint no longer exists"})
        values["sprint_id"] = sprint.pk if sprint else None
    if "epic" in data:
        values |= _parent(item, data["epic"])
    return values


def _parent(item: WorkItem, epic: str) -> Context:
    """Return the change that moves `item` to the epic. Tasks of a story can only move with their story."""
    parent = item.parent
    story = parent if parent is not None and parent.item_type != "epic" else None
    now = story.parent if story is not None else parent
    if (now.display_key if now is not None else "") == epic:
        return {}
    if story is not None:
        raise Conflict(f"{item.display_key} belongs to {story.display_key}; move that story instead")
    return {"parent_id": _item(item.project, epic).pk if epic else None}


def _item(project: Project, key: str) -> WorkItem:
    items = WorkItem.objects.living().filter(project=project).select_related("project", "parent__parent__project")
    item = items.identified_by(key).first()
    if item is None:
        raise ValidationError(f"{key[:40]} no longer exists in {project.key}")
    return item


def _warning(item: WorkItem) -> str:
    lane = SwimLane.objects.living().filter(project_id=item.project_id, status_value=item.status).first()
    if lane is None or lane.wip_limit is None:
        return ""
    count = WorkItem.objects.living().filter(project_id=item.project_id, status=item.status).count()
    return f"{lane.name} now has {count} items; its WIP limit is {lane.wip_limit}." if count > lane.wip_limit else ""
