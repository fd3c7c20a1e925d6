"""Search in all texts."""

from __future__ import annotations

import base64
import json
from typing import get_args

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request

from projects.api.filters import MAX_SEARCH_LENGTH
from projects.api.pagination import page_url
from projects.api.query_parameters import read_limit, read_project
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import StrictQueryMixin, answer
from projects.models.search import COUNTED, LAST_ENTRY, Order, Place, search

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
TYPES = ("work_item", "comment", "project")


class HitSerializer(ResponseSerializer):
    """A result. A comment has the key, title and status of its item."""

    type = serializers.ChoiceField(choices=TYPES)
    id = serializers.UUIDField()
    display_key = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    snippet = serializers.CharField(help_text="Plain text around the match.")
    highlights = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="The matches in the snippet, as [first character, one after the last].",
    )


class SearchSerializer(ResponseSerializer):
    """A page of results, best first."""

    results = HitSerializer(many=True)
    total = serializers.IntegerField(help_text=f"The number of results on all pages, counted up to {COUNTED:,}.")
    total_is_exact = serializers.BooleanField(help_text="False if there are more results than `total`.")
    next = serializers.URLField(allow_null=True, help_text="The next page.")


class SearchView(StrictQueryMixin):
    def known_parameters(self) -> set[str]:
        return {"q", "project", "limit", "cursor"}

    @extend_schema(
        responses=SearchSerializer,
        operation_id="search",
        parameters=[
            OpenApiParameter(
                "q",
                {"type": "string", "maxLength": MAX_SEARCH_LENGTH},
                required=True,
                description="Words that must all occur, the last as a prefix; or a display key.",
            ),
            OpenApiParameter("project", str, description="Search only the project of this id or key."),
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
                description="Results per page.",
            ),
            OpenApiParameter(
                "cursor", str, description="Where the page begins: the cursor in `next` of the page before."
            ),
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Find items, comments and projects by the words in them, best first; a display key's item comes first."""
        text = request.query_params.get("q")
        if text is None:
            raise exceptions.ValidationError({"q": "is required: the words to search for"})
        if len(text) > MAX_SEARCH_LENGTH:
            raise exceptions.ValidationError(
                {"q": f"has {len(text)} characters; at most {MAX_SEARCH_LENGTH} are allowed"}
            )
        limit = read_limit(request, DEFAULT_LIMIT, MAX_LIMIT)
        found = search(text, project=read_project(request), limit=limit, start=_start(request))
        following = page_url(request, _encode(found.next)) if found.next else None
        return answer(
            request,
            {
                "results": [hit._asdict() for hit in found],
                "total": found.total,
                "total_is_exact": found.total_is_exact,
                "next": following,
            },
        )


def _encode(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _start(request: Request) -> Place | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        order, at = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        if order in get_args(Order) and type(at) is int and 0 <= at <= LAST_ENTRY:
            return Place(order, at)
    except (ValueError, TypeError, RecursionError):
        pass
    raise exceptions.ValidationError({"cursor": "is not the cursor of a search; take it from next"})
