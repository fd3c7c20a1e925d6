"""How the checks of a project stand for an item."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.json_format import JSONObject
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import EntityViewSet
from projects.models import CheckRun, WorkItem
from projects.models.check_run import STATES, CheckState


class StandingSerializer(ResponseSerializer):
    """A check that applies to an item, and how it stands."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    command = serializers.CharField()
    timeout_seconds = serializers.IntegerField()
    required = serializers.BooleanField(help_text="Whether the policy of the project counts it.")  # type: ignore[assignment]  # hides Field.required
    approved = serializers.BooleanField(help_text="Whether a person has approved the command on this clone.")
    state = serializers.ChoiceField(choices=[*STATES], help_text="For the content that was reported last.")
    run = serializers.UUIDField(required=False, help_text="The result that decides the state.")
    by = serializers.CharField(required=False)
    at = serializers.DateTimeField(required=False)
    tree = serializers.CharField(required=False)
    opened_at = serializers.DateTimeField(required=False, help_text="When a run began that has no result.")


class StandingsSerializer(ResponseSerializer):
    """The checks that apply to an item."""

    key = serializers.CharField()
    checks = StandingSerializer(many=True)


def standings(item: WorkItem) -> list[JSONObject]:
    """Return how each check that applies to the item stands."""
    return [_standing(one) for one in CheckRun.objects.all().states(item)]


def _standing(one: CheckState) -> JSONObject:
    check, found = one.check, one.run
    shown: JSONObject = {
        "id": str(check.pk),
        "name": check.name,
        "command": check.command,
        "timeout_seconds": check.timeout_seconds,
        "required": check.is_required,
        "approved": check.is_approved,
        "state": one.state,
    }
    if found is not None:
        shown |= {"run": str(found.pk), "by": found.created_by.username, "at": found.created_at, "tree": found.tree}
    if one.opened is not None:
        shown["opened_at"] = one.opened.opened_at
    return shown


class CheckActions(EntityViewSet):
    @extend_schema(responses=StandingsSerializer)
    @action(detail=True)
    def checks(self, request: Request, id: str) -> Response:
        """The checks that apply to the item, and how each stands."""
        item = self.get_object()
        return Response({"key": item.display_key, "checks": standings(item)})
