"""The API of members, `/api/v1/members/`."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.callers import user_of
from projects.api.query_parameters import read_project
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.viewsets import StrictQueryMixin, refuse_body
from projects.entities.member import MEMBERSHIP, ROLES
from projects.models import Membership, Project, User, rights
from projects.team import audit

NOUN = MEMBERSHIP.name


class MemberSerializer(ResponseSerializer):
    """The role of a user in a project."""

    id = serializers.UUIDField()
    project = serializers.CharField(source="project.key")
    user = serializers.CharField(source="user.username")
    kind = serializers.CharField(source="user.kind")
    role = serializers.ChoiceField(ROLES)
    given_by = serializers.CharField(source="given_by.username", allow_null=True, default=None)
    given_at = serializers.DateTimeField()


class MemberListSerializer(ResponseSerializer):
    results = MemberSerializer(many=True)


class NewMemberSerializer(StrictSerializer):
    project = serializers.CharField(max_length=36, help_text="ID or key.")
    user = serializers.CharField(max_length=150, help_text="Name of a user that the server knows.")
    role = serializers.ChoiceField(ROLES)


class RoleSerializer(StrictSerializer):
    role = serializers.ChoiceField(ROLES)


class MembersView(StrictQueryMixin):
    may_conflict = True

    def known_parameters(self) -> set[str]:
        return {"project"} if self.request.method in ("GET", "HEAD") else set()

    @extend_schema(
        responses=MemberListSerializer, parameters=[OpenApiParameter("project", str, description="Id or key.")]
    )
    def get(self, request: Request) -> Response:
        """The members of a project, or of all that the caller sees, by project and name."""
        found = Membership.objects.filter(project__deleted_at=None).select_related("user", "project", "given_by")
        project = read_project(request)
        if project:
            found = found.filter(project=project)
        ordered = found.order_by("project__key", "user__username")
        return Response({"results": MemberSerializer(ordered, many=True).data})

    @extend_schema(request=NewMemberSerializer, responses={201: MemberSerializer})
    def post(self, request: Request) -> Response:
        """Make a user a member of a project; only people who maintain it do."""
        body = NewMemberSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        with transaction.atomic():
            actor = user_of(request)
            project = Project.objects.living_named(values["project"])
            if project is None:
                raise exceptions.ValidationError({"project": f"there is no project {values['project']}"})
            rights.check_project(project.pk, NOUN)
            user = User.objects.known(values["user"])
            member = Membership.objects.give(user, project, values["role"], actor=actor)
        note("role_given", request, member, actor)
        return Response(MemberSerializer(member).data, status=status.HTTP_201_CREATED)


class MemberView(StrictQueryMixin):
    http_method_names = ["patch", "delete"]

    @extend_schema(request=RoleSerializer, responses=MemberSerializer)
    def patch(self, request: Request, id: UUID) -> Response:
        """Give a member another role."""
        body = RoleSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with transaction.atomic():
            actor = user_of(request)
            member = _member(id)
            is_changed = member.change(body.validated_data["role"], actor=actor)
        if is_changed:
            note("role_changed", request, member, actor)
        return Response(MemberSerializer(member).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Remove a member."""
        refuse_body(request)
        with transaction.atomic():
            actor = user_of(request)
            member = _member(id)
            member.take(actor=actor)
        note("role_taken", request, member, actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _member(pk: UUID) -> Membership:
    """Return the member whom the caller may change. Raises NotFound, NotYours."""
    found = Membership.objects.filter(pk=pk).select_related("user", "project", "given_by").first()
    if found is None:
        raise exceptions.NotFound(f"there is no member {pk}")
    rights.check_project(found.project_id, NOUN)
    return found


def note(event: str, request: Request | HttpRequest, member: Membership, actor: User) -> None:
    """Record that a role was given, changed or taken."""
    audit.record(
        event, request, by=actor.username, user=member.user.username, project=member.project.key, role=member.role
    )
