"""What is new to the caller, in few bytes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.change_texts import ARROW, ChangeTexts
from projects.api.idempotency import write
from projects.api.json_format import JSONObject, render
from projects.api.notes import NoteForReaderSerializer, noted
from projects.api.query_parameters import read_number
from projects.api.serializer_fields import StrictIntegerField
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.viewsets import StrictQueryMixin, answer, read_body
from projects.models import Activity, PendingNote, WorkItem
from projects.models.news import Reader, last_id
from projects.models.question import is_answer
from projects.models.review import is_decision
from projects.models.session import find_session
from projects.models.work_items.queries import DISPLAY_KEY

LEAST_BYTES, DEFAULT_BYTES, MOST_BYTES = 300, 1400, 1_000_000
BATCH = 200  # activities
MAX_TITLE = 40  # characters
MAX_CONFLICTS = 20  # of one look
LARGEST_ID = 2**63 - 1
LONGEST_NOTE = 8000  # characters
MAX_NOTES = 100  # acknowledged at once


class NewsRowSerializer(ResponseSerializer):
    """What one user did to one thing, since the last look."""

    key = serializers.CharField()
    title = serializers.CharField(required=False, help_text="Of an item.")
    by = serializers.CharField()
    did = serializers.CharField()


class NewsSerializer(ResponseSerializer):
    """The oldest news first. Acknowledge the `cursor` when it has arrived: until then it is answered again."""

    notes = NoteForReaderSerializer(many=True, required=False, help_text="What waits for the caller.")
    news = NewsRowSerializer(many=True)
    seen = serializers.IntegerField(allow_null=True, help_text="The cursor that was acknowledged last; null if none.")
    cursor = serializers.IntegerField()
    more = serializers.IntegerField(required=False, help_text="The number of changes that come after these.")


class SeenSerializer(StrictSerializer):
    """What has arrived: news until the `cursor`, and notes by their IDs."""

    cursor = StrictIntegerField(min_value=0, max_value=LARGEST_ID, required=False)
    notes = serializers.ListField(
        child=StrictIntegerField(min_value=1, max_value=LARGEST_ID), required=False, max_length=MAX_NOTES
    )


class NewsView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    def known_parameters(self) -> set[str]:
        return {"max_bytes"}

    @extend_schema(
        operation_id="news_list",
        parameters=[
            OpenApiParameter(
                "max_bytes",
                {"type": "integer", "minimum": LEAST_BYTES, "maximum": MOST_BYTES, "default": DEFAULT_BYTES},
                description="The size of the rows in bytes, at most; there is always one row.",
            )
        ],
        responses=NewsSerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """What others changed since the caller's session last acknowledged news, merged by item and user."""
        most = read_number(request, "max_bytes", LEAST_BYTES, MOST_BYTES) or DEFAULT_BYTES
        reader = _reader(request)
        page, start, newest = _Page(most), reader.cursor(), last_id()
        cursor = start
        while not page.is_full and (batch := reader.unread(cursor, newest, BATCH)):
            page.read(batch)
            cursor = page.cursor
        if not page.is_full:
            page.read_conflicts(reader, start, newest)
        notes = PendingNote.objects.for_session(reader.session.pk if reader.session else "")
        document: JSONObject = {"notes": noted(notes, longest=LONGEST_NOTE, with_keys=True)} if notes else {}
        document |= {"news": page.rows(), "seen": reader.acknowledged, "cursor": newest}
        if page.is_full:
            document |= {"cursor": page.cursor, "more": reader.count_unread(page.cursor, newest)}
        return answer(request, document)


class NewsSeenView(StrictQueryMixin):
    http_method_names = ["post"]

    @extend_schema(operation_id="news_seen", request=SeenSerializer, responses={204: None})
    @write
    def post(self, request: Request) -> Response:
        """Acknowledge news: the caller has seen everything up to the cursor, and these notes."""
        body = read_body(request, SeenSerializer)
        if not body:
            raise serializers.ValidationError({"cursor": "give a cursor, notes, or both"})
        if "cursor" in body:
            _reader(request).acknowledge(body["cursor"])
        if body.get("notes"):
            PendingNote.objects.read(body["notes"], actor_of(request))
        return Response(status=204)


class _Page:
    """Rows of news, until they have `most` bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.cursor = 0  # the last activity on the page
        self.is_full = False
        self._size = 0
        self._rows: dict[tuple[str, str], _Row] = {}

    def rows(self) -> list[JSONObject]:
        """Return the rows, answers and decisions first."""
        return [row.document() for row in sorted(self._rows.values(), key=lambda row: not row.has_answer)]

    def read(self, batch: Sequence[Activity]) -> None:
        """Add activities in their order; the first that does not fit makes the page full."""
        texts, titles = ChangeTexts(batch), _titles(batch)
        for activity in batch:
            key, by = activity.display_key.partition(ARROW)[0], activity.by
            row = self._rows.get((key, by))
            grown = _Row(key, titles.get(key.upper(), ""), by) if row is None else row.copy()
            grown.add(activity, texts)
            size = self._size + grown.size() - (0 if row is None else row.size())
            if size > self.most and self._rows:
                self.is_full = True
                return
            self._rows[key, by] = grown
            self._size, self.cursor = size, activity.pk

    def read_conflicts(self, reader: Reader, start: int, newest: int) -> None:
        """Add the changes of this clone that do not count, as many as are shown at once; there are rarely any."""
        if not reader.has_conflicts(start, newest):
            return
        conflicts = list(reader.conflicts(start, newest).select_related("actor")[: MAX_CONFLICTS + 1])
        texts, titles = ChangeTexts(conflicts), _titles(conflicts)
        for activity in conflicts[:MAX_CONFLICTS]:
            key, by = activity.display_key.partition(ARROW)[0], activity.by
            row = self._rows.setdefault((key, by), _Row(key, titles.get(key.upper(), ""), by))
            row.add_lost(activity, texts)
        if len(conflicts) > MAX_CONFLICTS:
            self._rows["", ""] = row = _Row("", "", "sync")
            row.parts[""] = f"more than {MAX_CONFLICTS} changes of this clone do not count; see pm activity list"


class _Row:
    """What one user did to one thing; of two changes of a field the later one counts."""

    def __init__(self, key: str, title: str, by: str) -> None:
        self.key, self.title, self.by = key, title, by
        self.parts: dict[str, str] = {}
        self.comments = 0
        self.has_answer = False

    def copy(self) -> _Row:
        other = _Row(self.key, self.title, self.by)
        other.parts, other.comments, other.has_answer = dict(self.parts), self.comments, self.has_answer
        return other

    def add(self, activity: Activity, texts: ChangeTexts) -> None:
        if activity.standing:
            self.add_lost(activity, texts)
            return
        self.has_answer |= is_answer(activity) or is_decision(activity)
        for field, text in texts.of(activity, old=False).items():
            if text.startswith("comment: "):
                self.comments += 1
                said = text if self.comments == 1 else f"{self.comments} comments, last: {text[9:]}"
                self.parts["comments"] = said
            else:
                self.parts[field] = text

    def add_lost(self, activity: Activity, texts: ChangeTexts) -> None:
        """Add a change that does not count, or of which some fields do not."""
        described = texts.of(activity, old=False)
        lost = {change["field"] for change in activity.changes if change.get("lost")}
        said = ", ".join(text for field, text in described.items() if not lost or field in lost)
        reason = activity.reason or "another text was written by a user who had not seen it"
        self.parts[f"lost {activity.pk}"] = f"{said}: does not count ({reason})"

    def document(self) -> JSONObject:
        title = {"title": self.title} if self.title else {}
        return {"key": self.key, **title, "by": self.by, "did": "; ".join(self.parts.values())}

    def size(self) -> int:
        return len(render(self.document())) + 1


def _reader(request: Request) -> Reader:
    user = actor_of(request)
    # The server remembers the ID of a session for a minute, even if its row is gone by now.
    return Reader(user, find_session(user.session_id) if user.session_id else None)


def _titles(batch: Sequence[Activity]) -> dict[str, str]:
    """Return the titles of the items that the activities name, cut, by key."""
    found: dict[str, str] = {}
    numbers: dict[str, set[int]] = {}
    for activity in batch:
        if match := DISPLAY_KEY.fullmatch(activity.display_key.partition(ARROW)[0]):
            numbers.setdefault(match[1].upper(), set()).add(int(match[2]))
    wanted = Q(pk=None)
    for key, some in numbers.items():
        wanted |= Q(project__key=key, project__deleted_at=None, item_number__in=some)
    for key, number, title in WorkItem.objects.filter(wanted).values_list("project__key", "item_number", "title"):
        found[f"{key}-{number}"] = title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1]}…"
    return found
