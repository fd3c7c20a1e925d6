"""Work items: the list, one item with everything related to it, and the actions on items."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.callers import my_id
from projects.api.idempotency import write
from projects.api.list_queries import Query, kept
from projects.api.query_parameters import BOOLEANS, limit_schema, read_limit, read_number
from projects.api.viewsets import answer, read_body
from projects.api.work_items.brief import BriefActions
from projects.api.work_items.checks import CheckActions
from projects.api.work_items.claims import ClaimActions
from projects.api.work_items.filters import WorkItemFilter, expanded
from projects.api.work_items.history import HistoryActions
from projects.api.work_items.page import page_of
from projects.api.work_items.receipts import ReceiptActions
from projects.api.work_items.reviews import ReviewActions
from projects.api.work_items.serializers import (
    BulkUpdatedSerializer,
    BulkUpdateSerializer,
    MoveSerializer,
    ReadySerializer,
    WorkItemDeletionSerializer,
    WorkItemPageSerializer,
    WorkItemRowSerializer,
    WorkItemSerializer,
)
from projects.api.work_items.tree import TreeActions
from projects.django_private import django_request
from projects.loose_types import Framework, Json
from projects.models import WorkItem
from projects.models.exceptions import Refused
from projects.models.list_filters import VIEW
from projects.models.prepared_queries import Bound, Statement, stored

LEAST_BYTES = 1024
NO_USER = uuid.UUID(int=0)
MOST_BYTES = 100_000_000


class ReadyList(NamedTuple):
    """The compiled list of ready items."""

    query: Query
    statement: Statement


class WorkItemViewSet(
    BriefActions, HistoryActions, TreeActions, ReceiptActions, CheckActions, ClaimActions, ReviewActions
):
    queryset = WorkItem.objects.all()
    related = ("project",)
    serializer_class = WorkItemSerializer
    row_serializer_class = WorkItemRowSerializer
    deletion_serializer_class = WorkItemDeletionSerializer
    filterset_class = WorkItemFilter
    # The most urgent first; items without a due date last.
    ordering_columns = {"priority": ("urgency", "position"), "due_date": ("due_rank", "position")}
    restore_description = "Undo the deletion of the item and of everything deleted with it."

    def known_parameters(self) -> set[str]:
        own: dict[str, set[str]] = {
            "destroy": {"recursive", "force"},
            "show": {"max_bytes"},
            "log": {"limit", "before"},
            "tree": {"item", "project"},
            "ready": {"fields", "limit", *self.filterset_class.base_filters},
        }
        return own.get(f"{self.action}") or super().known_parameters()

    def initial(self, request: Request, *args: Framework, **kwargs: Framework) -> None:
        super().initial(request, *args, **kwargs)
        if self.action in ("list", "ready") and VIEW in request.query_params:
            sent = django_request(request)
            sent.GET = expanded(sent.GET)  # type: ignore[assignment] # the stubs know only sent ones

    @extend_schema(
        parameters=[
            OpenApiParameter("recursive", bool, description="Also delete everything below it."),
            OpenApiParameter("force", bool, description="Also delete what another session holds."),
        ]
    )
    def destroy(self, request: Request, id: str) -> Framework:
        """Delete the item; an item with children needs `recursive`, in the query or the body."""
        return super().destroy(request, id)

    def deletion_data(self, request: Request) -> Framework:
        query = {name: BOOLEANS.get(str(text), text) for name, text in request.query_params.items()}
        return {**query, **request.data} if isinstance(request.data, dict) else request.data

    @extend_schema(request=MoveSerializer)
    @action(detail=True, methods=["post"])
    @write
    def move(self, request: Request, id: str) -> Response:
        """Move the item right before or right after another item of its project."""
        body = read_body(request, MoveSerializer)
        item = self.get_object()
        values = body
        expected = self._expected_version(request, values, item)
        places = {
            name: WorkItem.objects.select_related("project").get(pk=values[name])
            for name in ("before", "after")
            if name in values
        }
        item.move(actor=actor_of(request), expected_version=expected, **places)
        return self._answer(item)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "max_bytes",
                {"type": "integer", "minimum": LEAST_BYTES, "maximum": MOST_BYTES},
                description="The maximum size of the response in bytes: long texts are cut first, then old rows.",
            )
        ],
        responses=WorkItemPageSerializer,
    )
    @action(detail=True)
    def show(self, request: Request, id: str) -> HttpResponseBase:
        """The item with its ancestors, children, dependencies, comments, time entries and latest activity."""
        most = read_number(request, "max_bytes", LEAST_BYTES, MOST_BYTES)
        item, _ = self.shown(id)
        return self.named(answer(request, page_of(item, uuid.UUID(item["id"]).hex, most)), id, item)

    @extend_schema(
        filters=True,
        parameters=[
            OpenApiParameter("limit", limit_schema(), description="The maximum number of rows."),
            OpenApiParameter("fields", str, description="Fields of a row, separated by commas; `*` for all."),
        ],
        responses=ReadySerializer,
    )
    @action(detail=False)
    def ready(self, request: Request) -> HttpResponseBase:
        """Items that the caller can start, in the order to do them: of the active sprint, `todo`, urgent ones first."""
        ready = kept(self, request, self._compile_ready)
        values = {"now": stored(timezone.now()), "ready_for": (my_id(request) or NO_USER).hex}
        rows = ready.statement.rows(**values, **ready.query.references.values())
        if not rows:
            ready.query.references.check_empty()
        return answer(request, {"results": ready.query.rows.shown(rows), "next": None, "previous": None})

    def _compile_ready(self, request: Request) -> ReadyList:
        moment = Bound("now", WorkItem._meta.get_field("lease_expires_at"))
        assignee = Bound("ready_for", WorkItem._meta.pk)
        query = Query(self, request, self.get_queryset().ready(moment, assignee=assignee))
        return ReadyList(query, query.compiled(query.queryset, read_limit(request)))

    @extend_schema(request=BulkUpdateSerializer, responses=BulkUpdatedSerializer)
    @action(detail=False, methods=["post"], url_path="bulk-update")
    @write
    def bulk_update(self, request: Request) -> Response:
        """Update many items in the given order, all or nothing; the error names the refused row."""
        body = read_body(request, BulkUpdateSerializer)
        items: dict[Json, WorkItem] = {}
        count = 0
        for row, update in enumerate(body["updates"]):
            try:
                count += self._update_row(request, update, items)
            except (Refused, exceptions.APIException, DjangoValidationError) as error:
                error.row = row  # type: ignore[union-attr] # read by exceptions.handle
                raise
        rows = WorkItemRowSerializer(items.values(), many=True, pick=WorkItem.spec.slim).data
        return Response({"updated": count, "work_items": rows})

    def _update_row(self, request: Request, update: dict[str, Json], items: dict[Json, WorkItem]) -> bool:
        """Update one item, add it to `items`, and return whether it changed."""
        identifier = update.pop("id", None)
        if not isinstance(identifier, str):
            raise exceptions.ValidationError({"id": "must be an item's id or display key"})
        found = self.find(identifier)
        if found is None:
            raise exceptions.ValidationError({"id": f"there is no work item {identifier}"})
        item = items.setdefault(found.pk, found)
        serializer = self.get_serializer(item, data=update, partial=True)
        serializer.is_valid(raise_exception=True)
        before = item.version
        serializer.save(actor=actor_of(request))
        return item.version > before
