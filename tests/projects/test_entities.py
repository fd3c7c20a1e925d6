"""Every field of every entity is described once, and the description, the model, the API and files agree."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
from django.db import models

from projects.api.urls import router
from projects.client.resource import EntityResource
from projects.entities import spec
from projects.entities.registry import BY_REFERENCE, ENTITIES
from projects.models import Activity, User
from projects.models.base import Entity
from projects.transfer import export, importer
from projects.transfer.row_validation import LIMITS
from tests.projects.sqlite.boards import EXPORT

STAMPS = {"id", "version", "created_at", "updated_at", "created_by", "updated_by", "deleted_at"}
# Columns that only this board needs: derived data, claims, what a deletion took out.
LOCAL = {
    "work_item": {"urgency", "open_blockers", "unblocks", "lease_id"},
    "sprint": {"left_items"},
}
FIELDS = [(entity, field) for entity in ENTITIES for field in entity.fields]
COLUMN_TYPES = {
    spec.LINE: (models.CharField, models.TextField),
    spec.TEXT: (models.TextField,),
    spec.CHOICE: (models.CharField,),
    spec.NUMBER: (models.IntegerField,),
    spec.RANK: (models.FloatField,),
    spec.DAY: (models.DateField,),
    spec.MOMENT: (models.DateTimeField,),
    spec.LABELS: (models.JSONField,),
    spec.SNAPSHOT: (models.JSONField,),
    spec.REFERENCE: (models.ForeignKey,),
    spec.PERSON: (models.ForeignKey,),
}


def names(values: list[tuple[spec.Entity, spec.Field]]) -> list[str]:
    return [f"{entity.name}.{field.name}" for entity, field in values]


def view_of(entity: spec.Entity) -> Any:
    return next(view for path, view, _ in router.registry if path == entity.path)


def serializer_fields(entity: spec.Entity) -> dict[str, Any]:
    return dict(view_of(entity).serializer_class().fields)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_column_is_described(entity: spec.Entity) -> None:
    columns = {field.name for field in Entity.by_type[entity.name]._meta.local_concrete_fields}
    columns -= STAMPS | LOCAL.get(entity.name, set())
    assert columns == {field.name for field in entity.fields}


@pytest.mark.parametrize(("entity", "field"), FIELDS, ids=names(FIELDS))
def test_field_is_a_column_of_its_kind(entity: spec.Entity, field: spec.Field) -> None:
    column: Any = Entity.by_type[entity.name]._meta.get_field(field.name)
    assert isinstance(column, COLUMN_TYPES[field.kind])
    assert column.attname == field.column
    if field.kind == spec.PERSON:
        assert column.related_model is User
    if field.kind == spec.REFERENCE:
        assert column.related_model is Entity.by_type[field.refers]
    assert tuple(value for value, _ in column.choices or ()) == field.choices


@pytest.mark.parametrize(("entity", "field"), FIELDS, ids=names(FIELDS))
def test_description_has_the_limits_of_the_column(entity: spec.Entity, field: spec.Field) -> None:
    column: Any = Entity.by_type[entity.name]._meta.get_field(field.name)
    assert field.null is column.null
    assert field.limit == (column.max_length or 0 if field.kind == spec.LINE else 0)
    if field.kind == spec.NUMBER:
        low, high = field.range
        assert low < high
        if (Entity.by_type[entity.name], field.name) in LIMITS:
            assert field.range == LIMITS[Entity.by_type[entity.name], field.name]


@pytest.mark.parametrize(("entity", "field"), FIELDS, ids=names(FIELDS))
def test_field_is_shown_and_written_by_the_api(entity: spec.Entity, field: spec.Field) -> None:
    shown = serializer_fields(entity)
    if field.kind == spec.SNAPSHOT:
        assert field.name not in shown  # the report of a sprint shows them
        return
    found = [shown[name] for name in {field.name, field.column} & shown.keys()]
    assert any(not each.write_only for each in found)
    assert any(not each.read_only for each in found) is bool(field.create or field.update or field.refers == "project")


CLEARED = [(entity, field) for entity, field in FIELDS if field.clear]


@pytest.mark.parametrize(("entity", "field"), CLEARED, ids=names(CLEARED))
def test_field_that_can_be_cleared_takes_its_empty_value(entity: spec.Entity, field: spec.Field) -> None:
    column: Any = Entity.by_type[entity.name]._meta.get_field(field.name)
    assert column.null if spec.EMPTY.get(field.kind) is None else column.blank


OPTIONAL = [(entity, field) for entity, field in FIELDS if field.update and field.create != spec.REQUIRED]


@pytest.mark.parametrize(("entity", "field"), OPTIONAL, ids=names(OPTIONAL))
def test_optional_field_can_be_cleared(entity: spec.Entity, field: spec.Field) -> None:
    column: Any = Entity.by_type[entity.name]._meta.get_field(field.name)
    assert bool(field.clear) is bool(column.null or (column.blank and not field.choices))


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_command_has_a_flag_for_each_field_that_it_sets(entity: spec.Entity) -> None:
    resource = EntityResource(entity)
    for options, wanted in (
        (resource.create_options(), [field for field in entity.fields if field.create]),
        (resource.update_options(), [field for field in entity.fields if field.update]),
    ):
        flags = {flag for all_flags, _ in options for flag in all_flags}
        assert {f"--{field.flag}" for field in wanted} <= flags


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_filters_of_the_command_are_those_of_the_api(entity: spec.Entity) -> None:
    api = set(view_of(entity).filterset_class.base_filters)
    command = {each.name for each in entity.filters} | {"deleted"}
    assert command <= api


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_rows_and_orders_name_what_there_is(entity: spec.Entity) -> None:
    shown = serializer_fields(entity)
    assert {*entity.slim, *entity.columns} <= shown.keys()
    columns = {field.name for field in Entity.by_type[entity.name]._meta.concrete_fields}
    assert {*entity.ordering} <= columns


def test_what_others_refer_to_comes_first() -> None:
    seen: set[str] = set()
    for entity in BY_REFERENCE:
        assert {field.refers for field in entity.references} <= {*seen, entity.name}
        seen.add(entity.name)


@pytest.fixture
def board(db: None) -> dict[str, Any]:
    """Import the export of a board that has rows of every entity, and return what an export says now."""
    with gzip.open(EXPORT) as packed:
        importer.read(io.BytesIO(packed.read()), actor=User.objects.actor("ada"))
    stream = io.BytesIO()
    export.write(stream)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


def test_import_and_export_keep_every_field_of_every_row(board: dict[str, Any]) -> None:
    with gzip.open(EXPORT) as packed:
        before = json.load(packed)
    for entity in ENTITIES:
        rows = zip(board[entity.plural], before[entity.plural], strict=True)
        # The file may be older than a field.
        assert [{name: now[name] for name in old} for now, old in rows] == before[entity.plural]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_exported_row_has_exactly_the_described_fields(entity: spec.Entity, board: dict[str, Any]) -> None:
    row = board[entity.plural][0]
    stamps = {"id", "version", "created_at", "updated_at", "created_by", "updated_by", "display_key"}
    assert row.keys() - stamps == {*entity.exported}


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_history_of_a_new_row_has_every_tracked_field(entity: spec.Entity, board: dict[str, Any]) -> None:
    activity = Activity.objects.filter(entity_type=entity.name, action="created").first()
    assert activity is not None
    recorded = [change["field"] for change in activity.changes]
    assert {*recorded} <= {*entity.tracked}
    local = {field.column for field in entity.fields if field.tracked and not field.exported}
    assert {*entity.tracked} - {*recorded} <= local
