"""A work item for who works on it, in few bytes: keys and names instead of IDs, no empty members, no history."""

from __future__ import annotations

import functools
import json
from datetime import datetime

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from projects.api.json_format import JSONObject
from projects.api.notes import NoteForReaderSerializer
from projects.api.serializers import ResponseSerializer
from projects.api.viewsets import EntityViewSet, answer
from projects.api.work_items.page import LINKS, related, statements
from projects.entities.work_item import CLOSED, WORK_ITEM
from projects.models import Attachment, Check, CheckRun, Criterion, Project, Question, Review, Sprint, WorkItem
from projects.models.attachment import spelled
from projects.models.prepared_queries import Bound, Presence, Statement
from projects.models.question import Status
from projects.models.work_items.claimable import PAUSED

COMMENTS = QUESTIONS = 5  # the latest
FAR = PAUSED.isoformat()[:10]  # the day on which a lease "ends" that stands still
# The names of an item's fields in short answers are those of their flags.
NAMES = {field.name: field.flag.replace("-", "_") for field in WORK_ITEM.fields}
NAMES |= {"display_key": "key", "labels": "labels", "version": "version"}
FIRST = ("display_key", "item_type", "title", "status", "priority", "version")
MORE = (
    *("assignee", "claimed_by", "lease_expires_at", "labels", "story_points", "due_date", "external_ref"),
    *("closing", "close_reason", "description"),
)
REVIEWED = ("in_progress", "review")
PARTS = ("ancestors", "children", "comments")


class BriefQuestionSerializer(ResponseSerializer):
    """A question; with its answer, unless it is open."""

    question = serializers.CharField(help_text="Its key.")
    text = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField(), required=False, help_text="Only of open ones.")
    answer = serializers.CharField(required=False)
    by = serializers.CharField(required=False)
    default_taken = serializers.BooleanField(required=False, help_text="True if nobody answered in time.")


class BriefCommentSerializer(ResponseSerializer):
    """A comment."""

    by = serializers.CharField()
    at = serializers.DateTimeField()
    kind = serializers.CharField(required=False, help_text="Only of decisions and handovers.")
    text = serializers.CharField()


class BriefReviewSerializer(ResponseSerializer):
    """What was handed in, or why it was sent back."""

    by = serializers.CharField()
    at = serializers.DateTimeField()
    text = serializers.CharField(required=False)


class BriefSerializer(ResponseSerializer):
    """A work item. Empty members are left out. Related items are texts that begin with their key."""

    key = serializers.CharField()
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    priority = serializers.CharField()
    version = serializers.IntegerField()
    notes = NoteForReaderSerializer(many=True, required=False, help_text="What waits for the caller; only of begin.")
    sent_back = BriefReviewSerializer(required=False, help_text="Why a person sent it back, while it is in progress.")
    handed_in = BriefReviewSerializer(required=False, help_text="What waits for a person, while it is in review.")
    closing = serializers.CharField(required=False, help_text="accepted, waived or warned, of a done item.")
    questions = BriefQuestionSerializer(many=True, required=False, help_text="The latest, answered ones first.")
    criteria = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Acceptance criteria in order, such as `[x] It ends.`"
    )
    checks = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="The checks that apply, and how each stands."
    )
    assignee = serializers.CharField(required=False)
    claimed_by = serializers.CharField(required=False)
    lease_expires_at = serializers.DateTimeField(required=False)
    labels = serializers.ListField(child=serializers.CharField(), required=False)
    points = serializers.IntegerField(required=False)
    due = serializers.DateField(required=False)
    external_ref = serializers.CharField(required=False)
    close_reason = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    sprint = serializers.CharField(required=False, help_text="Its name.")
    above = serializers.ListField(child=serializers.CharField(), required=False, help_text="The outermost first.")
    children = serializers.ListField(child=serializers.CharField(), required=False)
    blocked_by = serializers.ListField(child=serializers.CharField(), required=False)
    blocking = serializers.ListField(child=serializers.CharField(), required=False)
    relates_to = serializers.ListField(child=serializers.CharField(), required=False)
    discovered_from = serializers.ListField(child=serializers.CharField(), required=False)
    discoveries = serializers.ListField(child=serializers.CharField(), required=False)
    duplicates = serializers.ListField(child=serializers.CharField(), required=False)
    duplicated_by = serializers.ListField(child=serializers.CharField(), required=False)
    attachments = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Names and sizes, such as `map.png, 12 KiB`."
    )
    comments = BriefCommentSerializer(many=True, required=False, help_text="The latest, the oldest of them first.")
    earlier_comments = serializers.IntegerField(required=False)
    is_cut = serializers.BooleanField(required=False, help_text="True if a text was too long; `brief/` has all of it.")


def brief_of(item: JSONObject, item_id: str, *, longest: int = 0) -> JSONObject:
    """Return the short form of an item with the fields `item`; `item_id` is its ID as the database stores it.

    Its texts are cut to `longest` characters, 0 for no limit.
    """
    project_id = item["project_id"].replace("-", "")
    present = _present().found(item=item_id, project=project_id)  # most items have little of all this
    found = related(item_id, PARTS, present)
    comments = found["comments"]
    short = {NAMES[name]: item[name] for name in FIRST}
    if item["status"] in REVIEWED and "review" in present:
        short |= _review_of(item["status"], item_id)
    short["questions"] = _questions_of(item, item_id) if "questions" in present else []
    criteria = _criteria().rows(item=item_id) if "criteria" in present else ()
    short["criteria"] = [f"[{'x' if ticked else ' '}] {text}" for text, ticked in criteria]
    short["checks"] = _checks_of(item_id) if "checks" in present else []
    short |= {NAMES[name]: item[name] for name in MORE}
    end = item["lease_expires_at"]
    short["lease_expires_at"] = None if end is not None and end >= FAR else _second(end)
    if item["sprint_id"] is not None:
        short["sprint"] = _sprint().rows(sprint=item["sprint_id"].replace("-", ""))[0][0]
    short["above"] = [f"{row['display_key']} {row['title']}" for row in found["ancestors"]]
    for name in ("children", *LINKS):
        short[name] = [f"{row['display_key']} {row['status']} {row['title']}" for row in found[name]]
    files = _attachments().rows(item=item_id) if "attachments" in present else ()
    short["attachments"] = [f"{name}, {spelled(size)}" for name, size in files]
    short["comments"] = [_comment(row) for row in comments[-COMMENTS:]]
    short["earlier_comments"] = max(0, len(comments) - COMMENTS)
    if longest:
        texts = [(short, "description"), (short, "close_reason"), *((comment, "text") for comment in short["comments"])]
        texts += [(short[name], "text") for name in ("sent_back", "handed_in") if "text" in short.get(name, ())]
        for place, name in texts:
            if len(place[name]) > longest:
                place[name] = f"{place[name][: longest - 1]}…"
                short["is_cut"] = True
    return without_empty(short)


def without_empty(document: JSONObject) -> JSONObject:
    """Return a document without its empty members; a number of points may be 0."""
    return {name: value for name, value in document.items() if value or (value == 0 and name == "points")}


def _questions_of(item: JSONObject, item_id: str) -> list[JSONObject]:
    """Return the latest questions in short, answered ones first; a closed item has no open ones."""
    rows = [
        without_empty(
            {
                "question": f"{item['display_key']}.q{number}",
                "text": text,
                "choices": json.loads(choices) if status == Status.OPEN else [],
                "answer": answer,
                "by": by,
                "default_taken": status == Status.DEFAULT_TAKEN,
            }
        )
        for number, text, choices, status, answer, by in _questions().rows(item=item_id)
        if status != Status.OPEN or item["status"] not in CLOSED
    ]
    return sorted(rows, key=lambda row: "answer" not in row)


def _checks_of(item_id: str) -> list[str]:
    """Return the checks that apply to the item, each with how it stands."""
    found = WorkItem.objects.select_related("project").get(pk=item_id)
    return [
        f"{one.check.name} {one.label}{'' if one.check.is_required else ' (optional)'}"
        for one in CheckRun.objects.all().states(found)
    ]


def _review_of(status: str, item_id: str) -> JSONObject:
    """Return the latest review of the item, if it says why the item is in progress again or what waits."""
    for content, verdict, said, created_at, by, decided_at, decided_by in _latest_review().rows(item=item_id):
        if (status, verdict) == ("in_progress", "sent_back"):
            return {"sent_back": without_empty({"by": decided_by, "at": _shown(decided_at), "text": said})}
        if (status, verdict) == ("review", "waiting"):
            return {"handed_in": without_empty({"by": by, "at": _shown(created_at), "text": content})}
    return {}


def _shown(moment: datetime | None) -> str | None:
    """Return a time without the fraction of the second."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _comment(row: JSONObject) -> JSONObject:
    kind = {"kind": row["kind"]} if row["kind"] != "comment" else {}
    return {"by": row["created_by"], "at": _second(row["created_at"]), **kind, "text": row["content"]}


def _second(moment: str | None) -> str | None:
    """Return a time without the fraction of the second."""
    return None if moment is None else f"{moment[:19]}Z"


@functools.cache
def _present() -> Presence:
    own = {"review": _latest_review(), "questions": _questions(), "criteria": _criteria(), "checks": _has_checks()}
    own["attachments"] = _attachments()
    return Presence(statements(PARTS) | own)


@functools.cache
def _latest_review() -> Statement:
    found = Review.objects.filter(work_item=Bound("item", WorkItem._meta.pk), deleted_at__isnull=True)
    columns = ("content", "verdict", "answer", "created_at", "created_by__username", "decided_at")
    return Statement(found.order_by("-created_at", "-pk")[:1].values_list(*columns, "decided_by__username"))


@functools.cache
def _questions() -> Statement:
    found = Question.objects.filter(work_item=Bound("item", WorkItem._meta.pk), deleted_at__isnull=True)
    found = found.exclude(status=Status.WITHDRAWN).order_by("-created_at", "-pk")[:QUESTIONS]
    return Statement(found.values_list("number", "text", "choices", "status", "answer", "answered_by__username"))


@functools.cache
def _criteria() -> Statement:
    found = Criterion.objects.filter(work_item=Bound("item", WorkItem._meta.pk), deleted_at__isnull=True)
    return Statement(found.in_order().values_list("text", "ticked_by_id"))


@functools.cache
def _has_checks() -> Statement:
    found = Check.objects.filter(project=Bound("project", Project._meta.pk), deleted_at__isnull=True)
    return Statement(found.order_by().values_list("pk")[:1])


@functools.cache
def _attachments() -> Statement:
    found = Attachment.objects.filter(work_item=Bound("item", WorkItem._meta.pk), deleted_at__isnull=True)
    return Statement(found.order_by("created_at", "pk").values_list("name", "size"))


@functools.cache
def _sprint() -> Statement:
    return Statement(Sprint.objects.filter(pk=Bound("sprint", Sprint._meta.pk)).values_list("name"))


class BriefActions(EntityViewSet):
    @extend_schema(responses=BriefSerializer)
    @action(detail=True)
    def brief(self, request: Request, id: str) -> HttpResponseBase:
        """The item in few bytes, for who works on it: without nulls, IDs and history."""
        item, _ = self.shown(id)
        return answer(request, brief_of(item, item["id"].replace("-", "")))
