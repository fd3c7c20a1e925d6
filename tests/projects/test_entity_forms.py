"""Every field of every entity can be set, is shown and can be cleared in the forms of the admin and of the pages."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.entities import spec
from projects.entities.registry import BY_REFERENCE, ENTITIES
from projects.models import Comment, Dependency, Project, Sprint, SwimLane, TimeEntry, User, WorkItem
from projects.models.base import Entity
from tests.projects.conftest import prepared_database, signed_in
from tests.projects.entity_rows import NINE, make_row, sample
from tests.projects.html_forms import Form, forms_of

HIDDEN_IN_ADMIN = {
    *(("work_item", "item_number"), ("work_item", "position")),  # the key has the number, lists have the order
    ("project", "next_work_item_number"),
    *(("sprint", "committed"), ("sprint", "outcome")),  # the report shows them
}
PAGE_FORMS = ("work_item", "sprint", "comment")  # entities that people edit on a page

UPLOADED = ("attachment",)  # the item's page takes the file, which has no field
MADE = [one for one in ENTITIES if any(field.create for field in one.fields) and one.name not in UPLOADED]
FIELDS = [(entity, field) for entity in ENTITIES for field in entity.fields]
SHOWN = [(entity, field) for entity, field in FIELDS if (entity.name, field.name) not in HIDDEN_IN_ADMIN]
UPDATED = [(entity, field) for entity, field in FIELDS if field.update]
CLEARED = [(entity, field) for entity, field in FIELDS if field.clear]
ON_PAGES = [(entity, field) for entity, field in UPDATED if entity.name in PAGE_FORMS]
CLEARED_ON_PAGES = [(entity, field) for entity, field in CLEARED if entity.name in PAGE_FORMS]


def names(values: list[tuple[spec.Entity, spec.Field]]) -> list[str]:
    return [f"{entity.name}.{field.name}" for entity, field in values]


class Board:
    """One row of each entity, and what its fields can refer to."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.project = Project.objects.create(actor=owner, key="PONE", title="One")
        epic, item, other = (self._item(kind) for kind in ("epic", "task", "task"))
        days = {"start_date": date(2026, 1, 5), "end_date": date(2026, 1, 16)}
        sprint = Sprint.objects.create(actor=owner, project=self.project, name="One", **days)
        span = {"started_at": NINE, "ended_at": NINE + timedelta(hours=1)}
        entry = TimeEntry.objects.create(actor=owner, user=owner, work_item=item, **span)
        comment = Comment.objects.create(actor=owner, work_item=item, content="Said")
        link = Dependency.objects.create(actor=owner, blocking_item=other, blocked_item=item)
        lane = SwimLane.objects.filter(project=self.project).first()
        rows: list[Any] = [self.project, item, sprint, comment, lane, link, entry]
        self.rows = {row.entity_type: row for row in rows}
        self.targets: dict[str, Any] = {"parent": epic, "sprint": sprint, "project": self.project}
        self.targets |= {"blocking_item": item, "blocked_item": self._item("task")}
        self.targets["work_item"] = self._item("task")  # that nothing blocks
        self.targets["assignee"] = User.objects.actor("bob")
        for entity in BY_REFERENCE:
            if entity.name not in self.rows:
                self.rows[entity.name] = make_row(entity, owner, "Made")

    def _item(self, kind: str) -> WorkItem:
        return WorkItem.objects.create(actor=self.owner, project=self.project, title=kind, item_type=kind)

    def row_for(self, entity: spec.Entity, field: spec.Field) -> Any:
        """Return the row, in a state in which the field can be set."""
        row = self.rows[entity.name]
        if (entity.name, field.name) == ("work_item", "close_reason"):
            row.update(actor=self.owner, status="cancelled")
        return row

    def again(self, entity: spec.Entity) -> Any:
        return Entity.by_type[entity.name]._base_manager.get(pk=self.rows[entity.name].pk)

    def value(self, field: spec.Field, now: Any = None, place: int = 0) -> Any:
        """Return a value to set that differs from `now`; later fields of a new row get later times."""
        if field.kind == spec.DAY and now:
            return now + timedelta(days=1)
        if field.kind == spec.MOMENT and now:
            return now + timedelta(minutes=1)
        if field.is_link:
            return self.target(field).pk
        return sample(field, place)

    def target(self, field: spec.Field) -> Any:
        """Return what the link can refer to."""
        return self.targets.get(field.name) or self.rows[field.refers]


@pytest.fixture(scope="session")
def prepared(
    tmp_path_factory: pytest.TempPathFactory, new_board: Path, django_db_setup: None, django_db_blocker: Any
) -> tuple[Path, Board]:
    path = tmp_path_factory.mktemp("forms") / "data.db"
    shutil.copy(new_board, path)
    with prepared_database(path, django_db_blocker, changes=True):
        return path, Board(User.objects.owner())


@pytest.fixture
def board(prepared: tuple[Path, Board], django_db_blocker: Any) -> Iterator[Board]:
    path, board = prepared
    with prepared_database(path, django_db_blocker):
        yield deepcopy(board)


@pytest.fixture
def browser(board: Board) -> Client:
    """A browser in which the owner of the board is signed in."""
    return signed_in(board.owner)


def admin_url(entity: spec.Entity, page: str, *args: object) -> str:
    return reverse(f"admin:projects_{entity.name.replace('_', '')}_{page}", args=args)


def admin_form(browser: Client, url: str) -> Form:
    return next(form for form in forms_of(browser.get(url).content.decode()) if "expected_version" in form.values)


def type_in_admin(form: Form, field: spec.Field, value: Any) -> None:
    """Fill in the control of a field, or both of a date and time."""
    if field.kind == spec.MOMENT:
        assert f"{field.name}_0" in form.values
        day, clock = (f"{value:%Y-%m-%d}", f"{value:%H:%M:%S}") if value else ("", "")
        form.values[f"{field.name}_0"], form.values[f"{field.name}_1"] = [day], [clock]
        return
    assert field.name in form.values, f"the admin has no control for {field.name}"
    text = ("\n" if field.kind == spec.LINES else ", ").join(value) if isinstance(value, list) else value
    form.values[field.name] = ["" if text is None else str(text)]


def shown_in_admin(form: Form, field: spec.Field) -> list[str]:
    names = (f"{field.name}_0", f"{field.name}_1") if field.kind == spec.MOMENT else (field.name,)
    return [value for name in names for value in form.values[name]]


@pytest.fixture(scope="session")
def admin_pages(prepared: tuple[Path, Board], django_db_blocker: Any) -> dict[str, str]:
    """The page of the row of each entity."""
    path, board = prepared
    with prepared_database(path, django_db_blocker):
        get = signed_in(board.owner).get
        urls = {entity.name: admin_url(entity, "change", board.rows[entity.name].pk) for entity in ENTITIES}
        return {name: get(url).content.decode() for name, url in urls.items()}


@pytest.mark.parametrize(("entity", "field"), SHOWN, ids=names(SHOWN))
def test_admin_shows_field(admin_pages: dict[str, str], entity: spec.Entity, field: spec.Field) -> None:
    assert f"field-{field.name}" in admin_pages[entity.name]


@pytest.mark.parametrize("entity", MADE, ids=lambda entity: entity.name)
def test_admin_sets_every_field_of_a_new_row(browser: Client, board: Board, entity: spec.Entity) -> None:
    form = admin_form(browser, admin_url(entity, "add"))
    wanted = {}
    for place, field in enumerate(entity.fields):
        if field.create or field.refers == "project":
            wanted[field.column] = value = board.value(field, place=place)
            type_in_admin(form, field, value)
    model = Entity.by_type[entity.name]
    before = set(model._base_manager.values_list("pk", flat=True))
    response = browser.post(admin_url(entity, "add"), form.values)
    assert response.status_code == 302, response.context["errors"]
    # A new project brings its swim lanes along, but no other project.
    (new,) = model._base_manager.exclude(pk__in=before)
    assert {column: getattr(new, column) for column in wanted} == wanted


@pytest.mark.parametrize(("entity", "field"), UPDATED, ids=names(UPDATED))
def test_admin_changes_and_shows_field(browser: Client, board: Board, entity: spec.Entity, field: spec.Field) -> None:
    row = board.row_for(entity, field)
    url, value = admin_url(entity, "change", row.pk), board.value(field, getattr(row, field.column))
    form = admin_form(browser, url)
    type_in_admin(form, field, value)
    response = browser.post(url, form.values)
    assert response.status_code == 302, response.context["errors"]
    assert getattr(board.again(entity), field.column) == value
    if not (entity.name == "project" and field.name == "status"):  # an archived project is read-only
        assert shown_in_admin(admin_form(browser, url), field) == shown_in_admin(form, field)


@pytest.mark.parametrize(("entity", "field"), CLEARED, ids=names(CLEARED))
def test_admin_clears_field(browser: Client, board: Board, entity: spec.Entity, field: spec.Field) -> None:
    row = board.row_for(entity, field)
    row.update(actor=board.owner, **{field.column: board.value(field, getattr(row, field.column))})
    url = admin_url(entity, "change", row.pk)
    form = admin_form(browser, url)
    type_in_admin(form, field, None)
    assert browser.post(url, form.values).status_code == 302
    assert getattr(board.again(entity), field.column) == spec.EMPTY.get(field.kind)


def page_form(browser: Client, row: Any, field: spec.Field) -> Form:
    """Return the form on the page that edits this field of the row."""
    if isinstance(row, Sprint):
        page, url = "/sprints/PONE/", reverse("sprint-change", args=["PONE", row.pk, "edit"])
    elif isinstance(row, Comment):
        page, url = f"/items/{row.display_key}/", reverse("comment", args=[row.pk])
    else:
        page = url = reverse("item-field", args=[row.display_key, field.name])
    control = control_of(row.spec, field)
    found = [form for form in forms_of(browser.get(page).content.decode()) if form.url == url]
    if field.kind == spec.LABELS:  # boxes, none of which may be ticked
        return found[0]
    assert any(control in form.values for form in found), f"{page} has no control {control}"
    return next(form for form in found if control in form.values)


def control_of(entity: spec.Entity, field: spec.Field) -> str:
    """Return the name of the control: an item's field has an editor of its own."""
    return "value" if entity.name == "work_item" else field.name


def type_on_page(form: Form, control: str, field: spec.Field, board: Board, value: Any) -> None:
    if field.kind == spec.LABELS:
        form.values[control] = list(value)
    elif isinstance(value, uuid.UUID) and (field.kind == spec.PERSON or field.shows_key):  # typed: a name or a key
        target = board.target(field)
        form.values[control] = [target.username if field.kind == spec.PERSON else target.display_key]
    else:
        form.values[control] = ["" if value is None else str(value)]


@pytest.mark.parametrize(("entity", "field"), ON_PAGES, ids=names(ON_PAGES))
def test_page_changes_and_shows_field(browser: Client, board: Board, entity: spec.Entity, field: spec.Field) -> None:
    row = board.row_for(entity, field)
    value = board.value(field, getattr(row, field.column))
    form = page_form(browser, row, field)
    control = control_of(entity, field)
    type_on_page(form, control, field, board, value)
    response = browser.post(form.url, form.values)
    assert response.status_code == 200, response.content
    assert getattr(board.again(entity), field.column) == value
    assert page_form(browser, board.again(entity), field).values[control] == form.values[control]


@pytest.mark.parametrize(("entity", "field"), CLEARED_ON_PAGES, ids=names(CLEARED_ON_PAGES))
def test_page_clears_field(browser: Client, board: Board, entity: spec.Entity, field: spec.Field) -> None:
    row = board.row_for(entity, field)
    row.update(actor=board.owner, **{field.column: board.value(field, getattr(row, field.column))})
    form = page_form(browser, row, field)
    type_on_page(form, control_of(entity, field), field, board, spec.EMPTY.get(field.kind))
    assert browser.post(form.url, form.values).status_code == 200
    assert getattr(board.again(entity), field.column) == spec.EMPTY.get(field.kind)
