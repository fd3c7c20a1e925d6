"""Attachments: files of work items, uploaded as the body or in a form, and their download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, parsers, serializers, status
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.idempotency import write
from projects.api.json_format import JSONParser
from projects.api.row_rendering import dashed
from projects.api.serializers import EntitySerializer
from projects.api.viewsets import EntityViewSet
from projects.django_private import django_request
from projects.loose_types import Framework
from projects.media_types import OTHER, PICTURES, media_type
from projects.models import Attachment
from projects.models.attachment import check_size, clean_name, markdown_of

FORM = 64 << 10  # bytes of a form around its file
# If the file is opened as a page, nothing in it runs. A file never changes.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=31536000, immutable",
}
HOW = "send the file as the body of POST /api/v1/attachments/?work_item=KEY&name=NAME, or as `file` of a form"
BINARY = {"type": "string", "format": "binary"}
UPLOAD = {
    "multipart/form-data": {
        "type": "object",
        "properties": {"work_item": {"type": "string"}, "name": {"type": "string"}, "file": BINARY},
        "required": ["file"],
    },
    "application/octet-stream": BINARY,
}


class FileParser(parsers.BaseParser):
    """A body that is the file itself, whatever type it is said to have."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Framework] | None = None,
    ) -> dict[str, bytes]:
        return {"file": stream.read()}


class AttachmentSerializer(EntitySerializer):
    """A file of a work item, without its content."""

    markdown = serializers.CharField(read_only=True, help_text="The Markdown that shows it, or links to it.")

    loads = {"markdown": ("id", "name", "media_type")}
    makes = {"markdown": lambda pk, name, kind: markdown_of(dashed(pk) or "", name, kind)}

    class Meta(EntitySerializer.Meta):
        model = Attachment


class AttachmentViewSet(EntityViewSet):
    queryset = Attachment.objects.all()
    serializer_class = AttachmentSerializer

    def get_parsers(self) -> list[parsers.BaseParser]:
        if "create" in (self.action_map or {}).values():  # the view has no action yet
            return [parsers.MultiPartParser(), FileParser()]
        return [JSONParser()]

    def known_parameters(self) -> set[str]:
        return {"work_item", "name"} if self.action == "create" else super().known_parameters()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        return super().perform_content_negotiation(request, force or self.action == "content")

    def initial(self, request: Request, *args: Framework, **kwargs: Framework) -> None:
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or ""
        if self.action == "create" and length.isdigit():  # refuse what is too large before reading it
            is_form = (request.content_type or "").startswith("multipart/")
            check_size(int(length) - FORM * is_form)

    @extend_schema(
        request=UPLOAD,
        parameters=[
            OpenApiParameter("work_item", str, description="The work item's id or display key."),
            OpenApiParameter("name", str, description="The file's name; that of the form's file by default."),
        ],
    )
    @write
    def create(self, request: Request) -> Response:
        """Attach a file of at most 5 MiB, as the body or as `file` of a form; a board has at most 200 MiB.

        The type follows from the content, never from the name or from what the client says.
        """
        data: Framework = request.data  # a form, or what FileParser returns
        file, fields = data.get("file"), request.query_params.dict()
        if isinstance(file, UploadedFile):
            sent = {name: data[name] for name in data if name != "file"}
            fields = {"name": file.name or "", **fields, **sent}
            file = file.read()
        if not isinstance(file, bytes):
            raise exceptions.ValidationError({"file": f"is empty or missing; {HOW}"})
        if "work_item" not in fields:
            raise exceptions.ValidationError({"work_item": f"is required; {HOW}"})
        serializer = self.get_serializer(data={**fields, "name": clean_name(fields.get("name") or "")})
        serializer.is_valid(raise_exception=True)
        attachment = serializer.save(actor=actor_of(request), content=file)
        response = self._answer(attachment, status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(f"/api/v1/attachments/{attachment.pk}/")
        return response

    @extend_schema(responses={(200, kind): OpenApiTypes.BINARY for kind in (OTHER, *PICTURES)})
    @action(detail=True, methods=["get"])
    def content(self, request: Request, id: str) -> HttpResponseBase:
        """Return the file. 404 if it is in another clone: files don't travel."""
        attachment = self.get_object()
        response = file_response(django_request(request), attachment)
        if response is None:
            raise exceptions.NotFound(f"the content of {attachment.name} is in the clone where it was added")
        return response


def file_response(request: HttpRequest, attachment: Attachment) -> HttpResponse | None:
    """Return the file, or that the client has it already; None if its content is not in this clone.

    A picture may be shown, anything else is only saved. What it is follows from the content once more: an import may
    have claimed another type.
    """
    etag = quote_etag(attachment.digest)
    unchanged: HttpResponse | None = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return unchanged
    content = attachment.content
    if content is None:
        return None
    kind = media_type(content)
    response = HttpResponse(content, content_type=kind, headers={**HEADERS, "ETag": etag})
    disposition = content_disposition_header(kind == OTHER, clean_name(attachment.name))
    response.headers["Content-Disposition"] = disposition or "attachment"
    return response
