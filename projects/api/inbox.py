"""What waits for a person."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request

from projects.api.json_format import JSONObject
from projects.api.pagination import Cursor, page_url
from projects.api.query_parameters import read_limit
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import StrictQueryMixin, answer
from projects.models.inbox.listing import BY_KIND, MOST_COUNTED, page
from projects.models.inbox.source import Entry, Place

DEFAULT_LIMIT = 20
MAX_LIMIT = 200
LONGEST = 200  # characters of a text


class InboxEntrySerializer(ResponseSerializer):
    """Something that waits for a person."""

    kind = serializers.ChoiceField(choices=list(BY_KIND))
    key = serializers.CharField(help_text="Of the item or the question; the name of a user.")
    title = serializers.CharField(required=False, help_text="Of the item.")
    text = serializers.CharField()
    by = serializers.CharField(required=False, help_text="Who asks, or left it.")
    since = serializers.DateTimeField()


class InboxSerializer(ResponseSerializer):
    """What waits for a person: the most urgent kinds first, and of a kind what has waited longest."""

    results = InboxEntrySerializer(many=True)
    total = serializers.IntegerField(help_text=f"The number of entries, counted up to {MOST_COUNTED:,} of a kind.")
    total_is_exact = serializers.BooleanField()
    next = serializers.URLField(allow_null=True, help_text="The next page.")


class InboxView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    def known_parameters(self) -> set[str]:
        return {"limit", "cursor"}

    @extend_schema(
        operation_id="inbox_list",
        responses=InboxSerializer,
        parameters=[
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
                description="Entries per page.",
            ),
            OpenApiParameter(
                "cursor", str, description="Where the page begins: the cursor in `next` of the page before."
            ),
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """What waits for a person, in one list."""
        found = page(read_limit(request, DEFAULT_LIMIT, MAX_LIMIT), _after(request))
        following = page_url(request, Cursor(*found.next).encode()) if found.next else None
        return answer(
            request,
            {
                "results": [_row(entry) for entry in found.entries],
                "total": found.total,
                "total_is_exact": found.is_exact,
                "next": following,
            },
        )


def _row(entry: Entry) -> JSONObject:
    row = {
        "kind": entry.kind,
        "key": entry.key,
        "title": entry.title,
        "text": _line(entry.said) or entry.text,
        "by": entry.by.username if entry.by else "",
        "since": f"{entry.since:%Y-%m-%dT%H:%M:%S}Z",
    }
    return {name: value for name, value in row.items() if value}


def _line(text: str) -> str:
    """Return a text on one line, cut."""
    flat = " ".join(text[: 2 * LONGEST].split())
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1]}…"


def _after(request: Request) -> Place | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        cursor = Cursor.decode(text)
        place = Place(cursor.ordering, cursor.value, cursor.pk)
        BY_KIND[place.kind].beyond(place)
    except (ValueError, TypeError, LookupError, RecursionError, ValidationError):
        raise exceptions.ValidationError({"cursor": "is not the cursor of an inbox; take it from next"}) from None
    return place
