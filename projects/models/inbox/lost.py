"""Changes of this clone that do not count since it synchronised with others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from projects.loose_types import AnyQuerySet, FieldValue, Json
from projects.models import rights
from projects.models.activity import Action, Activity, stored
from projects.models.base import Entity, Values
from projects.models.exceptions import Conflict
from projects.models.inbox.source import Act, Entry, Lost, Source
from projects.models.references import referenced_models, referenced_objects
from projects.models.sync import LostChange
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models.user import User

KEEP = Act("accept", "Keep it as it is now", "a")
MINE = Act("mine", "Use this clone's", "2")


class LostChanges(Source[LostChange]):
    kind = "lost"
    heading = "Lost to another clone"
    order = "activity_id"
    related = ("activity__actor",)

    def waiting(self) -> QuerySet[LostChange, LostChange]:
        return LostChange.objects.filter(seen_at__isnull=True)

    def since(self, row: LostChange) -> datetime:
        return row.activity.created_at

    def entries(self, rows: Sequence[LostChange]) -> list[Entry]:
        activities = [row.activity for row in rows]
        entities = _entities(activities)
        names = referenced_objects(activities)
        found = []
        for activity in activities:
            entity = entities.get((activity.entity_type, activity.entity_id))
            lost = _lost(activity, entity)
            found.append(
                Entry(
                    kind=self.kind,
                    pk=str(activity.pk),
                    key=activity.display_key,
                    since=activity.created_at,
                    title=entity.title if isinstance(entity, WorkItem) else "",
                    text=activity.reason or "another clone changed the same, and neither author had seen the other's",
                    item=entity if isinstance(entity, WorkItem) else None,
                    by=activity.actor,
                    acts=(KEEP, MINE) if _settable(activity, entity) else (KEEP,),
                    lost=[Lost(name, *(_shown(name, value, names) for value in values)) for name, values in lost],
                )
            )
        return found

    def act(self, row: LostChange, act: Act, text: str, *, actor: User) -> str:
        activity = row.activity
        rights.check_project(activity.project_id, activity.entity_type)
        if act == MINE:
            entity = _entities([activity]).get((activity.entity_type, activity.entity_id))
            values = _settable(activity, entity)
            if entity is None or not values:
                raise Conflict(f"{activity.display_key} can't be changed to that any more")
            entity.update(actor=actor, **values)
        row.seen_at = timezone.now()
        row.save(update_fields=["seen_at"])
        return f"{activity.display_key} is changed again." if act == MINE else f"{activity.display_key} stays as it is."


def _entities(activities: Sequence[Activity]) -> dict[tuple[str, object], Entity]:
    """Return the entities that the changes are of, deleted ones too, by type and ID; one query per type."""
    found: dict[tuple[str, object], Entity] = {}
    for kind in {activity.entity_type for activity in activities} & Entity.by_type.keys():
        model = Entity.by_type[kind]
        rows: AnyQuerySet = model._base_manager.filter(
            pk__in=[one.entity_id for one in activities if one.entity_type == kind]
        )
        if model is WorkItem:
            rows = rows.select_related("project")
        found |= {(kind, row.pk): row for row in rows}
    return found


def _lost(activity: Activity, entity: Entity | None) -> list[tuple[str, tuple[Json, Json]]]:
    """Return the values that the change gave and that the entity does not have: column, then given and present one."""
    if activity.action != Action.UPDATED or entity is None:
        return [(change["field"], (change["new"], None)) for change in activity.changes if change["new"]]
    pairs = [
        (change["field"], (change["new"], stored(getattr(entity, change["field"], None))))
        for change in activity.changes
    ]
    return [(name, (mine, now)) for name, (mine, now) in pairs if mine != now]


def _settable(activity: Activity, entity: Entity | None) -> Values:
    """Return the lost values that people can set again."""
    if activity.action != Action.UPDATED or entity is None or entity.deleted_at is not None:
        return {}
    columns = {field.column for field in entity.spec.fields if field.update}
    return {name: mine for name, (mine, _) in _lost(activity, entity) if name in columns}


def _shown(column: str, value: FieldValue, names: dict[str, Json]) -> str:
    if value is None:
        return ""
    if column in referenced_models():
        return str(names.get(str(value), "a deleted object"))
    return ", ".join(value) if isinstance(value, list) else str(value)
