"""Export, import and backup."""

from __future__ import annotations

import tempfile
from typing import IO

from django.http import FileResponse, UnreadablePostError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.exceptions import envelope
from projects.api.query_parameters import read_boolean, read_project
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.viewsets import StrictQueryMixin
from projects.django_private import django_request
from projects.loose_types import Framework
from projects.models.base import Values
from projects.transfer import backup, export, importer
from projects.transfer.exceptions import BadFile
from projects.transfer.file_reader import COLLECTIONS
from projects.transfer.tables import SCHEMA_VERSION, TABLES

PIECE = 256 * 1024  # bytes


class Unparsed(BaseParser):
    """Leave the body unread: a view streams it. Without this, checking the CSRF token of a session would parse it."""

    media_type = "*/*"

    def parse(self, *args: Framework, **kwargs: Framework) -> Framework:
        return {}


class RowField(serializers.DictField):
    """A row of a collection; `GET /api/v1/export/` shows its fields. Unknown fields are refused."""


class ExportSerializer(StrictSerializer):
    """A board as a file. Unknown collections are refused."""

    schema_version = serializers.ChoiceField(choices=(SCHEMA_VERSION,))

    def get_fields(self) -> Values:
        rows = {name: serializers.ListField(child=RowField(), required=False) for name in COLLECTIONS}
        return super().get_fields() | rows


class CountsSerializer(ResponseSerializer):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    skipped = serializers.IntegerField()
    deleted = serializers.IntegerField()


class RenumberedSerializer(ResponseSerializer):
    """An item that got a new number because another item had its number."""

    id = serializers.UUIDField()
    to = serializers.CharField(help_text="Its display key now.")

    def get_fields(self) -> Values:
        return super().get_fields() | {"from": serializers.CharField(help_text="Its display key in the file.")}


class DetachedSerializer(ResponseSerializer):
    """An item that lost its parent or sprint because that is deleted."""

    id = serializers.UUIDField()
    field = serializers.CharField()
    was = serializers.UUIDField()


class SkippedRowSerializer(ResponseSerializer):
    """A row that was not created, with the reason."""

    collection = serializers.CharField()
    row = serializers.IntegerField(help_text="Its index in the collection, from 0.")
    id = serializers.UUIDField()
    field = serializers.CharField()
    reason = serializers.CharField()


class ImportAnswerSerializer(ResponseSerializer):
    """The result of an import."""

    renumbered = RenumberedSerializer(many=True)
    detached = DetachedSerializer(many=True)
    skipped_rows = SkippedRowSerializer(many=True)

    def get_fields(self) -> Values:
        counts = {table.collection: CountsSerializer() for table in TABLES}
        return {**counts, "users": CountsSerializer(), **super().get_fields()}


class ExportView(StrictQueryMixin):
    http_method_names = ["get"]

    def known_parameters(self) -> set[str]:
        return {"project"}

    @extend_schema(
        parameters=[
            OpenApiParameter("project", str, description="Only the project with this id, or with this key in any case.")
        ],
        responses=ExportSerializer,
        operation_id="export",
    )
    def get(self, request: Request) -> FileResponse:
        """The board, or one project, as one JSON file: the same bytes for the same data."""
        project = read_project(request)
        # Write the whole file first: a slow client holds no snapshot open, and the length shows a truncated download.
        file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the response
        try:
            export.write(file, project)
            length = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return send(file, length, "application/json", "data.json")


class ImportView(StrictQueryMixin):
    http_method_names = ["post"]
    parser_classes = (Unparsed,)

    def known_parameters(self) -> set[str]:
        return {"dry_run"}

    @extend_schema(
        parameters=[OpenApiParameter("dry_run", bool, description="Return the same response, but write nothing.")],
        request=ExportSerializer,
        responses=ImportAnswerSerializer,
        operation_id="import",
    )
    def post(self, request: Request) -> Response:
        """Merge an export file into the board, all or nothing; the newer version of a row wins.

        The body may have any size. The error lists what is wrong with the file, at most 100 `errors` in one response;
        `collection`, `row`, `id` and `field` name the place of the first.
        """
        dry_run = read_boolean(request, "dry_run")
        if (request.content_type or "").partition(";")[0].strip().lower() != "application/json":
            raise exceptions.UnsupportedMediaType(request.content_type or "")
        with tempfile.TemporaryFile() as file:
            # Receive the body before any work: only the time to read a request is limited.
            receive(request, file)
            file.seek(0)
            try:
                answer = importer.read(file, actor=actor_of(request), dry_run=dry_run)
            except BadFile as error:
                return bad_file(error)
        return Response(answer)


class BackupView(StrictQueryMixin):
    http_method_names = ["get"]

    @extend_schema(
        responses={(200, "application/vnd.sqlite3"): OpenApiTypes.BINARY},
        operation_id="backup",
    )
    def get(self, request: Request) -> FileResponse:
        """A consistent, verified copy of the whole database. It contains all secrets of the board: keep it private."""
        file = backup.copy()
        length = file.seek(0, 2)
        file.seek(0)
        return send(file, length, "application/vnd.sqlite3", "data.db")


def bad_file(error: BadFile) -> Response:
    """Return the response to a file with errors."""
    errors = [{"message": each.message, **each.place, "field": each.field} for each in error.errors]
    first = error.errors[0]
    body = envelope("VALIDATION_ERROR", str(error), first.field, **first.place, errors=errors)
    return Response(body, status=400)


def receive(request: Request, target: IO[bytes]) -> None:
    """Copy the body, which `BodyMiddleware` has not read, in pieces."""
    chunked = not request.META.get("CONTENT_LENGTH")
    source = request.META["wsgi.input"] if chunked else django_request(request)
    while piece := _piece(source):
        target.write(piece)


def _piece(source: Framework) -> bytes:
    try:
        piece: bytes = source.read(PIECE)
    except UnreadablePostError:
        raise
    except (OSError, ValueError):
        raise exceptions.ParseError("the body ended early") from None
    return piece


def send(file: IO[bytes], length: int, kind: str, name: str) -> FileResponse:
    """Return a response with a file, which it closes."""
    headers = {"Content-Length": str(length), "Cache-Control": "no-store"}
    return FileResponse(file, as_attachment=True, filename=name, content_type=kind, headers=headers)
