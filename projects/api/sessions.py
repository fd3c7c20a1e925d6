"""Sessions: which runs of agents are live, and the caller's own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.callers import caller_of
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import StrictQueryMixin, refuse_body
from projects.models import Session, WorkItem
from projects.models.session import held_items

SHOWN = 200


class HeldItemSerializer(ResponseSerializer):
    """An item that a session holds."""

    key = serializers.CharField(source="display_key")
    title = serializers.CharField()
    until = serializers.SerializerMethodField(help_text="When the lease ends; null while a question is open.")

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_until(self, item: WorkItem) -> datetime | None:
        return None if item.is_paused else item.lease_expires_at


class SessionSerializer(serializers.ModelSerializer[Session]):
    """One run of an agent."""

    actor = serializers.CharField(source="actor.username")
    items = serializers.SerializerMethodField(help_text="The items that it holds.")

    class Meta:
        model = Session
        fields = (
            *("id", "actor", "program", "program_session", "name", "host", "worktree", "branch"),
            *("started_at", "last_seen_at", "items"),
        )

    @extend_schema_field(HeldItemSerializer(many=True))
    def get_items(self, session: Session) -> list[dict[str, object]]:
        return list(HeldItemSerializer(self.context["held"].get(session.pk, ()), many=True).data)


class SessionsSerializer(ResponseSerializer):
    """The live sessions, the latest first."""

    sessions = SessionSerializer(many=True)


class WhoAmISerializer(ResponseSerializer):
    """The caller."""

    actor = serializers.CharField()
    kind = serializers.ChoiceField(choices=("person", "agent"))
    source = serializers.CharField(help_text="Where the name came from.")  # type: ignore[assignment] # hides Field.source
    program = serializers.CharField(help_text="The agent program that runs the command.")
    variable = serializers.CharField(help_text="The environment variable that told the program.")
    found_by = serializers.CharField(help_text="How the session was found.")
    session = SessionSerializer(allow_null=True)


class SessionsView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    @extend_schema(responses=SessionsSerializer, operation_id="sessions_list")
    def get(self, request: Request) -> Response:
        """The live sessions: those with a command in the last 15 minutes or a lease."""
        live = Session.objects.live().select_related("actor").order_by("-last_seen_at")[:SHOWN]
        rows = SessionSerializer(live, many=True, context={"held": held_items()}).data
        return Response({"sessions": rows})


class EndedSerializer(ResponseSerializer):
    """The session that ended."""

    ended = serializers.CharField(allow_null=True, help_text="Its ID; null if the caller had none.")


class SessionEndView(StrictQueryMixin):
    http_method_names = ["post"]

    @extend_schema(request=None, responses=EndedSerializer, operation_id="sessions_end")
    def post(self, request: Request) -> Response:
        """End the caller's session. Its claims stay until their leases run out."""
        refuse_body(request)
        with transaction.atomic():
            user, caller = actor_of(request), caller_of(request)
            session = caller.end_session(user) if caller else None
            return Response({"ended": session.pk if session else None})


class WhoAmIView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    @extend_schema(responses=WhoAmISerializer, operation_id="whoami_retrieve")
    def get(self, request: Request) -> Response:
        """The actor of the request, its kind, its session, and why."""
        with transaction.atomic():
            user, caller = actor_of(request), caller_of(request)
            session = caller.session(user) if caller else None
            return Response(
                {
                    "actor": user.username,
                    "kind": user.kind,
                    "source": user.source,
                    "program": caller.program if caller else "",
                    "variable": caller.variable if caller else "",
                    "found_by": caller.run.found_by if caller and session else "",
                    "session": SessionSerializer(session, context={"held": held_items()}).data if session else None,
                }
            )
