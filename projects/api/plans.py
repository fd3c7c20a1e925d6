"""Plans: many work items with their hierarchy, links and sprint in one request, all or none."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import TypeVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.exceptions import problems_of
from projects.api.idempotency import write
from projects.api.json_format import JSONObject
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.sprints import SprintSerializer
from projects.api.viewsets import StrictQueryMixin, read_body
from projects.api.work_items.brief import NAMES
from projects.api.work_items.serializers import WorkItemSerializer
from projects.entities.dependency import RELATIONS
from projects.loose_types import Json
from projects.models import Criterion, Dependency, Project, Sprint, User, WorkItem
from projects.models.base import find_pk
from projects.models.exceptions import Refused

T = TypeVar("T")
MAX_ITEMS = 500
MAX_ERRORS = 100  # listed
MAX_NAMED = 10  # projects in a message
LONGEST_NAME = 40  # characters of a title in a message
# What an item can say besides its fields; the links are relations of the item to others.
LINKS = {"needs": "blocked_by", "from": "discovered_from"} | {name: name for name in RELATIONS}
STRUCTURE = ("ref", "parent", "children", "sprint", "accept", *LINKS)
FIELDS = {NAMES[field.name]: field.name for field in WorkItem.spec.fields if field.create}
ALLOWED = tuple(dict.fromkeys((*FIELDS, *STRUCTURE)))
FIELDS |= {name: name for name in FIELDS.values()}  # the API's own names, too
ITEM = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "ref": {"type": "string", "description": "A name for it in this plan."},
        "title": {"type": "string"},
        "type": {"type": "string", "description": "By default a task; an item with children is a story or an epic."},
        "parent": {"type": "string", "description": "A ref or a key."},
        "children": {"type": "array", "items": {"type": "object"}},
        "accept": {"type": "array", "items": {"type": "string"}, "description": "Acceptance criteria."},
        "needs": {"type": "array", "items": {"type": "string"}, "description": "Refs or keys of what blocks it."},
        "from": {"type": "array", "items": {"type": "string"}, "description": "What it was discovered from."},
        "sprint": {"nullable": True, "description": "A name, `active`, or null for none."},
    },
}


class PlanRefused(exceptions.ValidationError):
    """The plan is wrong; `errors` lists what, unless the plan has only one item."""

    errors: list[JSONObject] | None = None

    def __init__(self, errors: list[JSONObject], *, is_single: bool) -> None:
        if is_single:
            super().__init__({error["field"] or "items": error["message"] for error in errors})
            return
        count = "an error in" if len(errors) == 1 else f"{len(errors)} errors, the first in"
        first = f"{errors[0]['item']}: {_sentence(errors[0])}"
        super().__init__({"items": f"nothing was created; the plan has {count} {first}"})
        self.errors = errors[:MAX_ERRORS]


def _sentence(error: JSONObject) -> str:
    return f"{error['field']}: {error['message']}" if error["field"] else str(error["message"])


@extend_schema_field(ITEM)
class ItemField(serializers.DictField):
    """A new item: its fields, `ref`, `parent`, `children`, links and sprint."""


@extend_schema_field(
    {
        "oneOf": [{"type": "string"}, {"type": "object", "required": ["name", "start_date", "end_date"]}],
        "nullable": True,
    }
)
class SprintField(serializers.JSONField):
    """The name of a sprint, `active`, or the fields of a new sprint."""


class PlanSerializer(StrictSerializer):
    """Items, and the sprint that takes all but the epics."""

    project = serializers.CharField(required=False, help_text="Id or key; optional if the board has only one.")
    sprint = SprintField(required=False, allow_null=True)
    items = serializers.ListField(child=ItemField(), min_length=1, max_length=MAX_ITEMS)


class PlannedItemSerializer(ResponseSerializer):
    """A new item."""

    ref = serializers.CharField(required=False)
    key = serializers.CharField()
    status = serializers.CharField()
    version = serializers.IntegerField()
    parent = serializers.CharField(required=False)  # type: ignore[assignment] # hides Field.parent


class PlannedSerializer(ResponseSerializer):
    """The new items in the order of the plan, and the sprint's name."""

    items = PlannedItemSerializer(many=True)
    sprint = serializers.CharField(required=False)


class PlanView(StrictQueryMixin):
    http_method_names = ["post"]
    action = "create"  # the serializers accept the fields of a creation

    @extend_schema(operation_id="plan", request=PlanSerializer, responses={201: PlannedSerializer})
    @write
    def post(self, request: Request) -> Response:
        """Create all items of a plan with their links, or none of them; the error lists all that is wrong."""
        body = read_body(request, PlanSerializer)
        plan = Plan(body["items"], {"request": request, "view": self}, actor_of(request))
        plan.create(_project(body.get("project"), plan.keys()), body.get("sprint"))
        document: JSONObject = {"items": [entry.receipt() for entry in plan.entries]}
        if plan.sprint is not None:
            document["sprint"] = plan.sprint.name
        return Response(document, status=201)


class Entry:
    """An item of the plan; `item` once it is created."""

    def __init__(self, number: int, data: JSONObject, above: Entry | None) -> None:
        self.number = number
        self.data = data
        self.above = above
        self.below: list[Entry] = []
        self.item: WorkItem | None = None
        self.is_refused = False

    @property
    def ref(self) -> str:
        return str(self.data.get("ref") or "")

    @property
    def title(self) -> str:
        title = str(self.data.get("title") or "")
        return title if len(title) <= LONGEST_NAME else f"{title[: LONGEST_NAME - 1]}…"

    @property
    def name(self) -> str:
        """How errors name it."""
        short = self.ref or self.title
        return f"item {self.number}" + (f" ({short})" if short else "")

    @property
    def short(self) -> str:
        """How errors about others name it: its ref, else its title."""
        return self.ref or f"“{self.title}”"

    @property
    def kind(self) -> str:
        """Its type by default: as high as what is below it needs."""
        given = self.data.get("type", self.data.get("item_type"))
        if given is not None:
            return str(given)
        kinds = {entry.kind for entry in self.below}
        return "task" if not kinds else "epic" if kinds & {"story", "epic"} else "story"

    def receipt(self) -> JSONObject:
        assert self.item is not None
        ref = {"ref": self.ref} if self.ref else {}
        parent = {"parent": self.item.parent_key} if self.item.parent_id else {}
        return {**ref, "key": self.item.display_key, "status": self.item.status, "version": self.item.version, **parent}


class Plan:
    """The items of a request. Everything that is wrong is collected, so that one answer reports all of it."""

    def __init__(self, items: Iterable[Json], context: JSONObject, actor: User) -> None:
        self.context = context
        self.actor = actor
        self.entries: list[Entry] = []
        self.errors: list[JSONObject] = []
        self.sprint: Sprint | None = None
        self._by_ref: dict[str, Entry] = {}
        self._read(items, None)
        self._nest()

    def keys(self) -> Iterator[str]:
        """Yield the keys of existing items that the plan names."""
        for entry in self.entries:
            for name in (entry.data.get("parent"), *(name for link in LINKS for name in _names(entry.data.get(link)))):
                if isinstance(name, str) and name not in self._by_ref:
                    yield name

    def create(self, project: Project, sprint: Json) -> None:
        """Create everything. Raises PlanRefused."""
        if sprint is not None:
            self.sprint = self._attempt(None, partial(self._find_sprint, project, sprint))
        for entry in self.entries:
            self._create(entry, project)
        for entry in self.entries:
            self._link(entry)
        if self.errors:
            raise PlanRefused(self._in_words_of_the_plan(), is_single=len(self.entries) == 1)

    def _in_words_of_the_plan(self) -> list[JSONObject]:
        """Return the errors with refs and titles instead of the keys of items, none of which was created."""
        names = {entry.item.display_key: entry.short for entry in self.entries if entry.item is not None}
        if not names:
            return self.errors
        keys = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
        return [
            {**error, "message": keys.sub(lambda key: names[key[0]], str(error["message"]))} for error in self.errors
        ]

    def _read(self, items: Iterable[Json], above: Entry | None) -> None:
        for data in items:
            entry = Entry(len(self.entries) + 1, data if isinstance(data, dict) else {}, above)
            self.entries.append(entry)
            if above is not None:
                above.below.append(entry)
            if len(self.entries) > MAX_ITEMS:
                raise exceptions.ValidationError({"items": f"a plan has {MAX_ITEMS} items at most"})
            if not isinstance(data, dict):
                self._refuse(entry, "", "must be an object")
                continue
            for name in data:
                if name not in FIELDS and name not in STRUCTURE:
                    self._refuse(entry, str(name), f"unknown field; allowed: {', '.join(ALLOWED)}")
            ref, children = data.get("ref"), data.get("children", [])
            if ref is not None and not (isinstance(ref, str) and ref):
                self._refuse(entry, "ref", "must be a text")
            elif ref in self._by_ref:
                self._refuse(entry, "ref", f"{ref} is the ref of {self._by_ref[ref].name}, too")
            elif ref is not None:
                self._by_ref[ref] = entry
            if not isinstance(children, list):
                self._refuse(entry, "children", "must be a list of items")
            else:
                self._read(children, entry)

    def _nest(self) -> None:
        """Find the parents that are named by their ref."""
        for entry in self.entries:
            parent = entry.data.get("parent")
            if parent is None or not isinstance(parent, str):
                continue
            if entry.above is not None:
                self._refuse(entry, "parent", f"it stands below {entry.above.name}; leave out parent")
            elif parent in self._by_ref:
                entry.above = self._by_ref[parent]
                if entry in _chain(entry.above):
                    self._refuse(entry, "parent", f"{parent} is below it")
                    entry.above = None
                else:
                    entry.above.below.append(entry)

    def _create(self, entry: Entry, project: Project) -> None:
        if entry.item is not None or entry.is_refused:
            return
        if entry.above is not None:
            self._create(entry.above, project)
            if entry.above.item is None:
                entry.is_refused = True  # the error of its parent is reported
                return
        entry.item = self._attempt(entry, partial(self._insert, entry, project))
        entry.is_refused = entry.item is None

    def _insert(self, entry: Entry, project: Project) -> WorkItem:
        fields = {FIELDS[name]: value for name, value in entry.data.items() if name in FIELDS and name != "sprint"}
        fields |= {"project": str(project.pk), "item_type": entry.kind}
        if entry.above is not None and entry.above.item is not None:
            fields["parent"] = str(entry.above.item.pk)
        if isinstance(fields.get("labels"), str):
            fields["labels"] = [name.strip() for name in fields["labels"].split(",")]
        serializer = WorkItemSerializer(data=fields, context=self.context)
        serializer.is_valid(raise_exception=True)
        sprint = self._sprint_of(entry, project)
        more: JSONObject = {} if sprint is None else {"sprint_id": sprint.pk}
        item: WorkItem = serializer.save(actor=self.actor, project=project, **more)
        for text in self._criteria(entry):
            Criterion(work_item=item, text=text).insert(actor=self.actor)
        return item

    @staticmethod
    def _criteria(entry: Entry) -> list[str]:
        """Return the texts of the item's acceptance criteria. Raises ValidationError."""
        given = entry.data.get("accept") or []
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise exceptions.ValidationError({"accept": "must be a list of texts"})
        return texts

    def _sprint_of(self, entry: Entry, project: Project) -> Sprint | None:
        if "sprint" not in entry.data:
            return None if entry.kind == "epic" else self.sprint
        named = entry.data["sprint"]
        return None if named is None else self._find_sprint(project, named)

    def _find_sprint(self, project: Project, named: Json) -> Sprint:
        if isinstance(named, dict):
            serializer = SprintSerializer(data={**named, "project": str(project.pk)}, context=self.context)
            serializer.is_valid(raise_exception=True)
            sprint: Sprint = serializer.save(actor=self.actor)
            return sprint
        if not isinstance(named, str):
            raise exceptions.ValidationError({"sprint": "must be a name, active, or an object"})
        pk = find_pk(Sprint, named, str(project.pk))
        if pk is None:
            known = ", ".join(
                Sprint.objects.living().filter(project=project).values_list("name", flat=True)[:MAX_NAMED]
            )
            message = f"there is no sprint {named} in {project.key}; sprints: {known or 'none'}"
            raise exceptions.ValidationError({"sprint": message})
        return Sprint.objects.select_related("project").get(pk=pk)

    def _link(self, entry: Entry) -> None:
        for link, relation in LINKS.items():
            for name in _names(entry.data.get(link)):
                self._attempt(entry, partial(self._insert_link, entry, link, relation, name), link)

    def _insert_link(self, entry: Entry, link: str, relation: str, name: Json) -> None:
        other = self._by_ref.get(name) if isinstance(name, str) else None
        target = _existing(name, link) if other is None else other.item
        if target is None or entry.item is None:
            return  # its own error is reported
        Dependency.between(entry.item, relation, target, pk=uuid.uuid4()).insert(actor=self.actor)

    def _attempt(self, entry: Entry | None, do: Callable[[], T], link: str = "") -> T | None:
        """Return the result of `do`; if it is refused, note why, undo what it did and return None.

        `link` is the field of the plan that `do` reads, if it makes a link.
        """
        try:
            # What a plan of one item did is undone with the request.
            with transaction.atomic() if len(self.entries) > 1 else nullcontext():
                return do()
        except (Refused, exceptions.ValidationError, DjangoValidationError) as error:
            for field, message in problems_of(error):
                self._refuse(entry, link if field.endswith("_item_id") else field, message)
            return None

    def _refuse(self, entry: Entry | None, field: str, message: str) -> None:
        named = "the sprint" if entry is None else entry.name
        self.errors.append({"item": named, "field": NAMES.get(field, field) or None, "message": message})


def _project(named: str | None, keys: Iterable[str]) -> Project:
    """Return the named project, that of the first existing item named, or the only one. Raises ValidationError."""
    pk = Project.objects.only_pk() if named is None else find_pk(Project, named)
    found = None if pk is None else Project.objects.loaded(pk)
    if found is not None:
        return found
    if named is not None:
        raise exceptions.ValidationError({"project": f"there is no project {named}"})
    projects = list(Project.objects.living().order_by("key")[: MAX_NAMED + 1])
    if not projects:
        hint = "the board has no project; create one: pm project create TITLE"
        raise exceptions.ValidationError({"project": hint})
    for key in keys:
        if pk := find_pk(WorkItem, key):
            return Project.objects.get(work_items=pk)
        prefix = key.rpartition("-")[0].upper()
        if prefix and (project := Project.objects.living().filter(key=prefix).first()):
            return project  # the item that does not exist is the error to report
    more = ", …" if len(projects) > MAX_NAMED else ""
    known = ", ".join(project.key for project in projects[:MAX_NAMED])
    raise exceptions.ValidationError({"project": f"the board has several projects; name one of: {known}{more}"})


def _existing(name: Json, link: str) -> WorkItem:
    pk = find_pk(WorkItem, name) if isinstance(name, str) else None
    if pk is None:
        raise exceptions.ValidationError({link: f"there is no ref and no work item {name}"})
    return WorkItem.objects.select_related("project").get(pk=pk)


def _chain(entry: Entry) -> Iterator[Entry]:
    """Yield the entry and what is above it."""
    one: Entry | None = entry
    while one is not None:
        yield one
        one = one.above


def _names(value: Json) -> list[Json]:
    """Return the names of a link: a list, or a text with commas."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return value if isinstance(value, list) else [] if value is None else [value]
