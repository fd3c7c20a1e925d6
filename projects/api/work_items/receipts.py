"""Short answers to writes: what an agent needs to know of an item that it just changed, in a few bytes."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.json_format import JSONObject, render
from projects.api.serializer_fields import StrictBooleanField, StrictIntegerField
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.loose_types import Json
from projects.models import Comment, Criterion, WorkItem
from projects.models.comment import Kind
from projects.models.exceptions import HasBlockers, HasChildren, Refused
from projects.models.work_items.consequences import freed_by, open_below_parent

MAX_ITEMS = 100  # of one request
MAX_BYTES = 160  # of a receipt as compact JSON
MAX_UNBLOCKED = 5
LEAST_WARNING = 30  # bytes


class ReceiptSerializer(ResponseSerializer):
    """An item after a write. Empty members are left out."""

    key = serializers.CharField()
    status = serializers.CharField()
    version = serializers.IntegerField()
    unblocked = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Items that waited only for this one."
    )
    unblocked_more = serializers.IntegerField(required=False, help_text="How many more there are.")
    parent = serializers.CharField(required=False)  # type: ignore[assignment] # hides Field.parent
    parent_open = serializers.IntegerField(required=False, help_text="The number of open children of the parent.")
    warning = serializers.CharField(required=False, help_text="What it lacks although it is closed.")


class ReceiptsSerializer(ResponseSerializer):
    """One receipt for each item, in the order of the request."""

    receipts = ReceiptSerializer(many=True)


@extend_schema_field({"type": "object"})
class ChangesField(serializers.DictField):
    """The fields of an update."""


class EditSerializer(StrictSerializer):
    """The same changes to one or more items, all or none."""

    items = serializers.ListField(
        child=serializers.CharField(), min_length=1, max_length=MAX_ITEMS, help_text="IDs or display keys."
    )
    changes = ChangesField(help_text="The fields of an update.")
    keep_closed = StrictBooleanField(
        required=False, default=False, help_text="Leave items as they are that have the status of the changes already."
    )
    accept = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Texts of acceptance criteria to add."
    )
    remove_criteria = serializers.ListField(
        child=StrictIntegerField(min_value=1), required=False, help_text="Numbers of acceptance criteria to delete."
    )
    tick = serializers.ListField(
        child=StrictIntegerField(min_value=1), required=False, help_text="Numbers of acceptance criteria to tick."
    )


class TickSerializer(StrictSerializer):
    """Acceptance criteria by their numbers, which count from 1."""

    numbers = serializers.ListField(child=StrictIntegerField(min_value=1), min_length=1)
    ticked = StrictBooleanField(required=False, default=True, help_text="False removes the ticks.")


class TickedSerializer(ResponseSerializer):
    """The item, and how many of its criteria are ticked, such as 2/3."""

    key = serializers.CharField()
    criteria = serializers.CharField()


class NoteSerializer(StrictSerializer):
    """A comment."""

    content = serializers.CharField(help_text="Markdown.", trim_whitespace=False)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)


class NotedSerializer(ResponseSerializer):
    """The item, and the comment's id."""

    key = serializers.CharField()
    comment = serializers.UUIDField()


class BackSerializer(StrictSerializer):
    """A note for the next holder; `force` releases the claim of another session."""

    note = serializers.CharField(required=False, help_text="Markdown.", trim_whitespace=False)
    force = StrictBooleanField(required=False, default=False)


def receipt_of(item: WorkItem, *, was_open: bool = False) -> JSONObject:
    """Return the receipt for a written item; if it `was_open` and is closed, with the items that this unblocked."""
    receipt: JSONObject = {"key": item.display_key, "status": item.status, "version": item.version}
    freed = freed_by(item) if was_open and not item.is_open else []
    receipt["unblocked"] = freed[:MAX_UNBLOCKED]
    receipt["unblocked_more"] = len(freed) - len(receipt["unblocked"])
    if item.parent_id is not None:
        receipt["parent"], receipt["parent_open"] = item.parent_key, open_below_parent(item)
    while receipt["unblocked"] and len(render(_without_empty(receipt))) > MAX_BYTES:
        receipt["unblocked"].pop()
        receipt["unblocked_more"] += 1
    receipt = _without_empty(receipt)
    if item.warnings:
        lacks = "; ".join(str(each) for each in item.warnings)
        room = MAX_BYTES - len(render(receipt)) - len(',"warning":"lacks: "')
        receipt["warning"] = f"lacks: {shortened(lacks, max(LEAST_WARNING, room))}"
    return receipt


def shortened(text: str, most: int) -> str:
    """Return the text, cut so that it takes at most so many bytes of JSON."""
    if len(render(text)) - 2 <= most:
        return text
    while len(render(text)) + 1 > most:
        text = text[:-1]
    return f"{text}…"


def _without_empty(receipt: JSONObject) -> JSONObject:
    return {name: value for name, value in receipt.items() if value or name == "parent_open"}


class ReceiptActions(EntityViewSet):
    names_in_body = ("edit",)

    @extend_schema(request=EditSerializer, responses=ReceiptsSerializer)
    @action(detail=False, methods=["post"])
    @write
    def edit(self, request: Request) -> Response:
        """Make the same changes to one or more items, all or none; answer a receipt for each."""
        body = read_body(request, EditSerializer)
        items = {item.pk: item for item in map(self._named, body["items"])}
        were_open = {pk for pk, item in items.items() if item.is_open}
        kept = body["changes"].get("status") if body["keep_closed"] else None
        for item in items.values():
            self._edit_criteria(request, item, body)
        self._edit_all(request, list(items.values()), body["changes"], kept)
        receipts = [receipt_of(item, was_open=pk in were_open) for pk, item in items.items()]
        return Response({"receipts": receipts})

    def _edit_all(self, request: Request, items: Sequence[WorkItem], changes: JSONObject, status: str | None) -> None:
        """Edit the items that do not have this status; those that others of them keep open come after these.

        An error names the refused row.
        """
        waiting: Sequence[WorkItem] = [item for item in items if item.status != status]
        while waiting:
            kept: list[WorkItem] = []
            refusal: Exception | None = None
            for item in waiting:
                try:
                    self._edit(request, item, changes)
                except (HasChildren, HasBlockers) as error:
                    refusal = refusal or error
                    kept.append(item)
                except (Refused, exceptions.APIException, DjangoValidationError) as error:
                    error.row = items.index(item)  # type: ignore[union-attr] # read by exceptions.handle
                    raise
            if refusal is not None and len(kept) == len(waiting):
                raise refusal
            waiting = kept

    def _edit(self, request: Request, item: WorkItem, changes: JSONObject) -> None:
        serializer = self.get_serializer(item, data=dict(changes), partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save(actor=actor_of(request))

    def _edit_criteria(self, request: Request, item: WorkItem, body: JSONObject) -> None:
        actor = actor_of(request)
        for criterion in Criterion.objects.numbered(item, body.get("tick", ())):
            criterion.tick(actor=actor)
        for criterion in Criterion.objects.numbered(item, body.get("remove_criteria", ())):
            criterion.soft_delete(actor=actor)
        for text in body.get("accept", ()):
            Criterion(work_item=item, text=text).insert(actor=actor)

    @extend_schema(request=TickSerializer, responses=TickedSerializer)
    @action(detail=True, methods=["post"])
    @write
    def tick(self, request: Request, id: str) -> Response:
        """Tick acceptance criteria that the caller saw hold, or remove their ticks; answer how many are ticked."""
        body = read_body(request, TickSerializer)
        item, actor = self.get_object(), actor_of(request)
        for criterion in Criterion.objects.numbered(item, body["numbers"]):
            if body["ticked"]:
                criterion.tick(actor=actor)
            else:
                criterion.untick(actor=actor)
        return Response({"key": item.display_key, "criteria": "{}/{}".format(*Criterion.objects.progress(item))})

    @extend_schema(request=NoteSerializer, responses={201: NotedSerializer})
    @action(detail=True, methods=["post"])
    @write
    def note(self, request: Request, id: str) -> Response:
        """Comment on the item; answer its key and the comment's id."""
        body = read_body(request, NoteSerializer)
        item = self.get_object()
        comment = Comment(work_item=item, **body)
        comment.insert(actor=actor_of(request))
        return Response({"key": item.display_key, "comment": str(comment.pk)}, status=201)

    @extend_schema(request=BackSerializer, responses=ReceiptSerializer)
    @action(detail=True, methods=["post"])
    @write
    def back(self, request: Request, id: str) -> Response:
        """Give the item back: release the claim, and leave a note as a handover."""
        body = read_body(request, BackSerializer)
        item = self.get_object()
        actor = actor_of(request)
        item.release(actor=actor, force=body["force"])
        if body.get("note"):
            Comment(work_item=item, content=body["note"], kind=Kind.HANDOVER).insert(actor=actor)
        return Response(receipt_of(item))

    def _named(self, identifier: str) -> Json:
        item = self.find(identifier)
        if item is None:
            raise self._not_found(identifier)
        return item
