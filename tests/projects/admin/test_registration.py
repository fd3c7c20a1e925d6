"""The admin that an entity gets from its description alone."""

from __future__ import annotations

import gzip
import io

import pytest
from django.contrib.admin import AdminSite
from django.test import RequestFactory

from projects.admin.registration import register_remaining
from projects.entities import spec
from projects.entities.registry import ENTITIES
from projects.models import User
from projects.models.base import Entity
from projects.transfer import importer
from tests.projects.entity_rows import complete
from tests.projects.sqlite.boards import EXPORT


@pytest.fixture
def site() -> AdminSite:
    """A site where no entity has an admin of its own."""
    site = AdminSite()
    register_remaining(site)
    return site


def test_every_entity_is_registered_and_its_admin_has_no_errors(site: AdminSite) -> None:
    models = [Entity.by_type[entity.name] for entity in ENTITIES]
    assert [model for model in models if not site.is_registered(model)] == []
    assert [error for model in models for error in site.get_model_admin(model).check()] == []


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_derived_admin_lists_and_shows_an_entity(entity: spec.Entity, site: AdminSite, owner: User) -> None:
    with gzip.open(EXPORT) as packed:
        importer.read(io.BytesIO(packed.read()), actor=owner)
    complete(owner)
    model = Entity.by_type[entity.name]
    row = model._base_manager.filter(deleted_at=None).first()
    assert row is not None
    derived = site.get_model_admin(model)
    request = RequestFactory().get("/")
    request.user = owner
    listed = derived.changelist_view(request).render().content.decode()
    assert f"/{row.pk}/change/" in listed
    page = derived.change_view(request, str(row.pk)).render().content.decode()
    for field in entity.fields:
        if field.is_settable:
            assert f"field-{field.name}" in page
