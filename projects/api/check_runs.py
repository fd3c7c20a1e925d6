"""Runs of checks: `pm check` opens one before the command starts, and reports its result once."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.serializer_fields import ReferenceField, StrictIntegerField
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.viewsets import EntityViewSet, read_body
from projects.loose_types import Framework
from projects.models import Check, CheckRun, OpenedRun, WorkItem
from projects.models.check_run import Report


class OpeningSerializer(StrictSerializer):
    """What is to run, and for which item."""

    work_item = ReferenceField(WorkItem, help_text="The item's id or display key.")
    check_id = ReferenceField(Check, help_text="The check's id.")
    digest = serializers.CharField(help_text="The SHA-256 of the command that the caller is going to run.")


class OpenedSerializer(ResponseSerializer):
    """The one-time ID of a run that may start now."""

    id = serializers.UUIDField()


class ReportSerializer(StrictSerializer):
    """How a run ended."""

    exit_code = StrictIntegerField(min_value=0, max_value=255, allow_null=True, help_text="Null after a timeout.")
    duration_ms = StrictIntegerField(min_value=0, max_value=2_147_483_647)
    tree_before = serializers.CharField(allow_blank=True, help_text="The content of the worktree before the run.")
    tree_after = serializers.CharField(allow_blank=True, help_text="The same after the run; if it differs, not a pass.")
    commit = serializers.CharField(required=False, allow_blank=True, default="")
    output = serializers.CharField(
        required=False, allow_blank=True, default="", trim_whitespace=False, help_text="Its last 4 KiB are kept."
    )


class CheckRunViewSet(EntityViewSet):
    queryset = CheckRun.objects.all()
    http_method_names = ["get", "post", "head"]

    restore = None  # type: ignore[assignment]  # a result never changes

    create = None  # type: ignore[assignment]  # a result belongs to a run that was opened

    def http_method_not_allowed(self, request: Framework, *args: Framework, **kwargs: Framework) -> Response:
        raise exceptions.MethodNotAllowed(
            request.method or "", "a result belongs to a run that the server opened: use pm check"
        )

    @extend_schema(request=OpeningSerializer, responses={201: OpenedSerializer})
    @action(detail=False, methods=["post"])
    @write
    def open(self, request: Request) -> Response:
        """Open a run of an approved check; its ID takes one result."""
        body = read_body(request, OpeningSerializer)
        run = OpenedRun.open(
            Check.objects.select_related("project").get(pk=body["check_id"]),
            WorkItem.objects.select_related("project").get(pk=body["work_item"]),
            digest=body["digest"],
            actor=actor_of(request),
        )
        return Response({"id": str(run.pk)}, status=201)

    @extend_schema(request=ReportSerializer)
    @action(detail=True, methods=["post"])
    @write
    def finish(self, request: Request, id: str) -> Response:
        """Report the result of a run that the caller opened."""
        body = read_body(request, ReportSerializer)
        try:
            run = OpenedRun.objects.filter(pk=id).first()
        except (ValueError, TypeError):
            run = None
        if run is None:
            raise exceptions.NotFound(f"there is no open run {id}: each takes one result; run pm check again")
        return self._answer(run.finish(Report(**body), actor=actor_of(request)))
