"""The OpenAPI schema: what all operations share, such as credentials, headers and errors."""

from __future__ import annotations

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from projects.api.callers import ACTOR_HEADER
from projects.api.exceptions import ERROR_CODES
from projects.api.idempotency import HEADER, MAX_KEY_LENGTH
from projects.api.json_format import JSONObject
from projects.api.serializers import EntitySerializer, ResponseSerializer, StrictSerializer
from projects.api.viewsets import EntityViewSet, ListMixin
from projects.loose_types import Framework
from projects.models.base import Values

ACTOR = r"^([!-$&-~]|%[2-7][1-9A-Ea-e])([ -$&-~]|%[2-7][1-9A-Ea-e]){0,149}$"
ERRORS = {
    "400": "A value is wrong; `field` names it.",
    "401": "Credentials are missing or wrong.",
    "403": "Forbidden: another origin, a session without a CSRF token, or an object of another user.",
    "404": "Not found.",
    "406": "The response is JSON, which the Accept header excludes.",
    "409": "A conflict with the current state. For a stale version, `current` and `changes` show what changed.",
    "413": "The body is too large.",
    "415": "The body is not application/json.",
    "500": "An internal error.",
    "503": "Temporarily unavailable; try again.",
}


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "projects.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Framework) -> JSONObject:
        return {"type": "http", "scheme": "bearer", "description": "The content of `.pm/server.token`."}


class CookieScheme(SessionScheme):
    target_class = "projects.api.authentication.SessionAuthentication"
    name = "session"


class ChangeSetSerializer(ResponseSerializer):
    version = serializers.IntegerField()
    action = serializers.CharField()
    actor = serializers.CharField()
    created_at = serializers.DateTimeField()
    changes = serializers.ListField(child=serializers.DictField())


class FileErrorSerializer(ResponseSerializer):
    """What is wrong with an imported file or a plan, and where."""

    message = serializers.CharField()
    item = serializers.CharField(required=False, help_text="The item of the plan.")
    collection = serializers.CharField(required=False)
    row = serializers.IntegerField(required=False)
    id = serializers.CharField(required=False)
    field = serializers.CharField(allow_null=True, help_text="null: the whole row or file.")


class ErrorDetailSerializer(ResponseSerializer):
    code = serializers.ChoiceField(choices=ERROR_CODES)
    message = serializers.CharField()
    field = serializers.CharField(required=False)
    current_version = serializers.IntegerField(required=False)
    current = serializers.DictField(required=False)
    items = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Keys of the open children or blockers."
    )
    path = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Keys of the cycle, in order."
    )
    holder = serializers.CharField(required=False, allow_null=True, help_text="The user who holds the claim.")
    until = serializers.DateTimeField(required=False, allow_null=True, help_text="The end of the lease.")
    row = serializers.IntegerField(required=False, help_text="The index of the refused row, from 0.")
    collection = serializers.CharField(
        required=False, help_text="The collection of the imported file that has the row."
    )
    id = serializers.CharField(required=False, help_text="The id of that row in the file.")
    changes = ChangeSetSerializer(many=True, required=False)

    def get_fields(self) -> Values:
        # Serializer.errors is a property: a declared field would hide it from the type checker.
        errors = FileErrorSerializer(many=True, required=False, help_text="The first 100 errors of a file or a plan.")
        return super().get_fields() | {"errors": errors}


class ErrorSerializer(ResponseSerializer):
    error = ErrorDetailSerializer()


class AutoSchema(SpectacularAutoSchema):
    view: Framework

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").partition("/")[0]]

    def get_description(self, *path_and_method: str) -> str:  # DRF's has two arguments, drf-spectacular's none
        if self._is_restore():
            return str(self.view.restore_description)
        return str(super().get_description(*path_and_method))

    def get_request_serializer(self) -> Framework:
        return None if self._is_restore() else super().get_request_serializer()

    def _is_restore(self) -> bool:
        # extend_schema on the shared action would import this module while `viewsets` is being imported.
        return isinstance(self.view, EntityViewSet) and self.view.action == "restore"

    def get_override_parameters(self) -> list[Framework]:
        entity = isinstance(self.view, EntityViewSet)
        parameters = [
            OpenApiParameter(
                ACTOR_HEADER,
                {"type": "string", "pattern": ACTOR},
                "header",
                description="The name of the acting user, in percent-encoded UTF-8; default `llm`.",
            )
        ]
        if "{id}" in self.path:
            parameters.append(OpenApiParameter("id", str, "path", description="The id or the key, in any case."))
        if entity and self.method != "GET":
            key = {"type": "string", "pattern": "^[ -~]+$", "maxLength": MAX_KEY_LENGTH}
            text = "A repeated request with the same key gets the response to the first, for 24 hours."
            parameters.append(OpenApiParameter(HEADER, key, "header", description=text))
        if entity and self.method in ("PATCH", "DELETE"):
            text = 'The version that the change is based on, such as `"3"`; a stale one is a conflict.'
            version = {"type": "string", "pattern": '^"[1-9][0-9]{0,8}"$'}
            parameters.append(OpenApiParameter("If-Match", version, "header", description=text))
        if isinstance(self.view, ListMixin) and self.view.action == "list":
            text = f"Fields of a row, `*` for all; default: {','.join(self.view.slim)}."
            names = {"type": "string", "enum": [*self.view.get_serializer().fields, "*"]}
            fields = {"type": "array", "items": names, "minItems": 1}
            parameters.append(OpenApiParameter("fields", fields, description=text, style="form", explode=False))
        if entity and self.view.action != "list":
            parameters.append(
                OpenApiParameter("ETag", str, "header", response=[200, 201], description="The version, quoted.")
            )
            parameters.append(OpenApiParameter("Location", OpenApiTypes.URI, "header", response=[201]))
        return parameters

    def _get_response_bodies(self, direction: Framework = "response") -> JSONObject:
        responses: JSONObject = super()._get_response_bodies(direction)
        writes = self.method != "GET"
        left_out = {
            "404": "{" not in self.path and getattr(self.view, "action", "") not in self.view.names_in_body,
            "409": not (self.view.may_conflict and (writes or self.view.may_conflict_on_read)),
            "413": not writes,
            "415": not writes,
        }
        for code, text in ERRORS.items():
            if not left_out.get(code):
                error = OpenApiResponse(ErrorSerializer, description=text)
                described = self._get_response_for_code(error, code, ["application/json"])
                responses.setdefault(code, described)
        return responses

    def _map_serializer_field(
        self, field: Framework, direction: Framework, *args: Framework, **kwargs: Framework
    ) -> Framework:
        schema = super()._map_serializer_field(field, direction, *args, **kwargs)
        pattern = getattr(field, "pattern", "") if direction == "request" else ""
        return {**schema, "pattern": pattern} if pattern else schema

    def _map_basic_serializer(self, serializer: Framework, direction: Framework) -> JSONObject:
        schema: JSONObject = super()._map_basic_serializer(serializer, direction)
        if getattr(serializer, "all_optional", False):
            schema.pop("required", None)
        elif isinstance(serializer, EntitySerializer) and direction == "response":
            schema["required"] = sorted(schema["properties"])
        if isinstance(serializer, StrictSerializer) and direction == "request":
            schema["additionalProperties"] = False
        return schema
