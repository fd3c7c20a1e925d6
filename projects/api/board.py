"""Move a whole board with its history: what one must know before, the file, and filling an empty board with it."""

from __future__ import annotations

import tempfile

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.serializers import ResponseSerializer
from projects.api.transfer import Unparsed, bad_file, receive, send
from projects.api.viewsets import StrictQueryMixin
from projects.models import BoardIdentity
from projects.transfer import history, history_import
from projects.transfer.exceptions import BadFile


class MovedHereSerializer(ResponseSerializer):
    """The board that was moved here."""

    board = serializers.UUIDField(help_text="Its ID.")
    digest = serializers.CharField(help_text="The SHA-256 of its rows.")
    at = serializers.DateTimeField()


class BoardSerializer(ResponseSerializer):
    """What one must know before moving a board here or away."""

    board = serializers.UUIDField(help_text="The ID of this board.")
    format = serializers.IntegerField(help_text="The format of the file that this server reads and writes.")
    is_empty = serializers.BooleanField(help_text="True if it has no content and no history; it may have users.")
    is_shared = serializers.BooleanField(help_text="True if it is shared through git.")
    moved_here = MovedHereSerializer(allow_null=True)
    last_activity = serializers.IntegerField(help_text="The ID of the newest activity, 0 without any.")


class EndSerializer(ResponseSerializer):
    """What the last line of the file says."""

    counts = serializers.DictField(child=serializers.IntegerField(), help_text="The number of rows by collection.")
    digest = serializers.CharField(help_text="The SHA-256 of all rows.")
    activity = serializers.CharField(help_text="The SHA-256 of the activity alone.")
    attachments = serializers.CharField(help_text="The SHA-256 of the content of the attachments alone.")


class MovedSerializer(ResponseSerializer):
    end = EndSerializer()
    already = serializers.BooleanField(help_text="True if the same board was moved here before.")


class BoardView(StrictQueryMixin):
    http_method_names = ["get"]

    @extend_schema(responses=BoardSerializer, operation_id="board")
    def get(self, request: Request) -> Response:
        """What one must know before moving a board here or away."""
        return Response(BoardSerializer(history_import.state()).data)


class BoardDigestsView(StrictQueryMixin):
    http_method_names = ["get"]

    @extend_schema(responses=EndSerializer, operation_id="board_digests")
    def get(self, request: Request) -> Response:
        """The number of rows, and the digests, of the file that the board would give now."""
        return Response(history.digests())


class BoardHistoryView(StrictQueryMixin):
    http_method_names = ["get", "post"]
    parser_classes = (Unparsed,)

    @extend_schema(responses={(200, history.MEDIA_TYPE): OpenApiTypes.BINARY}, operation_id="board_history")
    def get(self, request: Request) -> FileResponse:
        """The board with its history, users and attachments, as lines of JSON: the same lines for the same board.

        Passwords, rights, tokens, sessions and claims are not in it.
        """
        BoardIdentity.current()  # made before the snapshot
        file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the response
        try:
            history.write(file)
            length = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return send(file, length, history.MEDIA_TYPE, "board.jsonl")

    @extend_schema(
        request={history.MEDIA_TYPE: OpenApiTypes.BINARY}, responses=MovedSerializer, operation_id="board_move_here"
    )
    def post(self, request: Request) -> Response:
        """Fill this empty board with such a file, all or nothing; only a person may.

        The file is kept on disk until it has arrived as a whole, and the digests are compared before anything is
        stored. The same file a second time changes nothing. A board that is not empty is refused.
        """
        actor = actor_of(request)
        actor.check_person("move a board")
        if (request.content_type or "").partition(";")[0].strip().lower() != history.MEDIA_TYPE:
            raise exceptions.UnsupportedMediaType(request.content_type or "")
        with tempfile.TemporaryFile() as file:
            receive(request, file)
            try:
                return Response(history_import.read(file, actor=actor.username))
            except BadFile as error:
                return bad_file(error)
