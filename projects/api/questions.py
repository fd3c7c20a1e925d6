"""Questions about work items, and their answers."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.serializer_fields import TEXT, StrictCharField, StrictIntegerField
from projects.api.serializers import DeletionSerializer, EntitySerializer, StrictSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.entities.question import MAX_CHOICES
from projects.models import Question


class QuestionSerializer(EntitySerializer):
    """A question about a work item."""

    places = {"display_key": "id"}
    loads = {"display_key": ("number", "work_item__item_number", "work_item__project__key")}
    makes = {"display_key": Question.key_of}

    display_key = serializers.CharField(read_only=True)

    class Meta(EntitySerializer.Meta):
        model = Question


class AnswerSerializer(StrictSerializer):
    """An answer: a text, or the number of a choice."""

    answer = StrictCharField(required=False, default="", allow_blank=True, pattern=TEXT)
    choice = StrictIntegerField(required=False, min_value=1, max_value=MAX_CHOICES, help_text="The first is 1.")
    expected_version = StrictIntegerField(required=False, min_value=1)


class QuestionViewSet(EntityViewSet):
    queryset = Question.objects.all()
    serializer_class = QuestionSerializer

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
