"""Three-way merge of a form with the stored entity: apply only what the user changed, without lost updates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from projects.models.activity import Activity, stored

if TYPE_CHECKING:
    from projects.models.base import Entity
    from projects.models.user import User


def edit(
    entity: Entity, values: Mapping[str, Any], *, actor: User, seen: int, anyway: int | None = None, **options: Any
) -> bool:
    """Apply only the `values` that the user changed since version `seen`; return True if anything changed.

    Raises StaleVersion if the entity was changed since, unless it is at version `anyway`, whose changes the user has
    confirmed. A value that is already stored is not a change, so submitting a form twice is harmless. The `options` are
    passed to Entity.update, which may raise more.
    """
    before = _changed_since(entity, seen) if entity.version != seen else {}
    mine = {
        name: value
        for name, value in _cleaned(entity, values).items()
        if value != getattr(entity, name) and not (name in before and before[name] == stored(value))
    }
    if not mine:
        return False
    return entity.update(
        actor=actor, expected_version=entity.version if anyway == entity.version else seen, **options, **mine
    )


def _changed_since(entity: Entity, version: int) -> dict[str, Any]:
    """Return the values at `version` of all fields that changed since, in their stored form."""
    before: dict[str, Any] = {}
    for activity in Activity.objects.since(entity, version):
        for change in activity.changes:
            before.setdefault(change["field"], change["old"])
    return before


def _cleaned(entity: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, value in values.items():
        try:
            cleaned[name] = entity._meta.get_field(name).clean(value, entity)  # type: ignore[union-attr]
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
    return cleaned
