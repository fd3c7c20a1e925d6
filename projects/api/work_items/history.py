"""The history of a work item in words."""

from __future__ import annotations

import functools
import uuid

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from projects.api.change_texts import ChangeTexts
from projects.api.json_format import JSONObject
from projects.api.query_parameters import limit_schema, read_limit, read_number
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import EntityViewSet, answer
from projects.loose_types import AnyRow
from projects.models import Activity, Attachment, Comment, Dependency, Question, Review, TimeEntry, Waiver, WorkItem
from projects.models.prepared_queries import Bound, Loading

DEFAULT_LIMIT = 20
LARGEST_ID = 2**63 - 1
SHOWN = (
    *("id", "entity_type", "display_key", "action", "changes", "created_at", "via", "is_forced", "standing", "reason"),
    "actor__username",
)  # an instance with all columns takes twice as long


class LogEntrySerializer(ResponseSerializer):
    """What one activity did, in words."""

    at = serializers.DateTimeField()
    by = serializers.CharField()
    did = serializers.CharField()
    standing = serializers.CharField(required=False, help_text="superseded or void, with the reason.")


class LogSerializer(ResponseSerializer):
    """The history of an item, the latest first; `before` of the next page if there is one."""

    log = LogEntrySerializer(many=True)
    before = serializers.IntegerField(required=False)


class HistoryActions(EntityViewSet):
    @extend_schema(
        parameters=[
            OpenApiParameter("limit", limit_schema(), description="The maximum number of rows."),
            OpenApiParameter(
                "before",
                {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
                description="`before` of the previous page.",
            ),
        ],
        responses=LogSerializer,
    )
    @action(detail=True)
    def log(self, request: Request, id: str) -> HttpResponseBase:
        """The history of the item, its comments, questions, links, files and time in words, the latest first."""
        limit = read_limit(request, DEFAULT_LIMIT)
        item, _ = self.shown(id)
        before = read_number(request, "before", 1, LARGEST_ID) or LARGEST_ID
        found = _activity_around(limit + 1).all(item=uuid.UUID(item["id"]).hex, before=before)
        shown = found[:limit]
        texts = ChangeTexts(shown)
        document: JSONObject = {"log": [_entry(row, texts, item["display_key"]) for row in shown]}
        if len(found) > limit:
            document["before"] = shown[-1].pk
        return answer(request, document)


@functools.lru_cache(maxsize=8)
def _activity_around(most: int) -> Loading[Activity]:
    """Return the query for the activity around `item` `before` an ID, the latest first."""
    pk = Bound("item", WorkItem._meta.pk)
    rows: list[AnyRow] = [
        WorkItem.objects.filter(pk=pk),
        Comment.objects.filter(work_item=pk),
        Dependency.objects.of(pk),
        Question.objects.filter(work_item=pk),
        Review.objects.filter(work_item=pk),
        Waiver.objects.filter(work_item=pk),
        TimeEntry.objects.filter(work_item=pk),
        Attachment.objects.filter(work_item=pk),
    ]
    first, *others = [each.order_by().values("pk") for each in rows]
    around = Activity.objects.filter(entity_id__in=first.union(*others, all=True))
    earlier = around.filter(pk__lt=Bound("before", Activity._meta.pk))
    return Loading(earlier.select_related("actor").only(*SHOWN).order_by("-id")[:most])


def _entry(row: Activity, texts: ChangeTexts, key: str) -> JSONObject:
    did = "; ".join(texts.of(row, old=True, near=key).values()) + (" (forced)" if row.is_forced else "")
    moment = row.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    entry = {"at": moment, "by": row.by, "did": did}
    if row.standing:
        entry["standing"] = f"{row.standing}: {row.reason}"
    return entry
