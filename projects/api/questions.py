"""Questions about work items, and their answers."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.filters import EntityFilterSet, PersonFilter, TruthFilter, WordsFilter
from projects.api.idempotency import write
from projects.api.json_format import JSONObject
from projects.api.serializer_fields import TEXT, StrictCharField, StrictIntegerField
from projects.api.serializers import DeletionSerializer, EntitySerializer, ResponseSerializer, StrictSerializer
from projects.api.viewsets import EntityViewSet, answer, read_body
from projects.entities.question import MAX_CHOICES, SHOWN
from projects.loose_types import AnyRows, Framework
from projects.models import Question
from projects.models.activity import latest_id
from projects.models.question import SETTLED, Status

CLOSED_HELP = "closed: open, but its item is done or cancelled."


class QuestionSerializer(EntitySerializer):
    """A question about a work item."""

    places = {"display_key": "id"}
    loads = {
        "display_key": ("number", "work_item__item_number", "work_item__project__key"),
        "status": ("status", "work_item__status"),
    }
    makes = {"display_key": Question.key_of, "status": Question.shown_status}

    display_key = serializers.CharField(read_only=True)
    status = serializers.ChoiceField(choices=SHOWN, read_only=True, help_text=CLOSED_HELP)

    class Meta(EntitySerializer.Meta):
        model = Question


class ShownStatusFilter(WordsFilter):
    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        return qs.shown_as(value) if value else qs


class QuestionFilter(EntityFilterSet):
    status = ShownStatusFilter([(name, name) for name in SHOWN], help_text="Repeated or with commas.")
    asked_by = PersonFilter(field_name="created_by_id")
    current = TruthFilter("current", "not_current", help_text="`true`: only about items that are not closed.")

    class Meta:
        model = Question


class AnswerSerializer(StrictSerializer):
    """An answer: a text, or the number of a choice."""

    answer = StrictCharField(required=False, default="", allow_blank=True, pattern=TEXT)
    choice = StrictIntegerField(required=False, min_value=1, max_value=MAX_CHOICES, help_text="The first is 1.")
    expected_version = StrictIntegerField(required=False, min_value=1)


class OutcomeSerializer(ResponseSerializer):
    """What became of a question so far. Empty members are left out."""

    question = serializers.CharField(help_text="Its key.")
    status = serializers.ChoiceField(choices=SHOWN, help_text=CLOSED_HELP)
    answer = serializers.CharField(required=False)
    by = serializers.CharField(required=False)
    default = serializers.CharField(required=False, help_text="Says that the default was taken.")
    default_at = serializers.DateTimeField(required=False, help_text="When the default of an open one is taken.")
    message = serializers.CharField(help_text="The same in words.")
    cursor = serializers.IntegerField(required=False, help_text="For the next X-Wait.")


class QuestionViewSet(EntityViewSet):
    queryset = Question.objects.all()
    serializer_class = QuestionSerializer
    filterset_class = QuestionFilter

    @extend_schema(responses=OutcomeSerializer)
    @action(detail=True)
    def outcome(self, request: Request, id: str) -> HttpResponseBase:
        """What became of the question so far, in few bytes: for commands that wait.

        With the header `X-Wait: CURSOR; SECONDS`, a server of a team answers once the board has changed after the
        cursor, or the time is over.
        """
        cursor = latest_id() if "X-Wait" in request.headers else None  # before the question: no change is missed
        question = self.get_object()
        status = Question.shown_status(question.status, question.work_item.status)
        document: JSONObject = {"question": question.display_key, "status": status}
        if status == Status.OPEN and question.default_at is not None:
            document["default_at"] = f"{question.default_at:%Y-%m-%dT%H:%M:%SZ}"
        elif question.answer:
            document["answer"] = question.answer
        if question.status == Status.DEFAULT_TAKEN:
            document["default"] = SETTLED[question.status]
        if question.answered_by is not None:
            document["by"] = question.answered_by.username
        if cursor is not None:
            document["cursor"] = cursor
        return answer(request, {**document, "message": f"{question.display_key}: {question.outcome}"})

    @extend_schema(request=AnswerSerializer)
    @action(detail=True, methods=["post"])
    @write
    def answer(self, request: Request, id: str) -> Response:
        """Answer as a person."""
        question = self.get_object()
        body = read_body(request, AnswerSerializer)
        question.answer_with(
            actor=actor_of(request),
            text=body["answer"],
            choice=body.get("choice"),
            expected_version=self._expected_version(request, body, question),
        )
        return self._answer(question)

    @extend_schema(request=DeletionSerializer, operation_id="questions_withdraw")
    @action(detail=True, methods=["post"])
    @write
    def withdraw(self, request: Request, id: str) -> Response:
        """Close a question of one's own without an answer."""
        question = self.get_object()
        body = read_body(request, DeletionSerializer)
        question.withdraw(actor=actor_of(request), expected_version=self._expected_version(request, body, question))
        return self._answer(question)
