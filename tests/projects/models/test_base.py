from __future__ import annotations

from collections.abc import Callable

import pytest

from projects import models
from projects.entities.registry import ENTITIES
from projects.models import WorkItem
from projects.models.base import Entity

Make = Callable[..., WorkItem]


def test_save_is_refused(make_item: Make) -> None:
    item = make_item("One")
    item.title = "Two"
    with pytest.raises(TypeError, match="use insert or update"):
        item.save()
    assert WorkItem.objects.get(pk=item.pk).title == "One"


def test_delete_is_refused(make_item: Make) -> None:
    item = make_item("One")
    with pytest.raises(TypeError, match="use soft_delete"):
        item.delete()
    assert WorkItem.objects.filter(pk=item.pk).exists()


def test_each_entity_has_one_exported_model() -> None:
    assert Entity.by_type.keys() == {entity.name for entity in ENTITIES}
    assert {model.__name__ for model in Entity.by_type.values()} <= {*models.__all__}
