"""An edit that was begun on an older version: only what its author changed counts, and nobody is overwritten unseen."""

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
    """Write what of `values`, a form's, was changed in that form, which showed version `seen`; tell whether any was.

    Raises StaleVersion where somebody else wrote since, unless the author knows of it up to version `anyway`. What is
    there already is no change: the same edit sent twice is made once. Else as Entity.update, which gets the `options`.
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
    """Return what the fields that changed since held at that version, as it is stored."""
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
