from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

LAST = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@extend_schema_field(
    {"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0, "maximum": LAST}]}
)
class MomentField(serializers.DateTimeField):
    """A time: in ISO 8601, or as whole seconds since 1970. One without an offset is UTC."""

    def to_internal_value(self, value: Any) -> datetime:
        if type(value) is int and 0 <= value <= LAST:
            return datetime.fromtimestamp(value, UTC)
        if not isinstance(value, str):
            self.fail("invalid", format="ISO 8601, or whole seconds since 1970")
        return super().to_internal_value(value)
