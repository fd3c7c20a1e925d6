"""Sessions: which runs of agents are live, and the caller's own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.callers import caller_of
from projects.api.json_format import JSONObject
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import StrictQueryMixin, answer, refuse_body
from projects.models import Session, WorkItem
from projects.models.session import held_items, live_sessions

SHOWN = 200


class HeldItemSerializer(ResponseSerializer):
    """An item that a session holds."""

    key = serializers.CharField()
    title = serializers.CharField()
    until = serializers.DateTimeField(
        allow_null=True, read_only=True, help_text="When the lease ends; null while a question is open."
    )


class SessionSerializer(serializers.ModelSerializer[Session]):
    """One run of an agent."""

    actor = serializers.CharField()
    items = HeldItemSerializer(many=True, read_only=True, help_text="The items that it holds.")

    class Meta:
        model = Session
        fields = (
            *("id", "actor", "program", "program_session", "name", "host", "worktree", "branch"),
            *("started_at", "last_seen_at", "items"),
        )


class SessionsSerializer(ResponseSerializer):
    """The live sessions, the latest first."""

    sessions = SessionSerializer(many=True)


class WhoAmISerializer(ResponseSerializer):
    """The caller."""

    actor = serializers.CharField()
    kind = serializers.ChoiceField(choices=("person", "agent"))
    source = serializers.CharField(help_text="Where the name came from.")  # type: ignore[assignment] # hides Field.source
    program = serializers.CharField(help_text="The agent program that runs the command.")
    variable = serializers.CharField(help_text="The environment variable that identified the program.")
    found_by = serializers.CharField(help_text="How the session was found.")
    session = SessionSerializer(allow_null=True)


class SessionsView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    @extend_schema(responses=SessionsSerializer, operation_id="sessions_list")
    def get(self, request: Request) -> HttpResponseBase:
        """The live sessions: those with a command in the last 15 minutes or a lease."""
        held = held_items()
        return answer(request, {"sessions": [_row(each, held) for each in live_sessions(SHOWN)]})


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
    def get(self, request: Request) -> HttpResponseBase:
        """The actor of the request, its kind, its session, and why."""
        user, caller = actor_of(request), caller_of(request)
        session = caller.session(user) if caller else None
        return answer(
            request,
            {
                "actor": user.username,
                "kind": user.kind,
                "source": user.source,
                "program": caller.program if caller else "",
                "variable": caller.variable if caller else "",
                "found_by": caller.run.found_by if caller and session else "",
                "session": _row(session, held_items(), user.username) if session else None,
            },
        )


def _row(session: Session, held: dict[str, list[WorkItem]], actor: str = "") -> JSONObject:
    row = {name: getattr(session, name) for name in SessionSerializer.Meta.fields[2:8]}
    items = [
        {"key": item.display_key, "title": item.title, "until": None if item.is_paused else _iso(item.lease_expires_at)}
        for item in held.get(session.pk, ())
    ]
    moments = {"started_at": _iso(session.started_at), "last_seen_at": _iso(session.last_seen_at)}
    return {"id": session.pk, "actor": actor or session.actor.username, **row, **moments, "items": items}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
