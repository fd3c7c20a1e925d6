"""Keyset pages: a page costs the same however deep it is, and no row is skipped when others come or go."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

MAX_LIMIT = 1000


class Cursor(NamedTuple):
    """Where a page begins: after the row with these values, or before it."""

    ordering: str
    value: str
    pk: str
    backwards: bool = False

    def encode(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Return the cursor that `text` is. Raises ValueError."""
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = json.loads(raw)
        if not isinstance(values, list) or [type(value) for value in values] != [str, str, str, bool]:
            raise ValueError("not a cursor")
        for value in values[:3]:
            value.encode()  # a lone surrogate is a ValueError
        return cls(*values)


class KeysetPagination(BasePagination):
    """Pages by `limit` and `cursor`, in the order `ordering`, a field of the view's `ordering_fields`.

    The view's `ordering` is the default. The primary key breaks ties.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        self.ordering = self._read_ordering(request, view)
        self.limit = self._read_limit(request)
        cursor = self._read_cursor(request, queryset.model)
        rows = list(self._rows(queryset, cursor)[: self.limit + 1])
        more = len(rows) > self.limit
        rows = rows[: self.limit]
        backwards = cursor is not None and cursor.backwards
        if backwards:
            rows.reverse()
        self.next = self._cursor_at(rows[-1]) if rows and (more or backwards) else None
        has_previous = more if backwards else cursor is not None
        self.previous = self._cursor_at(rows[0])._replace(backwards=True) if rows and has_previous else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._url_of(self.next), "previous": self._url_of(self.previous)})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        url = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": url, "previous": url},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": api_settings.PAGE_SIZE}
        names = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        ordering = {"type": "string", "enum": names, "default": view.ordering}
        return [
            {"name": "limit", "in": "query", "schema": limit, "description": "Rows of a page."},
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Where the page begins, from `next` or `previous` of another.",
            },
            {"name": "ordering", "in": "query", "schema": ordering, "description": "The order; `-` is descending."},
        ]

    def _read_limit(self, request: Request) -> int:
        text = request.query_params.get("limit")
        if text is None:
            return int(api_settings.PAGE_SIZE or MAX_LIMIT)
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
            raise exceptions.ValidationError({"limit": f"must be a whole number from 1 to {MAX_LIMIT}"})
        return int(text)

    def _read_ordering(self, request: Request, view: Any) -> str:
        text: str = request.query_params.get("ordering", view.ordering)
        if text.removeprefix("-") not in view.ordering_fields:
            raise exceptions.ValidationError(
                {"ordering": f"must be one of {', '.join(view.ordering_fields)}, or one of them after a -"}
            )
        return text

    def _read_cursor(self, request: Request, model: type[Model]) -> Cursor | None:
        text = request.query_params.get("cursor")
        if text is None:
            return None
        try:
            cursor = Cursor.decode(text)
            # They go into the query as they are; the fields know what is a value of theirs.
            value = model._meta.get_field(cursor.ordering.removeprefix("-")).to_python(cursor.value)  # type: ignore[union-attr]
            model._meta.pk.to_python(cursor.pk)
            if isinstance(value, datetime) and value.utcoffset() != timedelta(0):
                raise ValueError("no time of ours")
        except (ValueError, binascii.Error, RecursionError, ValidationError, FieldDoesNotExist):
            raise exceptions.ValidationError(
                {"cursor": "is not one of this list; take it from next or previous"}
            ) from None
        if cursor.ordering != self.ordering:
            raise exceptions.ValidationError({"cursor": f"belongs to the order {cursor.ordering}; ask in that order"})
        return cursor

    def _rows(self, queryset: QuerySet[Any], cursor: Cursor | None) -> QuerySet[Any]:
        name = self.ordering.removeprefix("-")
        backwards = cursor is not None and cursor.backwards
        descending = self.ordering.startswith("-") is not backwards
        if cursor is not None:
            side = "lt" if descending else "gt"
            beyond = Q(**{f"{name}__{side}": cursor.value}) | Q(**{f"pk__{side}": cursor.pk})
            # The first condition follows from the second; by it the database finds the place in the index.
            queryset = queryset.filter(**{f"{name}__{side}e": cursor.value}).filter(beyond)
        sign = "-" if descending else ""
        return queryset.order_by(sign + name, *([] if name in ("pk", "id") else [f"{sign}pk"]))

    def _cursor_at(self, row: Any) -> Cursor:
        field = row._meta.get_field(self.ordering.removeprefix("-"))
        value = field.value_from_object(row)
        return Cursor(self.ordering, value if isinstance(value, str) else field.value_to_string(row), str(row.pk))

    def _url_of(self, cursor: Cursor | None) -> str | None:
        if cursor is None:
            return None
        query = self.request.query_params.dict() | {"cursor": cursor.encode()}
        return self.request.build_absolute_uri(f"{self.request.path}?{urlencode(query)}")
