"""Reviews: hand an item in, accept it or send it back, and close it without evidence."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.callers import myself
from projects.api.idempotency import write
from projects.api.json_format import JSONObject
from projects.api.serializer_fields import TEXT, StrictBooleanField, StrictCharField
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.viewsets import EntityViewSet, answer, read_body
from projects.api.work_items.receipts import ReceiptSerializer, receipt_of
from projects.entities.project import CLOSING_POLICIES
from projects.models import Review, Waiver, WorkItem
from projects.models.review import accept, send_back
from projects.models.work_items.choices import Status
from projects.models.work_items.evidence import Missing, missing_evidence

MOST_SENT_BACK = 20


class HandInSerializer(StrictSerializer):
    """What was done, and how to see it."""

    text = StrictCharField(required=False, default="", allow_blank=True, pattern=TEXT, help_text="Markdown.")


class AcceptSerializer(StrictSerializer):
    """A text for the author, and whether to close the item despite open children or blockers."""

    text = StrictCharField(required=False, default="", allow_blank=True, pattern=TEXT, help_text="Markdown.")
    force = StrictBooleanField(required=False, default=False)


class SendBackSerializer(StrictSerializer):
    """What has to change."""

    text = StrictCharField(pattern=TEXT, help_text="Markdown.")


class WaiveSerializer(StrictSerializer):
    """Why the item is closed without the evidence that is missing."""

    reason = StrictCharField(pattern=TEXT, help_text="Markdown.")


class MissingSerializer(ResponseSerializer):
    """What an item lacks, and how to get it."""

    what = serializers.CharField()
    get = serializers.CharField(help_text="A command, or what a person has to do.")
    is_warning = serializers.BooleanField(help_text="Whether the item may be closed without it.")


class EvidenceSerializer(ResponseSerializer):
    """The policies of the item's project, what it lacks now, and its latest review."""

    key = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    policies = serializers.DictField(child=serializers.CharField())
    missing = MissingSerializer(many=True)
    review = serializers.DictField(required=False, help_text="by, at, text, verdict, answer, decided_by.")


def evidence_of(item: WorkItem) -> JSONObject:
    """Return what the item lacks before it is done, and its latest review."""
    found: JSONObject = {
        "key": item.display_key,
        "title": item.title,
        "status": item.status,
        "policies": {name.removesuffix("_policy"): getattr(item.project, name) for name in CLOSING_POLICIES},
        "missing": [each._asdict() for each in _missing(item)],
    }
    review = Review.objects.latest_of(item)
    if review is not None:
        found["review"] = review_of(review)
    return found


def _missing(item: WorkItem) -> list[Missing]:
    """Return what an open item lacks; one in review has been handed in, so an acceptance is not among it."""
    return missing_evidence(item, is_accepted=item.status == Status.REVIEW) if item.is_open else []


def review_of(review: Review) -> JSONObject:
    """Return a review without empty members."""
    found: JSONObject = {
        "by": review.created_by.username,
        "at": f"{review.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "text": review.content,
        "verdict": review.verdict,
        "answer": review.answer,
        "decided_by": review.decided_by.username if review.decided_by else "",
    }
    return {name: value for name, value in found.items() if value}


class SentBackSerializer(ResponseSerializer):
    """An item that was sent back."""

    key = serializers.CharField()
    title = serializers.CharField()
    by = serializers.CharField()
    text = serializers.CharField()


class SentBackListSerializer(ResponseSerializer):
    """The items that were sent back to the caller, the latest first."""

    results = SentBackSerializer(many=True)


class ReviewActions(EntityViewSet):
    @extend_schema(responses=SentBackListSerializer)
    @action(detail=False, url_path="sent-back")
    def sent_back(self, request: Request) -> HttpResponseBase:
        """The items that people sent back to the caller and that were not handed in again."""
        me = myself(request)
        reviews = Review.objects.none() if me is None else Review.objects.sent_back_to(me)
        rows = reviews.select_related("work_item__project", "decided_by")[:MOST_SENT_BACK]
        found = [
            {"key": each.work_item.display_key, "title": each.work_item.title}
            | {"by": str(each.decided_by), "text": each.answer}
            for each in rows
        ]
        return answer(request, {"results": found})

    @extend_schema(responses=EvidenceSerializer)
    @action(detail=True)
    def evidence(self, request: Request, id: str) -> HttpResponseBase:
        """What the item lacks before it is done, and how to get it."""
        return answer(request, evidence_of(self.get_object()))

    @extend_schema(request=HandInSerializer, responses=ReceiptSerializer)
    @action(detail=True, methods=["post"])
    @write
    def review(self, request: Request, id: str) -> Response:
        """Hand the item in: a person accepts it, or sends it back."""
        body = read_body(request, HandInSerializer)
        item = self.get_object()
        Review(work_item=item, content=body["text"]).insert(actor=actor_of(request))
        return Response(receipt_of(item))

    @extend_schema(request=AcceptSerializer, responses=ReceiptSerializer)
    @action(detail=True, methods=["post"])
    @write
    def accept(self, request: Request, id: str) -> Response:
        """Accept what was handed in, as a person: the item is done."""
        body = read_body(request, AcceptSerializer)
        item = self.get_object()
        was_open = item.is_open
        accept(item, actor=actor_of(request), **body)
        return Response(receipt_of(item, was_open=was_open))

    @extend_schema(request=SendBackSerializer, responses=ReceiptSerializer)
    @action(detail=True, methods=["post"], url_path="send-back")
    @write
    def return_to_author(self, request: Request, id: str) -> Response:
        """Send back what was handed in, as a person: the item is in progress, and its session begins with the text."""
        body = read_body(request, SendBackSerializer)
        item = self.get_object()
        send_back(item, actor=actor_of(request), text=body["text"])
        return Response(receipt_of(item))

    @extend_schema(request=WaiveSerializer, responses=ReceiptSerializer)
    @action(detail=True, methods=["post"])
    @write
    def waive(self, request: Request, id: str) -> Response:
        """Close the item without the evidence that is missing, as a person: a waiver records what was."""
        body = read_body(request, WaiveSerializer)
        item = self.get_object()
        was_open = item.is_open
        Waiver(work_item=item, reason=body["reason"]).insert(actor=actor_of(request))
        return Response(receipt_of(item, was_open=was_open))
