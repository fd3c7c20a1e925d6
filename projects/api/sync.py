"""Synchronise the board with other clones. `pm sync` fetches and pushes; the server follows the log."""

from __future__ import annotations

import re

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.callers import caller_of, user_of
from projects.api.serializer_fields import StrictBooleanField
from projects.api.serializers import StrictSerializer
from projects.api.viewsets import StrictQueryMixin, read_body, refuse_body
from projects.loose_types import Framework
from projects.models.base import Values
from projects.models.fields import check_text
from projects.sync import service
from projects.sync.operations import MAX_GROUP

MIN_INTERVAL, MAX_INTERVAL = 10, 7 * 24 * 3600  # seconds
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")


class CommitField(serializers.CharField):
    """The ID of a commit."""

    def to_internal_value(self, data: Framework) -> str:
        if not isinstance(data, str) or not _COMMIT.fullmatch(data):
            raise serializers.ValidationError("must be the ID of a commit: 40 or 64 hexadecimal digits")
        return data


class SyncSerializer(serializers.Serializer[Framework]):
    """What this clone is joined to, and how far it is. If it is not joined, only `enabled`."""

    enabled = serializers.BooleanField()
    board = serializers.UUIDField(required=False)
    remote = serializers.CharField(required=False)
    ref = serializers.CharField(required=False)
    interval = serializers.IntegerField(required=False, help_text="Seconds between syncs in the background; 0: none.")
    person = serializers.CharField(required=False, help_text="The person of a terminal in this clone.")
    format = serializers.IntegerField(required=False, help_text="The format of the log.")
    newest_format = serializers.IntegerField(required=False, help_text="The newest format that this version writes.")
    position = serializers.IntegerField(required=False, help_text="The number of changes that were followed.")
    head = CommitField(required=False, allow_null=True, help_text="The commit of the last of them.")
    unpublished = serializers.IntegerField(required=False, help_text="The number of changes that are only here.")
    synced_at = serializers.DateTimeField(required=False, allow_null=True)
    error = serializers.CharField(required=False, help_text="Why the last sync failed, or empty.")
    skipped = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="The segments that people made void in this clone."
    )


class StartedSerializer(SyncSerializer):
    """What this clone is joined to, and what to push at once; without `publish`, fetch first."""

    is_fresh = serializers.BooleanField(required=False, help_text="Whether the last sync was a moment ago.")
    publish = CommitField(required=False, allow_null=True, help_text="A commit to push on top of `head`.")
    pending = serializers.IntegerField(required=False, help_text="The number of changes in it.")


class IntervalField(serializers.IntegerField):
    """Seconds between two syncs in the background; 0: none."""

    def __init__(self, **kwargs: Framework) -> None:
        super().__init__(**kwargs, min_value=0, max_value=MAX_INTERVAL)

    def to_internal_value(self, data: Framework) -> int:
        seconds = super().to_internal_value(data)
        if 0 < seconds < MIN_INTERVAL:
            raise serializers.ValidationError(f"must be 0 or at least {MIN_INTERVAL} seconds")
        return seconds


class SettingsSerializer(StrictSerializer):
    """What may be changed in a clone that is joined."""

    interval = IntervalField(required=False)
    person = serializers.CharField(max_length=150, required=False)

    def validate_person(self, value: str) -> str:
        check_text(value, limit=150)
        return value


class EnableSerializer(StrictSerializer):
    """What to join. `head` is the fetched commit of the board, null if the remote has none."""

    remote = serializers.CharField(max_length=200)
    ref = serializers.CharField(max_length=200, default="refs/pm/board")
    interval = IntervalField(default=0)
    person = serializers.CharField(max_length=150, allow_blank=True, default="")
    head = CommitField(allow_null=True, default=None)
    new = serializers.BooleanField(default=False)
    dry_run = serializers.BooleanField(default=False, help_text="Say what would be united, and write nothing.")

    def validate_person(self, value: str) -> str:
        check_text(value, limit=150)
        return value


class UnitedSerializer(serializers.Serializer[Framework]):
    """How many are on this board, on the published one, on both, and on the united board."""

    here = serializers.IntegerField()
    there = serializers.IntegerField()
    both = serializers.IntegerField()
    united = serializers.IntegerField()


class KeyChangeSerializer(serializers.Serializer[Framework]):
    """A key of this board that is taken on the published one."""

    to = serializers.CharField()

    def get_fields(self) -> Values:
        # `from` is a keyword of Python.
        return {"from": serializers.CharField(), **super().get_fields()}


class HeadSerializer(StrictSerializer):
    """The fetched commit, null if the remote has no board."""

    head = CommitField(allow_null=True)


class ApplySerializer(HeadSerializer):
    """The fetched commit, and whether to commit what this clone has to publish.

    With `followed`, the commit that this clone had followed when the sync began, a late request is refused.
    """

    publish = StrictBooleanField(default=True)
    followed = CommitField(required=False, allow_null=True)


class ConflictSerializer(serializers.Serializer[Framework]):
    """A change that does not count: superseded by one that its author had not seen, or void."""

    key = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    standing = serializers.CharField(help_text="superseded or void.")
    reason = serializers.CharField()


class AppliedSerializer(serializers.Serializer[Framework]):
    """What following the log did. Push the commit `publish` if there is one, and then apply it."""

    position = serializers.IntegerField()
    head = CommitField(allow_null=True)
    applied = serializers.IntegerField(help_text="The number of changes that came from others.")
    published = serializers.IntegerField(help_text="The number of own changes that are now in the log.")
    pending = serializers.IntegerField(help_text="The number of own changes that are not, without reserved numbers.")
    publish = CommitField(allow_null=True)
    notes = serializers.ListField(child=serializers.CharField())
    conflicts = ConflictSerializer(many=True)


class PreviewSerializer(serializers.Serializer[Framework]):
    """What joining would unite; nothing was written."""

    board = serializers.UUIDField(allow_null=True, help_text="The board to join; null: a new one would be founded.")
    remote = serializers.CharField()
    ref = serializers.CharField()
    projects = UnitedSerializer()
    items = UnitedSerializer()
    projects_renamed = KeyChangeSerializer(many=True)
    items_renumbered = KeyChangeSerializer(many=True, help_text="The first 100; not those of a renamed project.")
    notes = serializers.ListField(child=serializers.CharField())
    conflicts = ConflictSerializer(many=True)


class GroupField(serializers.CharField):
    """A line of the log; see docs/sync.md."""

    def __init__(self, **kwargs: Framework) -> None:
        super().__init__(**kwargs, trim_whitespace=False, max_length=MAX_GROUP)


class UnpublishedSerializer(StrictSerializer):
    """What a clone has not published."""

    board = serializers.UUIDField()
    groups = serializers.ListField(child=GroupField())


class TakenOverSerializer(serializers.Serializer[Framework]):
    """What the next sync publishes; groups that are published or waiting already are `known`."""

    new = serializers.IntegerField()
    known = serializers.IntegerField()


class VerifySerializer(StrictSerializer):
    rebuild = StrictBooleanField(default=False, help_text="Write the board from the log.")


class SkipSerializer(StrictSerializer):
    segment = serializers.IntegerField(min_value=0, max_value=999_999)


class SkippedSerializer(serializers.Serializer[Framework]):
    skipped = serializers.ListField(child=serializers.IntegerField(), help_text="The void segments of this clone.")


class VerifiedSerializer(serializers.Serializer[Framework]):
    """The state of this clone is that of the log."""

    position = serializers.IntegerField()
    entities = serializers.IntegerField()


class RepairedSerializer(serializers.Serializer[Framework]):
    """What the remote lacks. Push the commit `publish` if there is one; else the next sync publishes it."""

    publish = CommitField(allow_null=True)
    missing = serializers.IntegerField(help_text="The number of segments or changes that the remote lacks.")


def _is_terminal(request: Request) -> bool:
    caller = caller_of(request)
    return caller is not None and caller.source == "terminal"


class SyncView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(responses=SyncSerializer, operation_id="sync_status")
    def get(self, request: Request) -> Response:
        """What this clone is joined to, and how far it is."""
        return Response(service.status())

    @extend_schema(request=SettingsSerializer, responses=SyncSerializer, operation_id="sync_settings")
    def patch(self, request: Request) -> Response:
        """Change how often a joined clone synchronises in the background, or the person of its terminals."""
        wanted = read_body(request, SettingsSerializer)
        # If an agent joined the board, a terminal here acts as that agent until a person gives a name.
        if not ("person" in wanted and service.has_no_person() and _is_terminal(request)):
            user_of(request).check_person("change how a board is shared")
        return Response(service.change(**wanted))


class SyncEnableView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(
        request=EnableSerializer, responses={200: PreviewSerializer, 201: SyncSerializer}, operation_id="sync_enable"
    )
    def post(self, request: Request) -> Response:
        """Join a board in git, or found one. What is on this board is published with the next sync.

        With `dry_run` the answer, 200, says what would be united, and nothing is written. An agent may only join a
        board, and only if this one has no projects, which would be published.
        """
        wanted = read_body(request, EnableSerializer)
        if wanted.pop("dry_run"):
            del wanted["interval"]
            return Response(service.preview(**wanted))
        service.check_may_share(user_of(request), wanted["head"])
        return Response(service.enable(**wanted), status=status.HTTP_201_CREATED)


class SyncDisableView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(request=None, responses=SyncSerializer, operation_id="sync_disable")
    def post(self, request: Request) -> Response:
        """Leave the board in git. This board stays as it is; its unpublished changes are not published."""
        refuse_body(request)
        service.disable()
        return Response(service.status())


class SyncUpgradeView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(request=None, responses=SyncSerializer, operation_id="sync_upgrade")
    def post(self, request: Request) -> Response:
        """Let the next sync change the log to the newest format; clones with an older pm can't follow it then."""
        refuse_body(request)
        user_of(request).check_person("change the format of the log")
        return Response(service.upgrade())


class SyncStartView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(request=None, responses=StartedSerializer, operation_id="sync_start")
    def post(self, request: Request) -> Response:
        """Begin a sync: what this clone is joined to, and what it can publish without a fetch."""
        refuse_body(request)
        return Response(service.start())


class SyncApplyView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(request=ApplySerializer, responses=AppliedSerializer, operation_id="sync_apply")
    def post(self, request: Request) -> Response:
        """Follow the log up to a commit that was fetched into .pm/board.git, and commit what is to be published."""
        return Response(service.apply(**read_body(request, ApplySerializer)))


class SyncUnpublishedView(StrictQueryMixin):
    may_conflict = may_conflict_on_read = True

    @extend_schema(responses=UnpublishedSerializer, operation_id="sync_unpublished")
    def get(self, request: Request) -> Response:
        """What this clone has not published, for another clone that may push."""
        return Response(service.unpublished())

    @extend_schema(request=UnpublishedSerializer, responses=TakenOverSerializer, operation_id="sync_take_over")
    def post(self, request: Request) -> Response:
        """Publish with the next sync what another clone of the board has not published, under its authors' names."""
        wanted = read_body(request, UnpublishedSerializer)
        return Response(service.take_over(**wanted))


class SyncVerifyView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(request=VerifySerializer, responses=VerifiedSerializer, operation_id="sync_verify")
    def post(self, request: Request) -> Response:
        """Fold the whole log, and compare it with the state of this clone."""
        wanted = read_body(request, VerifySerializer)
        return Response(service.verify(**wanted))


class SyncRepairView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(request=HeadSerializer, responses=RepairedSerializer, operation_id="sync_repair")
    def post(self, request: Request) -> Response:
        """Recover from a ref that was deleted, rewound or replaced; nothing that this clone has is lost."""
        wanted = read_body(request, HeadSerializer)
        user_of(request).check_person("repair the log")
        return Response(service.repair(wanted["head"]))


class SyncSkipView(StrictQueryMixin):
    may_conflict = True

    @extend_schema(request=SkipSerializer, responses=SkippedSerializer, operation_id="sync_skip")
    def post(self, request: Request) -> Response:
        """Make a segment of the log that can't be read void in this clone."""
        wanted = read_body(request, SkipSerializer)
        user_of(request).check_person("skip a segment of the log")
        return Response(service.skip(wanted["segment"]))
