"""Every field of every entity is described once, and the description, the model, the API and files agree."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.utils import timezone
from rest_framework.test import APIClient

from projects.api.urls import VIEWS
from projects.client import vocabulary
from projects.client.resource import EntityResource
from projects.entities import spec
from projects.entities.question import MAX_NUMBER as MAX_QUESTIONS
from projects.entities.registry import BY_REFERENCE, ENTITIES, OF_SERVER
from projects.models import Activity, Question, SavedView, User, WorkItem
from projects.models.base import Entity
from projects.models.check import LONGEST_TIMEOUT
from projects.models.fields import PositionField
from projects.models.project import MAX_NUMBER
from projects.models.swim_lane import MAX_WIP_LIMIT
from projects.models.work_items.choices import MAX_POINTS
from projects.sync import rules
from projects.transfer import export, importer
from tests.projects.conftest import prepared_database
from tests.projects.entity_rows import complete
from tests.projects.sqlite.boards import EXPORT

STAMPS = {"id", "version", "created_at", "updated_at", "created_by", "updated_by", "deleted_at"}
# Columns that only this board needs: derived data, claims, what a deletion took out.
LOCAL = {
    "work_item": {"urgency", "due_rank", "open_blockers", "unblocks", "is_current", "turn"}
    | {"criteria_total", "criteria_ticked"}
    | {"lease_id", "lease_minutes", "lease_left", "claimed_from", "claim_session", "idle_leases"},
    "sprint": {"left_items"},
    "question": {"is_asked_here", "asked_in"},
}
# The limits that the models enforce; an integer column has those of its type.
RANGES = {
    ("project", "next_work_item_number"): (1, MAX_NUMBER + 1),
    ("work_item", "item_number"): (1, MAX_NUMBER),
    ("work_item", "story_points"): (0, MAX_POINTS),
    ("swim_lane", "wip_limit"): (1, MAX_WIP_LIMIT),
    ("question", "number"): (1, MAX_QUESTIONS),
    ("check", "timeout_seconds"): (1, LONGEST_TIMEOUT),
}
BLOCKS_ITS_PARENT = "7bd42e84-82ee-57d1-a46a-89bdd77c5f80"  # a link of the file that is no longer allowed
FIELDS = [(entity, field) for entity in ENTITIES for field in entity.fields]
COLUMN_TYPES = {
    spec.LINE: (models.CharField, models.TextField),
    spec.TEXT: (models.TextField,),
    spec.CHOICE: (models.CharField,),
    spec.NUMBER: (models.IntegerField,),
    spec.RANK: (PositionField,),
    spec.DAY: (models.DateField,),
    spec.MOMENT: (models.DateTimeField,),
    spec.LABELS: (models.JSONField,),
    spec.LINES: (models.JSONField,),
    spec.SNAPSHOT: (models.JSONField,),
    spec.REFERENCE: (models.ForeignKey,),
    spec.PERSON: (models.ForeignKey,),
}


def names(values: list[tuple[spec.Entity, spec.Field]]) -> list[str]:
    return [f"{entity.name}.{field.name}" for entity, field in values]


def view_of(entity: spec.Entity) -> Any:
    return VIEWS[entity.path]


def serializer_fields(entity: spec.Entity) -> dict[str, Any]:
    return dict(view_of(entity).serializer_class().fields)


def test_every_description_is_registered_and_has_a_model_and_a_noun() -> None:
    modules = {path.stem for path in Path(spec.__file__).parent.glob("*.py")} - {"__init__", "spec", "registry"}
    assert modules == {entity.name for entity in (*ENTITIES, *OF_SERVER)}
    assert {entity.name for entity in ENTITIES} == Entity.by_type.keys()
    assert {entity.noun for entity in (*ENTITIES, *OF_SERVER)} <= vocabulary.COMMANDS.keys()


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_rules_of_the_log_know_what_is_unique(entity: spec.Entity) -> None:
    constraints = Entity.by_type[entity.name]._meta.constraints
    if any(isinstance(each, models.UniqueConstraint) for each in constraints):
        assert rules.settler(entity.name) is not rules.settler("")  # declare how clones that collide settle it


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
        assert field.range == RANGES.get((entity.name, field.name), (0, 2**31 - 1))


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
    described = {each.name for each in entity.filters}
    assert api - {"deleted", "project"} == described - {"project"}
    assert "deleted" in api
    assert ("project" in api) is (entity.name != "project")


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_rows_and_orders_name_what_there_is(entity: spec.Entity) -> None:
    shown = serializer_fields(entity)
    assert {*entity.slim, *entity.columns} <= shown.keys()
    view = view_of(entity)
    assert (view.ordering_fields, view.ordering) == (entity.ordering, entity.ordering[0])


def test_what_others_refer_to_comes_first() -> None:
    seen: set[str] = set()
    for entity in BY_REFERENCE:
        assert {field.refers for field in entity.references} <= {*seen, entity.name}
        seen.add(entity.name)


def exported() -> dict[str, Any]:
    stream = io.BytesIO()
    export.write(stream)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


@pytest.fixture
def recorded(db: None) -> dict[str, Any]:
    """Import the export of a board of 0.1.0, and return what an export says now."""
    import_recorded()
    return exported()


def import_recorded() -> None:
    with gzip.open(EXPORT) as packed:
        importer.read(io.BytesIO(packed.read()), actor=User.objects.actor("ada", is_agent=False))


@pytest.fixture(scope="session")
def completed(
    tmp_path_factory: pytest.TempPathFactory, new_board: Path, django_db_setup: None, django_db_blocker: Any
) -> tuple[Path, dict[str, Any]]:
    """A board of 0.1.0 with what that version did not have, and its export: importing it takes longer than a test."""
    path = tmp_path_factory.mktemp("completed") / "data.db"
    shutil.copy(new_board, path)
    with prepared_database(path, django_db_blocker, changes=True):
        import_recorded()
        complete(User.objects.actor("eve", is_agent=False))
        return path, exported()


@pytest.fixture
def board(completed: tuple[Path, dict[str, Any]], django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """The export of the completed board, which the test may change."""
    path, export = completed
    with prepared_database(path, django_db_blocker):
        yield export


def test_import_and_export_keep_every_field_of_every_row(recorded: dict[str, Any]) -> None:
    board = recorded
    with gzip.open(EXPORT) as packed:
        before = json.load(packed)
    for entity in ENTITIES:
        if entity.plural not in before:
            continue
        kept = [row for row in before[entity.plural] if row["id"] != BLOCKS_ITS_PARENT]
        rows = zip(board[entity.plural], kept, strict=True)
        # The file may be older than a field, and positions were numbers.
        compared = [({name: now[name] for name in old}, old) for now, old in rows]
        for field in entity.fields:
            if field.kind == spec.RANK:
                for now, old in compared:
                    assert isinstance(now.pop(field.name), str)
                    assert isinstance(old.pop(field.name), float)
        assert [now for now, _ in compared] == [old for _, old in compared]


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


def make_overdue(pk: str) -> str:
    WorkItem.objects.filter(pk=pk).update(status="todo", due_date="2026-01-01")
    return "true"


def make_due(pk: str) -> str:
    WorkItem.objects.filter(pk=pk).update(status="todo", due_date=timezone.now().date())
    return "week"


def make_asked_about(pk: str) -> str:
    Question.objects.filter(work_item=pk).update(status="answered")
    Question.objects.exclude(work_item=pk).update(status="open")
    return "true"


def make_worked(pk: str) -> str:
    WorkItem.objects.filter(pk=pk).update(assignee=User.objects.actor("robot"))
    return "worked"


def make_view(title: str) -> str:
    view = SavedView.objects.first()
    assert view is not None
    SavedView.objects.filter(pk=view.pk).update(filters=f"search={title.split()[0]}", scope="all", name="Words")
    return "words"


def make_closed(pk: str) -> str:
    other = WorkItem.objects.filter(questions=None).values("pk")[:1]
    Question.objects.filter(pk=pk).update(work_item=other)
    WorkItem.objects.filter(questions=pk).update(status="done")
    return "true"


def make_asked(pk: str) -> str:
    Question.objects.filter(pk=pk).update(created_by=User.objects.actor("carol"))
    return "carol"


def make_stuck(pk: str) -> str:
    WorkItem.objects.filter(pk=pk).update(status="todo", idle_leases=3)
    return "true"


ORDERS = [(entity, name) for entity in ENTITIES for name in entity.ordering]
FILTERS = [(entity, each) for entity in ENTITIES for each in entity.filters]


def rows_of(api: APIClient, entity: spec.Entity, **query: str) -> list[dict[str, Any]]:
    if "include_done" in {each.name for each in entity.filters}:
        query = {"include_done": "true", **query}
    response = api.get(f"/api/v1/{entity.path}/", {"fields": "*", "limit": "1000", **query})
    assert response.status_code == 200, response.content
    found: list[dict[str, Any]] = response.json()["results"]
    return found


@pytest.mark.parametrize(("entity", "name"), ORDERS, ids=[f"{entity.name}.{name}" for entity, name in ORDERS])
def test_order_sorts_the_list(entity: spec.Entity, name: str, api: APIClient, board: dict[str, Any]) -> None:
    ranks = {field.name: [*reversed(field.choices)] for field in entity.fields if field.choices}

    def rank(row: dict[str, Any]) -> Any:
        if row[name] is None:
            return "9999-12-31"  # no due date
        return ranks[name].index(row[name]) if name in ranks else row[name]

    ascending, descending = (rows_of(api, entity, ordering=sign + name) for sign in ("", "-"))
    assert [rank(row) for row in ascending] == sorted(rank(row) for row in ascending)
    assert len(ascending) > 1
    assert descending == ascending[::-1]


@pytest.mark.parametrize(("entity", "each"), FILTERS, ids=[f"{entity.name}.{each.name}" for entity, each in FILTERS])
def test_filter_narrows_the_list(entity: spec.Entity, each: spec.Filter, api: APIClient, board: dict[str, Any]) -> None:
    rows = rows_of(api, entity)
    field = next((field for field in entity.fields if each.name in (field.name, field.flag)), None)
    if field is not None and field.kind != spec.LABELS:
        values = [row[field.name if field.name in row else field.column] for row in rows]
        value = next(value for value in values if value is not None)
        expected = [row["id"] for row, own in zip(rows, values, strict=True) if own == value]
        assert [row["id"] for row in rows_of(api, entity, **{each.name: value})] == expected
        return
    # A value that some rows of the board match, for each filter that does not compare a field.
    samples: dict[str, Callable[[], str]] = {
        "project": lambda: next(row["id"] for row in board["projects"] if row["key"] != "DEMO"),
        "work_item": lambda: str(rows[0]["blocking_item_id"]),
        "label": lambda: next(row["labels"][0] for row in rows if row["labels"]),
        "descendants_of": lambda: next(row["parent_id"] for row in rows if row["parent_id"]),
        "ancestors_of": lambda: next(row["id"] for row in rows if row["parent_id"]),
        "updated_since": lambda: sorted(row["updated_at"] for row in rows)[len(rows) // 2],
        "search": lambda: str(rows[0]["title"].split()[0]),
        "include_done": lambda: "false",
        "current": lambda: make_closed(rows[0]["id"]),
        "asked_by": lambda: make_asked(rows[0]["id"]),
        "overdue": lambda: make_overdue(rows[0]["id"]),
        "stuck": lambda: make_stuck(rows[0]["id"]),
        "asked": lambda: make_asked_about(rows[0]["id"]),
        "agent": lambda: make_worked(rows[0]["id"]),
        "deadline": lambda: make_due(rows[0]["id"]),
        "view": lambda: make_view(rows[0]["title"]),
    }
    value = samples[each.name]() if each.name in samples else "true"
    found = [row["id"] for row in rows_of(api, entity, **{each.name: value})]
    assert {*found} < {row["id"] for row in rows}
    assert found or each.name == "project"  # the other project has no time entries
