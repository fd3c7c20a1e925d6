"""Labels: their colours, and renaming and merging them on all items of a project."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.query_parameters import read_project
from projects.api.serializer_fields import StrictBooleanField, StrictCharField
from projects.api.serializers import ResponseSerializer, TargetSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.entities.label import COLOURS
from projects.models import Label, Project
from projects.models.fields import MAX_LABEL_LENGTH


class UsedLabelSerializer(ResponseSerializer):
    """A label of a project, whether it has a row or not."""

    name = serializers.CharField()
    colour = serializers.ChoiceField(choices=COLOURS)
    items = serializers.IntegerField(help_text="The number of items that have it.")


class UsedLabelsSerializer(ResponseSerializer):
    """The labels of a project, by name."""

    results = UsedLabelSerializer(many=True)


class ColourSerializer(TargetSerializer):
    """The colour of a label."""

    target = Project

    name = StrictCharField(max_length=MAX_LABEL_LENGTH)
    colour = serializers.ChoiceField(choices=COLOURS)


class RenamingSerializer(TargetSerializer):
    """A label and its new name."""

    target = Project

    name = StrictCharField(max_length=MAX_LABEL_LENGTH)
    new_name = StrictCharField(max_length=MAX_LABEL_LENGTH)
    merge = StrictBooleanField(
        default=False, help_text="If the project has the new label already, let all items have it instead."
    )


class RenamedSerializer(ResponseSerializer):
    """What a renaming did."""

    items = serializers.IntegerField(help_text="The number of items that changed.")


class LabelViewSet(EntityViewSet):
    queryset = Label.objects.all()
    restore_description = "Undo the deletion."

    def known_parameters(self) -> set[str]:
        return {"project"} if self.action == "used" else super().known_parameters()

    @extend_schema(
        parameters=[OpenApiParameter("project", str, required=True, description="Id or key of the project.")],
        responses=UsedLabelsSerializer,
    )
    @action(detail=False, methods=["get"])
    def used(self, request: Request) -> Response:
        """The labels that the project's items have, and those with a colour of their own."""
        project = read_project(request)
        if project is None:
            raise exceptions.ValidationError({"project": "is required: the ID or key of a project"})
        found = Label.objects.usage(project)
        rows = [{"name": one.name, "colour": one.colour, "items": one.items} for one in found]
        return Response({"results": rows})

    @extend_schema(request=ColourSerializer)
    @action(detail=False, methods=["post"])
    @write
    def colour(self, request: Request) -> Response:
        """Set the colour of a label that items have, or may get."""
        body = read_body(request, ColourSerializer)
        project = Project.objects.get(pk=body["project_id"])
        return self._answer(Label.objects.put(project, body["name"], actor=actor_of(request), colour=body["colour"]))

    @extend_schema(request=RenamingSerializer, responses=RenamedSerializer)
    @action(detail=False, methods=["post"])
    @write
    def rename(self, request: Request) -> Response:
        """Replace a label by another one on all items of the project."""
        body = read_body(request, RenamingSerializer)
        project = Project.objects.get(pk=body["project_id"])
        count = Label.objects.rename(
            project, body["name"], body["new_name"], actor=actor_of(request), merge=body["merge"]
        )
        return Response({"items": count})
