"""The number of queries of an admin page does not grow with the rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from projects.entities.registry import ENTITIES
from projects.entities.spec import CHOICE, REQUIRED
from projects.models import (
    Activity,
    Attachment,
    CheckRun,
    Comment,
    Dependency,
    Project,
    Sprint,
    SwimLane,
    TimeEntry,
    User,
    WorkItem,
)
from projects.models.base import Entity
from tests.projects.conftest import with_middleware
from tests.projects.entity_rows import FILES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
DATES = {"start_date": date(2026, 1, 5), "end_date": date(2026, 1, 16)}
MODELS = sorted(admin.site._registry, key=lambda model: model.__name__)
KINDS = {
    "list": ("changelist", {}),
    "deleted": ("changelist", {"deleted": "yes"}),
    "search": ("changelist", {"q": "a"}),
    "add": ("add", {}),
    "change": ("change", {}),
    "delete": ("delete", {}),
}
ABSENT = {
    Activity: ("add", "deleted", "delete"),
    Attachment: ("add",),
    CheckRun: ("add", "delete"),
    Group: ("deleted",),
    User: ("deleted",),
}
PAGES = {
    f"{model.__name__} {kind}": (model, *page)
    for model in MODELS
    for kind, page in KINDS.items()
    if kind not in ABSENT.get(model, ())
}
FIELDS = [("workitem", "parent"), ("workitem", "sprint"), ("workitem", "assignee"), ("sprint", "project")]
CHOOSERS = {
    f"{model} {field}": {"app_label": "projects", "model_name": model, "field_name": field, "term": ""}
    for model, field in FIELDS
}
FEW, MANY = 3, 30


class Board:
    """One of each kind, `first`, with `size` rows around it, each by another user."""

    def __init__(self) -> None:
        owner = User.objects.owner()
        self.project = Project.objects.create(actor=owner, key="PONE", title="First")
        self.size = 0
        self.story = self.make_item(owner, title="Story", item_type="story")
        self.first: dict[Any, Any] = {Project: self.project, WorkItem: self.story}

    def make_item(self, actor: User, **values: Any) -> WorkItem:
        defaults = {"project": self.project, "title": "Item", "item_type": "task"}
        return WorkItem.objects.create(actor=actor, **defaults | values)

    def grow(self, size: int) -> None:
        for number in range(self.size, size):
            actor = User.objects.actor(f"user {number}")
            sprint = Sprint.objects.create(actor=actor, project=self.project, name=f"S{number}", **DATES)
            item = self.make_item(
                actor, parent=self.story, assignee=actor, labels=[f"label {number}"], sprint_id=sprint.pk
            )
            other = self.make_item(actor, sprint_id=self.first.get(Sprint, sprint).pk)
            item.claim(actor=actor, force=True)  # the story above it is blocked
            link = Dependency.objects.create(actor=actor, blocking_item=other, blocked_item=self.story)
            comment = Comment.objects.create(actor=actor, work_item=self.story, content=f"C{number}")
            ends = {"started_at": NINE, "ended_at": NINE + timedelta(hours=1)}
            entry = TimeEntry.objects.create(actor=actor, user=actor, work_item=self.story, **ends)
            self.story.update(actor=actor, title=f"T{number}", sprint_id=sprint.pk, assignee_id=actor.pk)
            elsewhere = Project.objects.create(actor=actor, key=f"KEY{number}", title=f"Key{number}")
            group = Group.objects.create(name=f"group {number}")
            lane = SwimLane.objects.filter(project=elsewhere).first()
            for entity in (sprint, link, comment, entry, group, lane, actor):
                self.first.setdefault(type(entity), entity)
        for model in (Comment, Sprint, TimeEntry, SwimLane):
            self.first[model] = model.objects.get(pk=self.first[model].pk)
        self.first[Activity] = Activity.objects.of(self.story).latest("id")
        for model in MODELS:
            if model not in self.first:
                self.first[model] = self.make_row(model)
        self.size = size

    def make_row(self, model: Any) -> Any:
        """Create a row of a kind that the board does not grow: its references and required texts suffice."""
        owner, values = User.objects.owner(), dict[str, Any]()
        for field in model.spec.fields:
            if field.refers == "work_item":
                values[field.name] = self.make_item(owner)
            elif field.refers:
                values[field.name] = self.first[Entity.by_type[field.refers]]
            elif field.create == REQUIRED:
                values[field.name] = "x"
            elif field.kind == CHOICE and field.fixed and not field.null:
                values[field.name] = field.choices[0]
        if model.entity_type in FILES:
            values["content"] = b"x"
        return model.objects.create(actor=owner, **values)

    def urls(self) -> dict[str, str]:
        """Return the URL of every page and chooser by its name."""
        found = {name: f"{reverse('admin:autocomplete')}?{urlencode(query)}" for name, query in CHOOSERS.items()}
        for name, (model, page, query) in PAGES.items():
            args = [self.first[model].pk] if page in ("change", "delete") else []
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)
            found[name] = f"{url}?{urlencode(query)}"
        return found


@dataclass
class Visit:
    """What a page answered, and how many queries it took."""

    status: int
    content: str
    queries: int


@dataclass
class Visits:
    """What every page answered on a board with few rows and with many, and IDs that no page may offer."""

    few: dict[str, Visit]
    many: dict[str, Visit]
    some_ids: list[str]


@pytest.fixture(scope="module")
def visits(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Visits:
    with django_db_blocker.unblock(), transaction.atomic():
        client = with_middleware(Client(raise_request_exception=False))
        client.force_login(User.objects.owner())
        board = Board()
        board.grow(FEW)
        ContentType.objects.get_for_models(*MODELS)  # cached for good
        few = visit_all(client, board)
        board.grow(MANY)
        many = visit_all(client, board)
        rows = (board.story, User.objects.get(username="user 13"), Project.objects.get(key="KEY13"))
        transaction.set_rollback(True)
    return Visits(few, many, [str(row.pk) for row in rows])


def visit_all(client: Client, board: Board) -> dict[str, Visit]:
    found = {}
    for name, url in board.urls().items():
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url)
        found[name] = Visit(response.status_code, response.content.decode(), len(queries))
    return found


def test_every_entity_has_pages() -> None:
    assert {Entity.by_type[entity.name] for entity in ENTITIES} <= {*MODELS}
    assert len(PAGES) >= 55


# A deletion asks each column that refers to users.
REFERRING = [field for field in User._meta.get_fields(include_hidden=True) if field.auto_created and not field.concrete]
MOST = {"User delete": 10 + len(REFERRING)}


@pytest.mark.parametrize("name", PAGES)
def test_page_costs_the_same_for_few_and_many_rows(visits: Visits, name: str) -> None:
    few, many = visits.few[name], visits.many[name]
    assert (few.status, many.status) == (200, 200)
    assert few.queries == many.queries <= MOST.get(name, 32)


@pytest.mark.parametrize("name", CHOOSERS)
def test_autocomplete_costs_the_same_and_shows_one_page(visits: Visits, name: str) -> None:
    assert visits.few[name].queries == visits.many[name].queries
    for answer in (visits.few[name], visits.many[name]):
        assert 0 < len(json.loads(answer.content)["results"]) <= 20


@pytest.mark.parametrize("name", PAGES)
def test_page_does_not_offer_all_rows_of_a_table(visits: Visits, name: str) -> None:
    assert not [pk for pk in visits.some_ids if f'<option value="{pk}">' in visits.many[name].content]
