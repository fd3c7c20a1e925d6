"""The form of a new item: its fields, defaults from where the person is, and creating the item.

The fields are those that the entity's description lets a creation set. The URL can set them by their names, and the
filters of the page that the person is on mean values: on the list of an epic's bugs, it is a bug of this epic.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, QueryDict

from projects.entities import spec
from projects.entities.criterion import CRITERION
from projects.entities.dependency import RELATIONS
from projects.entities.work_item import WORK_ITEM
from projects.loose_types import Context
from projects.models import Criterion, Dependency, Project, SavedView, Sprint, User, WorkItem, rights
from projects.models.exceptions import Refused
from projects.models.user import MYSELF, NOBODY
from projects.models.work_items.choices import ItemType
from projects.models.work_items.queries import DISPLAY_KEY
from projects.web import item_fields, item_form
from projects.web.field_labels import label
from projects.web.filters import NAMES, Filters
from projects.web.item_fields import Option
from projects.web.item_lookup import resolve
from projects.web.item_templates import BY_NAME, TEMPLATES

FIELDS = tuple(field for field in WORK_ITEM.fields if field.create)
CRITERIA = "criteria"
LINKS = ("blocked_by", "blocks")  # relations that the form sets
FILTERS = {"type": "item_type", "label": "labels", "descendants_of": "parent"}  # filters and the field that they mean
HINTS = {"parent": "Key, or words of its title", "labels": "Separated by commas", CRITERIA: "One a line"}
LIST = ("parent", "labels")  # fields with suggestions beside free text
LARGE = ("description", CRITERIA)


class Control(NamedTuple):
    """A control of the form; `kind` is the kind of its field, or "lines"."""

    name: str
    label: str
    kind: str
    value: str = ""
    options: tuple[Option, ...] = ()
    limit: int = 0
    hint: str = ""
    error: str = ""

    @property
    def is_choice(self) -> bool:
        return bool(self.options) and self.name not in LIST


def projects() -> list[Project]:
    """Return the projects that take items."""
    found = Project.objects.living().filter(status="active").order_by("key")
    return [project for project in found if rights.may_write(project.pk)]


def context(
    request: HttpRequest, values: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
) -> Context:
    """Return the context of the form: with `values` as they were sent, else with the defaults."""
    choices = projects()
    wanted = (values or request.GET).get("project", "").upper() or request.COOKIES.get("pm_project", "")
    project = next((one for one in choices if one.key == wanted), choices[0] if choices else None)
    if project is None:
        return {"project": None}
    template = BY_NAME.get(request.GET.get("template", ""), TEMPLATES[0])
    found = values if values is not None else defaults(request, project)
    controls = {each.name: each for each in _controls(project, found, errors or {}, request.user)}
    return {
        "project": project,
        "projects": choices,
        "templates": TEMPLATES,
        "chosen": template,
        "title_control": controls.pop("title"),
        "large": [controls.pop(name) for name in LARGE],
        "controls": list(controls.values()),
        "whole": "" if errors is None else errors.get("", ""),
        "query": request.GET.urlencode(),
    }


def defaults(request: HttpRequest, project: Project) -> dict[str, str]:
    """Return the values that the URL, its template and its filters mean; a filter with several values means none."""
    blank = WorkItem(project=project, item_type=ItemType.TASK)
    found = {field.name: getattr(blank, field.name) if field.kind == spec.CHOICE else "" for field in FIELDS}
    found |= dict.fromkeys((CRITERIA, *LINKS), "")
    view = _view(request.GET.get("view", ""))
    for name, given in Filters(request, project, view=view).values.items():
        field = FILTERS.get(name, name)
        if field in found and not any(":" in value for value in given) and (len(given) == 1 or field == "labels"):
            found[field] = ", ".join(given)
    if request.GET.get("epic"):
        found["parent"] = request.GET["epic"]
    template = BY_NAME.get(request.GET.get("template", ""), TEMPLATES[0])
    found |= {name: value for name in ("item_type", "description", CRITERIA) if (value := getattr(template, name))}
    found |= {name: request.GET[name] for name in found.keys() - set(NAMES) if request.GET.get(name)}
    found["sprint"] = _sprint(project, found["sprint"])
    found["assignee"] = _person(request.user, found["assignee"])
    return found


def _view(text: str) -> SavedView | None:
    try:
        return SavedView.objects.living().filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None


def _sprint(project: Project, text: str) -> str:
    if not text or text == NOBODY:
        return ""
    sprints = Sprint.objects.living().filter(project=project)
    found = sprints.filter(status="active") if text == "active" else sprints.identified_by(text)
    sprint = found.first()
    return str(sprint.pk) if sprint else ""


def _person(user: object, text: str) -> str:
    assert isinstance(user, User)
    known: dict[str, str] = {MYSELF: user.username, NOBODY: ""}
    return known.get(text, text)


def _controls(
    project: Project, values: Mapping[str, str], errors: Mapping[str, str], user: object
) -> Iterator[Control]:
    assert isinstance(user, User)
    item = WorkItem(project=project, item_type=ItemType.TASK)  # of the types, it can have the most parents
    for field in FIELDS:
        yield Control(
            field.name,
            label(field.name).capitalize(),
            field.kind,
            values.get(field.name, ""),
            tuple(item_fields.options(item, field, user)),
            field.limit,
            HINTS.get(field.name, ""),
            errors.get(field.name, ""),
        )
    limit = CRITERION.field("text").limit
    yield Control(
        CRITERIA,
        "Acceptance criteria",
        "lines",
        values.get(CRITERIA, ""),
        limit=limit,
        hint=HINTS[CRITERIA],
        error=errors.get(CRITERIA, ""),
    )
    for relation in LINKS:
        words = RELATIONS[relation].removeprefix("is ").capitalize()
        yield Control(
            relation,
            words,
            spec.LINE,
            values.get(relation, ""),
            hint="Keys, separated by commas",
            error=errors.get(relation, ""),
        )


@transaction.atomic
def create(data: QueryDict, pk: uuid.UUID, *, actor: User) -> WorkItem:
    """Create the item that the form describes, with criteria and dependencies. Raises ValidationError or Refused."""
    project = Project.objects.living().identified_by(data.get("project", "")).first()
    if project is None:
        raise ValidationError({"project": "choose a project"})
    item = WorkItem(id=pk, project=project)
    item.item_type = data.get("item_type", ItemType.TASK)
    if item.item_type not in ItemType.values:
        raise ValidationError({"item_type": f"must be one of {', '.join(ItemType.values)}"})
    for column, value in item_form.values(item, data).items():
        setattr(item, column, value)
    item.insert(actor=actor)
    for text in filter(None, map(str.strip, data.get(CRITERIA, "").splitlines())):
        with _beside(CRITERIA):
            Criterion(work_item=item, text=text).insert(actor=actor)
    for relation in LINKS:
        for text in _named(data.get(relation, "")):
            other = resolve(project, text, field=relation, without=(item.display_key,))
            with _beside(relation):
                Dependency.between(item, relation, other, pk=uuid.uuid4()).insert(actor=actor)
    return item


@contextmanager
def _beside(field: str) -> Iterator[None]:
    """Let an error of what a field creates stand beside that field."""
    try:
        yield
    except ValidationError as error:
        raise ValidationError({field: error.messages}) from None
    except Refused as refusal:
        raise ValidationError({field: refusal.message}) from None


def _named(text: str) -> Iterator[str]:
    """Yield the items that a text names: by keys, or, between commas, by words of a title."""
    for part in filter(None, map(str.strip, text.split(","))):
        words = re.split(r"\s+", part)
        yield from words if all(map(DISPLAY_KEY.fullmatch, words)) else [part]


def errors_of(error: ValidationError) -> dict[str, str]:
    """Return the messages by the field that they belong beside, "" for the others."""
    if not hasattr(error, "error_dict"):
        return {"": " ".join(error.messages)}
    return {name.removesuffix("_id"): " ".join(texts) for name, texts in error.message_dict.items()}
