"""The feed of changes."""

from __future__ import annotations

import functools

from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request

from projects.api.activity import ActivitySerializer
from projects.api.callers import myself
from projects.api.query_parameters import limit_schema, read_limit, read_project
from projects.api.row_rendering import Rows
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import StrictQueryMixin, answer
from projects.models import Activity, User
from projects.models.activity import ActivityQuerySet, latest_id
from projects.models.prepared_queries import Statement
from projects.models.user import MYSELF

LARGEST_ID = 2**63 - 1


class ChangesSerializer(ResponseSerializer):
    """Changes, and the `since` of the next request."""

    changes = ActivitySerializer(many=True)
    next = serializers.IntegerField()


class ChangesView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    def known_parameters(self) -> set[str]:
        return {"since", "project", "not_by", "limit"}

    @extend_schema(
        operation_id="changes_list",
        parameters=[
            OpenApiParameter(
                "since",
                {"type": "integer", "minimum": 0, "maximum": LARGEST_ID, "default": 0},
                description="`next` of the last response; 0 for all changes.",
            ),
            OpenApiParameter("project", str, description="A project's id or key."),
            OpenApiParameter("not_by", str, description="Exclude the changes by this user; `@me` for the caller."),
            OpenApiParameter("limit", limit_schema(), description="The maximum number of rows."),
        ],
        responses=ChangesSerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The changes after `since`, oldest first; `next` is the `since` of the next request."""
        query = request.query_params
        since = self._since(query.get("since", "0"))
        found = Activity.objects.filter(pk__gt=since).order_by("pk")
        project = read_project(request, include_deleted=True)  # a deleted project keeps its history
        if project is not None:
            found = found.filter(project_id=project.pk)
        if "not_by" in query:
            found = self._without(found, request, query["not_by"])
        rows = _rows()
        changes = rows.shown(Statement(found.values_list(*rows.columns)[: read_limit(request)]).rows())
        # A cursor beyond the last ID was guessed, or a backup has replaced the board: no change would ever follow it.
        following = changes[-1]["id"] if changes else min(since, latest_id())
        return answer(request, {"changes": changes, "next": following})

    @staticmethod
    def _without(found: ActivityQuerySet, request: Request, name: str) -> ActivityQuerySet:
        try:
            user = myself(request) if name.casefold() == MYSELF else User.objects.known(name)
        except ValidationError as error:
            raise exceptions.ValidationError({"not_by": error.messages}) from None
        return found if user is None else found.exclude(actor=user)

    @staticmethod
    def _since(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_ID):
            raise exceptions.ValidationError({"since": "must be a whole number: next of the last response, or 0"})
        return int(text)


@functools.cache
def _rows() -> Rows:
    return Rows(Activity, ActivitySerializer())
