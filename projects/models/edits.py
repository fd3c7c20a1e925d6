"""Edits by people: merge a form with the stored entity without lost updates, and undo logged changes."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from projects.entities.label import LABEL
from projects.entities.spec import RANK
from projects.entities.swim_lane import SWIM_LANE
from projects.entities.work_item import WORK_ITEM
from projects.loose_types import FieldValue
from projects.models.activity import Action, Activity, counting, stored
from projects.models.base import Entity, Values
from projects.models.exceptions import Conflict, StaleVersion
from projects.models.prepared_queries import field_at
from projects.models.work_items.claimable import NO_CLAIM
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User

CLAIM = "claimed_by_id"
MOST_TOGETHER = 1000  # changes
TOGETHER = (WORK_ITEM.name, LABEL.name, SWIM_LANE.name)  # what a command changes several of


def edit(
    entity: Entity, values: Values, *, actor: User, seen: int, anyway: int | None = None, **options: FieldValue
) -> bool:
    """Apply only the `values` that the user changed since version `seen`; return True if anything changed.

    Raises StaleVersion if the entity was changed since, unless it is at version `anyway`, whose changes the user has
    confirmed. A value that is already stored is not a change, so submitting a form twice is harmless. The `options` are
    passed to Entity.update, which may raise more.
    """
    mine = own_changes(entity, values, seen)
    if not mine:
        return False
    return entity.update(
        actor=actor, expected_version=entity.version if anyway == entity.version else seen, **options, **mine
    )


def own_changes(entity: Entity, values: Values, seen: int) -> Values:
    """Return the cleaned `values` that the user changed since version `seen` and that are not stored yet.

    `values` are those of a whole form; those that still have the value of version `seen` were left untouched. Raises
    ValidationError.
    """
    before = _changed_since(entity, seen) if entity.version != seen else {}
    return {
        name: value
        for name, value in _cleaned(entity, values).items()
        if value != getattr(entity, name) and not (name in before and before[name] == stored(value))
    }


def _changed_since(entity: Entity, version: int) -> Values:
    """Return the values at `version` of all fields that changed since, in their stored form."""
    before: Values = {}
    for activity in Activity.objects.since(entity, version):
        for change in counting(activity.changes):
            before.setdefault(change["field"], change["old"])
    return before


def _cleaned(entity: Entity, values: Values) -> Values:
    cleaned: Values = {}
    errors: dict[str, ValidationError] = {}
    for name, value in values.items():
        try:
            cleaned[name] = field_at(type(entity), name).clean(value, entity)
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
    return cleaned


@transaction.atomic
def undo(activity: Activity, *, actor: User) -> Entity:
    """Revert the fields that `activity` changed, or restore the entity that it deleted; return the entity.

    Raises StaleVersion, with the later changes, if a changed field no longer has the value it got then. Raises
    Conflict if the change does not count, and ValidationError or Refused if the old value is no longer allowed.
    """
    if activity.standing:
        raise Conflict(f"this change of {activity.display_key} is {activity.standing}: there is nothing to undo")
    entity = _entity_of(activity)
    if activity.action == Action.DELETED:
        entity.restore(actor=actor)
    elif activity.action == Action.UPDATED:
        entity.check_living()
        _check_position(entity, activity)
        _check_untouched(entity, activity)
        values = _old_values(activity)
        if not values:
            raise Conflict("an ended claim can't be restored because its lease is gone; claim the item again")
        entity.revert(actor=actor, **values)
    else:
        raise Conflict(f"can't undo '{activity.action}'; delete {activity.display_key} instead")
    return entity


@transaction.atomic
def undo_group(group: uuid.UUID, *, actor: User) -> list[str]:
    """Revert all changes and deletions that one command made to items, labels and columns; return the keys.

    All or none. The latest change comes first, as an item comes back before those below it. The row of a label that
    the command made is deleted. Raises as `undo` does.
    """
    changed = Activity.objects.filter(entity_type__in=TOGETHER, action__in=(Action.UPDATED, Action.DELETED))
    made = Activity.objects.filter(entity_type=LABEL.name, action__in=(Action.CREATED, Action.RESTORED))
    changes = list((changed | made).filter(group_id=group).order_by("-id")[: MOST_TOGETHER + 1])
    if not changes:
        raise Conflict("there is nothing to undo")
    if len(changes) > MOST_TOGETHER:
        raise Conflict(f"at most {MOST_TOGETHER} changes can be undone together")
    for change in changes:
        if change.action in (Action.CREATED, Action.RESTORED):
            _entity_of(change).soft_delete(actor=actor)
        elif change.action == Action.UPDATED and (item := _deleted_item(change)) is not None:
            _check_untouched(item, change)
            item.relabel_deleted(_old_values(change)["labels"], actor=actor)
        # An item that was deleted with one above it has come back with that one.
        elif change.action != Action.DELETED or _entity_of(change).deleted_at is not None:
            undo(change, actor=actor)
    return [change.display_key for change in reversed(changes)]


def _deleted_item(change: Activity) -> WorkItem | None:
    """Return the item if it is deleted and the change was only of its labels, as by renaming one."""
    entity = _entity_of(change)
    is_label = {one["field"] for one in counting(change.changes)} == {"labels"}
    return entity if is_label and isinstance(entity, WorkItem) and entity.deleted_at is not None else None


def _entity_of(activity: Activity) -> Entity:
    model = Entity.by_type.get(activity.entity_type)
    entity = model._base_manager.filter(pk=activity.entity_id).first() if model else None
    if entity is not None:
        return entity
    raise Conflict(f"{activity.display_key} was permanently deleted")


def _check_position(entity: Entity, activity: Activity) -> None:
    """Raise Conflict for a move by an earlier version, which stored numbers instead of ordering keys."""
    names = {field.name for field in entity.spec.fields if field.kind == RANK}
    if any(change["field"] in names and not isinstance(change["old"], str) for change in counting(activity.changes)):
        raise Conflict(f"can't undo a move by an earlier version of pm; move {activity.display_key} instead")


def _check_untouched(entity: Entity, activity: Activity) -> None:
    fields = {
        change["field"]
        for change in counting(activity.changes)
        if stored(getattr(entity, change["field"])) != change["new"]
    }
    if fields:
        since = Activity.objects.since(entity, activity.version).select_related("actor")
        raise StaleVersion(
            entity, activity.version, [one for one in since if fields & {change["field"] for change in one.changes}]
        )


def _old_values(activity: Activity) -> Values:
    values = {change["field"]: change["old"] for change in counting(activity.changes)}
    if CLAIM in values and values.pop(CLAIM) is None:
        values |= NO_CLAIM
    return values
