"""The items of a project, or those below an item, as a tree in few bytes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from projects.api.json_format import JSONObject
from projects.api.query_parameters import read_project
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import EntityViewSet, answer
from projects.api.work_items.brief import without_empty
from projects.loose_types import SqlRow
from projects.models import WorkItem
from projects.models.prepared_queries import Statement, bound, stored
from projects.models.work_items.queries import WorkItemQuerySet

MAX_ITEMS = 500
COLUMNS = ("pk", "parent_id", "project__key", "item_number", "item_type", "title", "status", "open_blockers")

Row = tuple[Any, ...]  # the values of COLUMNS, as SQLite has them


@extend_schema_field(
    {
        "type": "object",
        "required": ["key", "type", "title", "status"],
        "properties": {
            "key": {"type": "string"},
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "string"},
            "blocked": {"type": "boolean", "description": "Only if an open item blocks it."},
            "children": {"type": "array", "items": {"type": "object"}},
        },
    }
)
class NodeField(serializers.DictField):
    """An item with its children."""


class TreeSerializer(ResponseSerializer):
    """Items in the order of the board; `more` is the number of those left out."""

    tree = serializers.ListField(child=NodeField())
    more = serializers.IntegerField(required=False)


class TreeActions(EntityViewSet):
    @extend_schema(
        filters=False,
        parameters=[
            OpenApiParameter("item", str, description="Only this item and what is below it, closed items included."),
            OpenApiParameter("project", str, description="A project's id or key."),
        ],
        responses=TreeSerializer,
    )
    @action(detail=False)
    def tree(self, request: Request) -> HttpResponseBase:
        """The open items with what is above them; or an item with everything below it."""
        rows, total = self._below(request) if "item" in request.query_params else self._open(request)
        document: JSONObject = {"tree": nested(rows)}
        if total > len(rows):
            document["more"] = total - len(rows)
        return answer(request, document)

    def _below(self, request: Request) -> tuple[list[Row], int]:
        name = request.query_params["item"]
        top = self.find(name)
        if top is None:
            raise exceptions.ValidationError({"item": f"there is no work item {name}"})
        below = WorkItem.objects.living().descendants_of(top.pk)
        return [
            *_rows(WorkItem.objects.filter(pk=top.pk)),
            *_rows(below.in_order()[: MAX_ITEMS - 1]),
        ], 1 + below.count()

    def _open(self, request: Request) -> tuple[list[Row], int]:
        project = read_project(request)
        values = {} if project is None else {"project_id": stored(project.pk)}
        rows = _first_open(*values).rows(**values)
        total = WorkItem.objects.living().unfinished().filter(**values).count() if len(rows) == MAX_ITEMS else len(rows)
        known = {row[0] for row in rows}
        while missing := {row[1] for row in rows if row[1]} - known:  # a closed item with an open child
            above = _rows(WorkItem.objects.filter(pk__in=missing))
            known |= missing
            rows += above
            total += len(above)
        return rows, total


def _rows(items: WorkItemQuerySet) -> list[Row]:
    return Statement(items.values_list(*COLUMNS)).rows()


@functools.cache
def _first_open(*names: str) -> Statement:
    """Return the query for the open items, or for those with these values, in the order of the board."""
    found = WorkItem.objects.living().unfinished().filter(**bound(WorkItem, names))
    return Statement(found.order_by("project__key", "position", "item_number").values_list(*COLUMNS)[:MAX_ITEMS])


def nested(rows: Iterable[Row]) -> list[JSONObject]:
    """Return the rows as nodes, each with its children; rows whose parent is not among them are the roots."""
    nodes: dict[SqlRow, tuple[SqlRow, JSONObject]] = {}
    for pk, parent, project_key, number, kind, title, status, blockers in rows:
        key = f"{project_key}-{number}"
        node = {"key": key, "type": kind, "title": title, "status": status, "blocked": blockers > 0, "children": []}
        nodes[pk] = parent, node
    roots: list[JSONObject] = []
    for parent, node in nodes.values():
        siblings = nodes[parent][1]["children"] if parent in nodes else roots
        siblings.append(node)
    return [_without_empty(root) for root in roots]


def _without_empty(node: JSONObject) -> JSONObject:
    return without_empty({**node, "children": [_without_empty(child) for child in node["children"]]})
