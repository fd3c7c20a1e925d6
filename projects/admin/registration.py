"""Register an admin for every entity; those without one of their own get one derived from their description."""

from __future__ import annotations

from django.contrib import admin

from projects.admin.base import EntityAdmin
from projects.admin.filters import ChangedFilter, LifeFilter, ProjectFilter
from projects.entities import spec
from projects.entities.registry import ENTITIES
from projects.models.base import Entity


def derived_admin(entity: spec.Entity) -> type[EntityAdmin]:
    """Return an admin that lists the columns of the entity's table, and searches and filters by its fields."""
    names = {field.name for field in entity.fields}
    texts = [field.name for field in entity.fields if field.kind in (spec.LINE, spec.TEXT)]
    choices = [field.name for field in entity.fields if field.kind == spec.CHOICE]
    attributes = {
        "list_display": ("__str__", *(name for name in entity.columns if name in names), "updated_at"),
        "list_filter": (*choices, *([ProjectFilter] if "project" in names else []), ChangedFilter, LifeFilter),
        "search_fields": texts,
        "extra_readonly": tuple(field.name for field in entity.fields if not field.is_settable),
        "ordering": (entity.ordering[0], "id"),
    }
    return type(f"{Entity.by_type[entity.name].__name__}Admin", (EntityAdmin,), attributes)


def register_remaining(site: admin.AdminSite) -> None:
    """Register the derived admin of each entity that the site has no admin for."""
    for entity in ENTITIES:
        model = Entity.by_type[entity.name]
        if not site.is_registered(model):
            site.register(model, derived_admin(entity))
