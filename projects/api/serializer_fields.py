"""Fields that take a value of the right JSON type and convert nothing silently."""

from __future__ import annotations

import functools
import uuid
from datetime import UTC, datetime

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from projects.api.callers import NEW_USER_HEADER, caller_of
from projects.loose_types import AnyRow, Framework
from projects.models import Project, User
from projects.models.base import Entity, find_pk
from projects.models.fields import MAX_LABEL_LENGTH, MAX_LABELS
from projects.models.user import AGENT, MYSELF, NOBODY

# Patterns of texts in the schema; the fields of the models check the values.
_LINE = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*"
LINE = rf"^{_LINE}[^\s\u0000-\u001f\u007f-\u009f]{_LINE}$"
TEXT = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
CREATES = f"person|agent, or the header {NEW_USER_HEADER}, creates it"
LAST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


class StrictCharField(serializers.CharField):
    """A string; a number is refused. `pattern` is its pattern in the schema."""

    default_error_messages = {"invalid": "must be text", "blank": "must not be blank"}

    def __init__(self, *, pattern: str = "", **kwargs: Framework) -> None:
        super().__init__(**kwargs)
        self.pattern = pattern

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictIntegerField(serializers.IntegerField):
    """An integer; a string or a boolean is refused."""

    def to_internal_value(self, data: object) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """A boolean; a string or a number is refused."""

    def to_internal_value(self, data: object) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


@extend_schema_field(
    {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0, "maximum": LAST_SECOND}]}
)
class MomentField(serializers.DateTimeField):
    """A time in ISO 8601, or in whole seconds since 1970. A time without an offset is UTC."""

    def __init__(self, *, help_text: str = "ISO 8601, or whole seconds since 1970.", **kwargs: Framework) -> None:
        super().__init__(help_text=help_text, **kwargs)

    def to_internal_value(self, value: object) -> datetime:
        if type(value) is int and 0 <= value <= LAST_SECOND:
            return datetime.fromtimestamp(value, UTC)
        if not isinstance(value, str):
            self.fail("invalid", format="ISO 8601, or whole seconds since 1970")
        return super().to_internal_value(value)


class LabelsField(serializers.ListField):
    """The labels of an item."""

    def __init__(self, **kwargs: Framework) -> None:
        child = StrictCharField(max_length=MAX_LABEL_LENGTH, allow_blank=True)
        super().__init__(child=child, max_length=MAX_LABELS, **kwargs)


class LinesField(serializers.ListField):
    """A list of short lines, each of at most `max_line` characters."""

    def __init__(self, *, max_line: int, **kwargs: Framework) -> None:
        super().__init__(child=StrictCharField(max_length=max_line, pattern=LINE), **kwargs)


class ReferenceField(StrictCharField):
    """Another entity, named by its ID, or by its key in any case; the value is its ID.

    `shows` is the path of attributes to what the answer shows: the ID or the key.
    """

    def __init__(self, model: type[Entity], *, shows: str = "", **kwargs: Framework) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.shows = shows

    def get_attribute(self, instance: AnyRow) -> Framework:
        return follow(instance, self.shows)

    def run_validation(self, data: Framework = empty) -> uuid.UUID | None:
        name: str | None = super().run_validation(data)
        if name is None:
            return None
        pk = self._find(name)
        if pk is None:
            raise serializers.ValidationError(f"there is no {self.model.entity_type.replace('_', ' ')} {name}")
        return pk

    def _find(self, name: str) -> uuid.UUID | None:
        """Return the ID of the entity. A serializer that creates rows in a project gets the whole project."""
        keep_project: Framework = getattr(self.root, "keep_project", None) if self.model is Project else None
        project = Project.objects.living_named(name) if keep_project else None
        if project is None:
            return find_pk(self.model, name, self._project())
        keep_project(project)
        return project.pk

    def _project(self) -> str:
        """Return the project of what is written, by ID or as the request names it; "" if it is unknown."""
        instance, given = self.root.instance, getattr(self.root, "initial_data", None)
        if isinstance(instance, Entity) and hasattr(instance, "project_id"):
            return str(instance.project_id)
        return str(given.get("project", "")) if isinstance(given, dict) else ""


class UserNameField(StrictCharField):
    """A user by name in any case; `@me` is the caller, `none` no user. The value is the user's ID.

    An unknown name is an error, unless the request says of which kind new users are.
    """

    def __init__(self, *, shows: str, **kwargs: Framework) -> None:
        super().__init__(pattern=LINE, **kwargs)  # User.objects.actor checks the length
        self.shows = shows

    def get_attribute(self, instance: AnyRow) -> Framework:
        return follow(instance, self.shows)

    def to_internal_value(self, data: object) -> uuid.UUID | None:  # type: ignore[override] # the value is the ID
        name = super().to_internal_value(data)
        request = self.context["request"]
        if name.casefold() == MYSELF:
            pk: uuid.UUID = request.user.pk
            return pk
        if name.casefold() == NOBODY:
            return None if self.allow_null else self.fail("null")
        caller = caller_of(request)
        if caller is not None and caller.new_kind:
            return User.objects.actor(name, is_agent=caller.new_kind == AGENT).pk
        try:
            return User.objects.known(name).pk
        except DjangoValidationError as error:
            raise serializers.ValidationError([f"{text}; --new-user {CREATES}" for text in error.messages]) from None


class UserIdField(serializers.UUIDField):
    """An existing user by ID."""

    def to_internal_value(self, data: uuid.UUID | str | int) -> uuid.UUID:
        pk: uuid.UUID = super().to_internal_value(data)
        if not User.objects.filter(pk=pk).exists():
            raise serializers.ValidationError(f"there is no user {pk}")
        return pk


def follow(instance: AnyRow, path: str) -> Framework:
    """Return the value at a path of attributes, None if one of them is None."""
    return functools.reduce(
        lambda value, name: None if value is None else getattr(value, name), path.split("."), instance
    )
